namespace Fairlead.Naming.Traversal;

/// <summary>A verifier's only trust root: its home segment, as its deployer wrote it down.</summary>
/// <param name="Genesis">The home's identity.</param>
/// <param name="Name">The home's full name.</param>
/// <param name="Floor">
/// The epoch to start from, trusted by its digest; null to start from the genesis.
/// </param>
public sealed record HomePin(Digest Genesis, SegmentName Name, Floor? Floor = null);
