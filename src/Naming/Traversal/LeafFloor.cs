namespace Fairlead.Naming.Traversal;

/// <summary>What a verifier remembers of a published leaf, so that nothing older is accepted later (V26).</summary>
/// <param name="Version">The version last seen.</param>
/// <param name="Digest">The digest of the document last seen.</param>
/// <param name="Uid">The uid of that document ; null for documents without one.</param>
/// <param name="Expires">When that document expires, in unix milliseconds; the uid binds until then.</param>
public sealed record LeafFloor(long Version, Digest Digest, Hex16? Uid, long Expires);
