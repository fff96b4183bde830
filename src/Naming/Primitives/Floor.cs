namespace Fairlead.Naming;

/// <summary>An epoch that a chain must contain: a lower bound where others state it, a starting point in a bootstrap
/// file (V30).</summary>
/// <param name="Digest">The digest of that epoch.</param>
/// <param name="Epoch">Its number.</param>
public readonly record struct Floor(Digest Digest, long Epoch);
