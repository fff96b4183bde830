namespace Fairlead.Controller.Publishing;

/// <summary>What is published, as the admin page shows it. Immutable.</summary>
/// <param name="Names">By name.</param>
/// <param name="IsSettled">Whether all of it is sealed and nothing is on its way.</param>
/// <param name="CredentialEnd">When the publisher's Credential ends, unix ms; null where no anchor said.</param>
internal sealed record PublisherStatus(IReadOnlyList<NameStatus> Names, bool IsSettled, long? CredentialEnd);
