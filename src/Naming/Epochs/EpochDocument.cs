namespace Fairlead.Naming;

/// <summary>An epoch with what certifies it, as it travels. Nothing here is checked.</summary>
/// <param name="Payload">The epoch's canonical bytes, if they are.</param>
/// <param name="Vote">The commit vote of one round; <see cref="Envelope.None"/> for epoch 0.</param>
/// <param name="Consent">The consent of the keys it adds; <see cref="Envelope.None"/> where it adds none.</param>
/// <param name="RecoveryConsent">The consent of the recovery keys it changes, or none.</param>
public sealed record EpochDocument(
    ReadOnlyMemory<byte> Payload, Envelope Vote, Envelope Consent, Envelope RecoveryConsent);
