using Fairlead.Naming;
using Fairlead.Naming.Traversal;

namespace Fairlead.Anchor.Serving;

/// <summary>
/// This segment's hop between a home and a target (4.9): whether the home may go through, by the Rules and the
/// segments' names alone, and where the path goes on. Pure but for signing.
/// </summary>
internal static class TransitAnswers
{
    /// <summary>The hop for one home and one target.</summary>
    /// <param name="view">The own segment.</param>
    /// <param name="attests">The decisions.</param>
    /// <param name="home">The asker's home.</param>
    /// <param name="target">The segment that it looks for; not this one.</param>
    /// <param name="child">The label of the child from which the path comes up; null where it does not.</param>
    /// <param name="knownEpoch">The newest epoch that the asker holds; null for none.</param>
    /// <param name="now">Unix milliseconds.</param>
    /// <param name="refusal"><c>AttestationMissing</c>, where there is no answer.</param>
    internal static BuiltAnswer? Build(
        SegmentView view,
        AttestBook attests,
        Digest home,
        SegmentName target,
        string? child,
        long? knownEpoch,
        long now,
        out Refusal? refusal)
    {
        var terms = AttestTerms.OfTransit(view, home, target);
        if (attests.Take(view, terms, now, out refusal) is not { } attested)
        {
            return null;
        }

        // The kind is how the asker comes here: it says so itself when it puts the hop into its path.
        var kind = child is null ? HopKind.Down : HopKind.Up;
        if (!terms.IsAllowed)
        {
            return BuiltAnswer.Denied(view, kind, knownEpoch, attested);
        }

        var builder = new HopBuilder(view);
        if (terms.Decision is { Rule: { } rule, MayShow: true })
        {
            builder.Prove(LeafClass.Rule, rule.Value.Id);
        }

        var onward = view.Towards(target);
        var hop = builder.ProveBack(child).ProveWay(target, onward).Build(kind, knownEpoch, attested.Envelopes);
        return new BuiltAnswer(
            hop, onward is null ? AnswerResult.Negative : AnswerResult.Record, [], [.. builder.Names],
            BuiltAnswer.OldestExpiry(view, attested));
    }
}
