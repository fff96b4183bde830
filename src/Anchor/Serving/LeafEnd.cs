using Fairlead.Naming;
using Fairlead.Naming.Traversal;

namespace Fairlead.Anchor.Serving;

/// <summary>When what a hop shows ends by itself (V26), apart from seal and Attests. Stateless.</summary>
internal static class LeafEnd
{
    /// <summary>The end of the first of a hop's published leaves, in unix milliseconds.</summary>
    internal static long Of(UnverifiedHop hop)
    {
        var end = long.MaxValue;
        foreach (var proof in hop.Proofs)
        {
            if (!proof.Leaf.IsEmpty && ParsedLeaf.TryParse((LeafClass)proof.Class, proof.Leaf, out var leaf, out _)
                && leaf.Document is PublishedLeaf published)
            {
                end = Math.Min(end, published.Expires);
            }
        }

        return end;
    }

    /// <summary><c>RecordExpired</c>, where a leaf that ends then is over for a verifier; null else.</summary>
    internal static Refusal? Over(string name, long end, SegmentView view, long now) =>
        end <= now + view.Epoch.Value.Policy.ClockDelta
            ? new Refusal(VerificationFailure.RecordExpired, name, $"expired at {end}, and no seal dropped it yet")
            : null;
}
