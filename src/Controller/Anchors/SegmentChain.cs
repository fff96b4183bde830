using Fairlead.Naming;
using Fairlead.Naming.Traversal;

namespace Fairlead.Controller.Anchors;

/// <summary>
/// The segment's verified chain of epochs as far as any anchor showed it, shared by all connections: one that shows
/// less does not shorten it. Thread-safe.
/// </summary>
internal sealed class SegmentChain(Digest genesis)
{
    private readonly Lock _gate = new();

    /// <summary>The segment.</summary>
    public Digest Genesis => genesis;

    /// <summary>What is verified; null before first contact.</summary>
    public SegmentState? Held { get; private set; }

    /// <summary>Takes a verified chain, unless a longer one is held.</summary>
    public void Offer(SegmentState segment)
    {
        lock (_gate)
        {
            if (Held is null || segment.NewestNumber > Held.NewestNumber)
            {
                Held = segment;
            }
        }
    }
}
