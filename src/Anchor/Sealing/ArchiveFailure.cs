namespace Fairlead.Anchor.Sealing;

/// <summary>That the archive cannot be written. Immutable.</summary>
/// <param name="Since">When it failed first, unix ms.</param>
/// <param name="Reason">Why it failed the last time.</param>
internal sealed record ArchiveFailure(long Since, string Reason);
