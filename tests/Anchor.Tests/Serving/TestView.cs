using System.Collections.Immutable;
using Fairlead.Anchor.Serving;
using Fairlead.Governance;
using Fairlead.Naming;
using Fairlead.Naming.Traversal;
using Fairlead.Naming.Tree;
using Fairlead.TestKit;

namespace Fairlead.Anchor.Tests.Serving;

/// <summary>A segment that is sealed, before anything was published.</summary>
internal static class TestView
{
    internal static SegmentView Of(TestSegment segment, long issued, long seq = 1, LeafState? held = null)
    {
        var state = held ?? LeafState.Start(SparseTree.From(segment.Leaves.Select(leaf =>
            KeyValuePair.Create(segment.KeyOf(leaf.Class, leaf.Name), leaf.Commitment))));
        var seal = segment.SealOf(state.Tree.Root, state.Tree.Count, seq, issued);
        return new SegmentView(
            segment.Name,
            [.. segment.Chain],
            segment.Newest,
            segment.Leaves.ToImmutableDictionary(leaf => new LeafName(leaf.Class, leaf.Name), leaf => leaf.Payload),
            [.. segment.Leaves.Where(leaf => leaf.Class == LeafClass.Rule)
                .Select(leaf => Document.TryParse<Rule>(leaf.Payload, out var rule, out _) ? rule : null)
                    .OfType<Parsed<Rule>>()],
            new CertifiedState(segment.Certify(seal), seal.Value, seal.Digest, state, null));
    }
}
