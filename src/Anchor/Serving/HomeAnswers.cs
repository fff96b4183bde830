using Fairlead.Naming;
using Fairlead.Naming.Traversal;

namespace Fairlead.Anchor.Serving;

/// <summary>
/// The home's part of a traversal (4.9): where a name of another segment leads from here, or that it leads nowhere.
/// Pure but for signing.
/// </summary>
internal static class HomeAnswers
{
    /// <summary>The Peer leaf that leads to a segment: the one with the longest name that equals it or is above
    /// it.</summary>
    internal static Parsed<Peer>? PeerTowards(SegmentView view, SegmentName target)
    {
        foreach (var suffix in target.Suffixes)
        {
            if (view.Find<Peer>(LeafClass.Peer, suffix.Text) is { } peer)
            {
                return peer;
            }
        }

        return null;
    }

    /// <summary>The Peer leaf that names a segment by its genesis, or null.</summary>
    internal static Parsed<Peer>? PeerOf(SegmentView view, Digest genesis) =>
        view.OperationMade(LeafClass.Peer).Select(name => view.Find<Peer>(LeafClass.Peer, name))
            .FirstOrDefault(peer => peer?.Value.Genesis == genesis);

    /// <summary>Hop 0 of a name in another segment; the result says DENIED or NEGATIVE where the traversal ends
    /// here.</summary>
    /// <param name="view">The own segment.</param>
    /// <param name="attests">The decisions.</param>
    /// <param name="consumer">Who asks.</param>
    /// <param name="target">The segment of the name.</param>
    /// <param name="knownEpoch">The newest epoch that the asker holds; null for none.</param>
    /// <param name="now">Unix milliseconds.</param>
    /// <param name="refusal"><c>AttestationMissing</c>, where there is no answer.</param>
    internal static BuiltAnswer? Build(
        SegmentView view,
        AttestBook attests,
        Consumer consumer,
        SegmentName target,
        long? knownEpoch,
        long now,
        out Refusal? refusal)
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

        var peer = PeerTowards(view, target);
        var builder = new HopBuilder(view);
        if (terms.Decision is { Rule: { } rule, MayShow: true })
        {
            builder.Prove(LeafClass.Rule, rule.Value.Id);
        }

        // V32: where it goes to a peer, the absence of every longer Peer; where it goes nowhere, of all (V24).
        foreach (var suffix in target.Suffixes)
        {
            builder.Prove(LeafClass.Peer, suffix.Text);
            if (suffix.Text == peer?.Value.Name.Text)
            {
                break;
            }
        }

        if (peer is not null)
        {
            // V53: what the home admits of itself and of the target, present or absent.
            builder.Prove(LeafClass.Scope, view.Genesis.ToString());
            builder.Prove(LeafClass.Scope, peer.Value.Genesis.ToString());
        }

        var hop = builder.Build(HopKind.Home, knownEpoch, attested.Envelopes);
        var result = peer is null ? AnswerResult.Negative : AnswerResult.Record;
        return new BuiltAnswer(hop, result, [], [.. builder.Names], BuiltAnswer.OldestExpiry(view, attested));
    }
}
