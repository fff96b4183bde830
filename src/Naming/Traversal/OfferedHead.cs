namespace Fairlead.Naming.Traversal;

/// <summary>What one anchor answers to a question for its head. Nothing here is checked.</summary>
/// <param name="Head">The anchor's statement over the asker's nonce.</param>
/// <param name="Seal">The certified seal that it claims.</param>
public sealed record OfferedHead(Envelope Head, Envelope Seal);
