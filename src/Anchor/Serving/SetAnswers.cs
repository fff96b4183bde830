using Fairlead.Naming;
using Fairlead.Naming.Traversal;

namespace Fairlead.Anchor.Serving;

/// <summary>
/// Answers for names under clusterset.local: the home's Set, or the proof that it has none. Its members are queries of
/// their own (4.9). Decided before anything is looked up. Pure but for signing.
/// </summary>
internal static class SetAnswers
{
    /// <summary>The home's hop for one such name.</summary>
    /// <param name="view">The own segment.</param>
    /// <param name="attests">The decisions.</param>
    /// <param name="consumer">Who asks; at home here.</param>
    /// <param name="service">The service part of the name.</param>
    /// <param name="knownEpoch">The newest epoch that the asker holds; null for none.</param>
    /// <param name="now">Unix milliseconds.</param>
    /// <param name="refusal">Why there is no answer: as <see cref="TargetAnswers.Build"/> says.</param>
    internal static BuiltAnswer? Build(
        SegmentView view,
        AttestBook attests,
        Consumer consumer,
        ServicePart service,
        long? knownEpoch,
        long now,
        out Refusal? refusal)
    {
        var terms = AttestTerms.OfSet(view, consumer, service);
        if (attests.Take(view, terms, now, out refusal) is not { } attested)
        {
            return null;
        }

        if (!terms.IsAllowed)
        {
            return BuiltAnswer.Denied(view, HopKind.Home, knownEpoch, attested);
        }

        var builder = new HopBuilder(view);
        if (terms.Decision is { Rule: { } rule, MayShow: true })
        {
            builder.Prove(LeafClass.Rule, rule.Value.Id);
        }

        var asked = service.WithoutHost.Text;
        builder.Prove(LeafClass.Set, asked);
        var set = view.Find<Set>(LeafClass.Set, asked)?.Value;
        var end = set?.Expires ?? long.MaxValue;
        if (LeafEnd.Over(asked, end, view, now) is { } over)
        {
            refusal = over;
            return null;
        }

        var result = set is null ? AnswerResult.Negative : AnswerResult.Set;
        var hop = builder.Build(HopKind.Home, knownEpoch, attested.Envelopes);
        return new BuiltAnswer(hop, result, [], [.. builder.Names], BuiltAnswer.OldestExpiry(view, attested))
        {
            LeavesEnd = end,
        };
    }
}
