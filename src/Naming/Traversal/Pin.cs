namespace Fairlead.Naming.Traversal;

/// <summary>A segment name bound to its genesis (V29), and who said so.</summary>
/// <param name="Genesis">The segment's identity.</param>
/// <param name="Source">The segment whose leaf or uplink introduced it; null where the operator wrote it.</param>
/// <param name="Floor">An epoch to start from, trusted by its digest: only an operator gives one.</param>
public sealed record Pin(Digest Genesis, Digest? Source, Floor? Floor = null);
