namespace Fairlead.Store;

/// <summary>A lease as it stands. Immutable.</summary>
/// <param name="Id">Its number, above 0.</param>
/// <param name="Ttl">The life it is given by a grant and by each keep-alive.</param>
/// <param name="Remaining">What is left of it.</param>
/// <param name="Keys">The live keys attached to it, ascending.</param>
public sealed record LeaseStatus(long Id, TimeSpan Ttl, TimeSpan Remaining, IReadOnlyList<StoreKey> Keys);
