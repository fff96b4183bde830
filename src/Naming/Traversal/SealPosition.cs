namespace Fairlead.Naming.Traversal;

/// <summary>The order of a segment's seals (V18): first the epoch, then the number within it.</summary>
/// <param name="Epoch">The epoch that signed it.</param>
/// <param name="Seq">Its number within the epoch.</param>
/// <param name="Digest">Its digest; equal positions must have equal digests.</param>
public sealed record SealPosition(long Epoch, long Seq, Digest Digest)
{
    /// <summary>Less than, equal to or greater than zero as this position lies before, at or behind the
    /// other.</summary>
    /// <param name="other">A position in the same segment.</param>
    public int Order(SealPosition other)
    {
        ArgumentNullException.ThrowIfNull(other);
        return Epoch != other.Epoch ? Epoch.CompareTo(other.Epoch) : Seq.CompareTo(other.Seq);
    }
}
