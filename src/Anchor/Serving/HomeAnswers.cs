using Fairlead.Naming;
using Fairlead.Naming.Traversal;

namespace Fairlead.Anchor.Serving;

/// <summary>
/// The home's part of a traversal (4.9): where a name of another segment leads from here, or that it leads nowhere.
/// Pure but for signing.
/// </summary>
internal static class HomeAnswers
{
    /// <summary>Hop 0 of a name in another segment; the result says DENIED or NEGATIVE where the traversal ends
    /// here.</summary>
    /// <param name="view">The own segment.</param>
    /// <param name="attests">The decisions.</param>
    /// <param name="consumer">Who asks.</param>
    /// <param name="target">The segment of the name.</param>
    /// <param name="targetGenesis">The target's identity, where it is known and the next hop is not the target.</param>
    /// <param name="knownEpoch">The newest epoch that the asker holds; null for none.</param>
    /// <param name="now">Unix milliseconds.</param>
    /// <param name="refusal"><c>AttestationMissing</c>, where there is no answer.</param>
    /// <param name="witnessed">The segment that answers, of which it shows what is witnessed (V42); null for none.
    /// </param>
    internal static BuiltAnswer? Build(
        SegmentView view,
        AttestBook attests,
        Consumer consumer,
        SegmentName target,
        Digest? targetGenesis,
        long? knownEpoch,
        long now,
        out Refusal? refusal,
        Digest? witnessed = null)
    {
        var terms = AttestTerms.OfHome(view, consumer, target);
        if (attests.Take(view, terms, now, out refusal) is not { } attested)
        {
            return null;
        }

        if (!terms.IsAllowed)
        {
            return BuiltAnswer.Denied(view, HopKind.Home, knownEpoch, attested);
        }

        var onward = view.Towards(target);
        var builder = new HopBuilder(view);
        if (terms.Decision is { Rule: { } rule, MayShow: true })
        {
            builder.Prove(LeafClass.Rule, rule.Value.Id);
        }

        builder.ProveWay(target, onward);
        if (onward is not null)
        {
            // V53: what the home admits of itself and of the target, present or absent.
            builder.Prove(LeafClass.Scope, view.Genesis.ToString());
            builder.Prove(LeafClass.Scope, (targetGenesis ?? onward.Genesis).ToString());
        }

        // A newer witness is no news to who holds an answer: neighbours must not wake each other (4.3.2).
        IReadOnlyList<LeafName> watched = [.. builder.Names];
        if (witnessed is { } segment && WitnessOf(view, segment) is not null)
        {
            builder.Prove(LeafClass.Witness, segment.ToString());
        }

        var hop = builder.Build(HopKind.Home, knownEpoch, attested.Envelopes);
        var result = onward is null ? AnswerResult.Negative : AnswerResult.Record;
        return new BuiltAnswer(hop, result, [], watched, BuiltAnswer.OldestExpiry(view, attested));
    }

    /// <summary>What the own segment witnessed of another one; null for nothing.</summary>
    internal static Witness? WitnessOf(SegmentView view, Digest segment) =>
        view.Find<Witness>(LeafClass.Witness, segment.ToString())?.Value;
}
