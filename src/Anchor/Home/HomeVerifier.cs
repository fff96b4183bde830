using System.Collections.Concurrent;
using System.Collections.Immutable;
using Fairlead.Anchor.Home.Introductions;
using Fairlead.Anchor.Serving;
using Fairlead.Naming;
using Fairlead.Naming.Traversal;
using Fairlead.Resolver.Home;

namespace Fairlead.Anchor.Home;

/// <summary>
/// A home anchor is a verifier before it is a relay: what a target says is checked behind the own hop 0 exactly as the
/// sidecar will check it, and used once what was learned from it is durable (V39). Thread-safe.
/// </summary>
internal sealed class HomeVerifier(ServingContext context, StateKeeper keeper)
{
    // The most segments accused of which nothing but that they ask here is known.
    private const int AccusedMax = 64;

    private readonly VerifiedCache _cache = context.Verified;
    private readonly AttestWatch _watch = new(most: 16_384);

    // Chains that were not heard, as by a loop that is too far behind: told again with what is learned or checked next.
    private readonly ConcurrentDictionary<Digest, SegmentState> _untold = new();

    /// <summary>Told of what an answer may prove against a segment's keys (V38); nothing of it is verified.</summary>
    internal event Action<Contradiction>? Found;

    /// <summary>What is proven against keys of any segment in its newest epoch, as far as it is durable, with that
    /// epoch.</summary>
    internal IEnumerable<(Contradiction Piece, long Epoch)> Evidence => keeper.Durable.Segments.Values
        .Where(segment => !IsBehind(segment, context.Views.Current))
        .SelectMany(segment => segment.Evidence.Select(piece => (piece, segment.NewestNumber)));

    /// <summary>The chain of a segment as far as it was verified and made durable; null for none.</summary>
    internal SegmentState? Chain(Digest genesis) => keeper.Durable.Segments.GetValueOrDefault(genesis);

    /// <summary>The segment known here of which a key is an anchor's; null for none.</summary>
    internal Digest? SegmentOf(Digest kid) => keeper.Durable.Segments.Values
        .FirstOrDefault(segment => segment.HasTransportKey(kid))?.Genesis;

    /// <summary>Whether an anchor of the own segment contradicted itself in the epoch that is served (V38).</summary>
    internal bool IsExcluded(SegmentView view, EpochAnchor anchor) =>
        keeper.Durable.HomeState is { } own && !IsBehind(own, view) && own.IsExcluded(anchor.Id);

    /// <summary>Whether somebody introduced on a way who contradicted itself since (V38).</summary>
    internal bool IsDoubtful(Way way) => way.Hops.Any(hop => Chain(hop.Hop.Genesis) is { } chain
        && hop.Hop.Attests.Any(attest => chain.IsExcluded(attest.Signatures[0].Kid)));

    /// <summary>What names are bound to, as far as it is durable (V29).</summary>
    internal IReadOnlyDictionary<SegmentName, Pin> Pins => keeper.Durable.Pins;

    /// <summary>Takes over a chain that was fetched and verified; completes when it is durable.</summary>
    internal Task<Refusal?> AdoptAsync(SegmentState segment)
    {
        var done = new TaskCompletionSource<Refusal?>(TaskCreationOptions.RunContinuationsAsynchronously);
        keeper.Step(state => state.With(segment), lost =>
        {
            Tell(lost is null ? segment : null);
            done.SetResult(lost);
        });
        return done.Task;
    }

    /// <summary>Checks the target's hop behind the own hop 0 and the transits.</summary>
    /// <param name="own">The own hop 0, as <see cref="HomeAnswers"/> builds it for this name now.</param>
    /// <param name="transits">The hops that introduce the target.</param>
    /// <param name="name">The name.</param>
    /// <param name="fromTarget">What the target's anchor said.</param>
    /// <param name="settled">See <see cref="StateKeeper.Step"/>; called where every check passed, or where the epochs
    /// that came with what is over are lost.</param>
    /// <param name="learned">Called where the epochs that came are taken: where every check passed, and where what they
    /// came with is only over. Before the next two.</param>
    /// <param name="passed">Called where every check passed, before <paramref name="settled"/> can be.</param>
    /// <returns>The first error, or null where every check passed.</returns>
    internal Refusal? Check(
        UnverifiedHop own,
        ImmutableArray<RelayedHop> transits,
        RelayedName name,
        UnverifiedAnswer fromTarget,
        Action<Refusal?> settled,
        Action learned,
        Action passed)
    {
        Refusal? refusal = null;
        Verdict? said = null;
        SegmentState? newer = null;
        SealPosition? seen = null;
        keeper.Step(
            held =>
            {
                (var state, refusal) = WithOwn(held, own.Genesis, own.Epochs);
                if (refusal is not null)
                {
                    return null;
                }

                said = Verify(state, own, transits, name, fromTarget);
                var (accepted, refused) = (said as Verdict.Accepted, said as Verdict.Refused);
                refusal = refused?.Refusal;
                if ((accepted?.Next ?? refused?.Learned) is not { } next)
                {
                    return null;
                }

                newer = Newer(state, next, fromTarget);
                learned();
                if (accepted is not null)
                {
                    passed();
                    seen = accepted.Answer.Hops[^1].Seal?.Position;
                }

                return next;
            },
            lost =>
            {
                Tell(lost is null or { IsOfNameAlone: true } ? newer : null);
                if (lost is null && seen is not null && fromTarget.Hops is [.., { Seal: { } certificate } hop])
                {
                    context.Saw(hop.Genesis, certificate, seen);
                }

                if (refusal is null || lost is not null)
                {
                    settled(lost);
                }
            });
        if (said is not null)
        {
            Find(said.Evidence ?? AgainstWitness(said, fromTarget));
            Find(_watch.See(said));
        }

        return refusal;
    }

    // A floor that a renewal raises is that of the chain that was heard last: nobody else tells of it before there is a
    // newer one.
    private void Tell(SegmentState? newer)
    {
        if (newer is not null)
        {
            _untold.AddOrUpdate(
                newer.Genesis, newer, (_, held) => held.NewestNumber > newer.NewestNumber ? held : newer);
        }

        if (_untold.IsEmpty)
        {
            return;
        }

        foreach (var chain in _untold)
        {
            if (context.Learned(chain.Value))
            {
                _untold.TryRemove(chain);
            }
        }
    }

    // A bug that one answer meets ends that answer; the names beside it go on.
    private Verdict Verify(
        VerifierState state,
        UnverifiedHop own,
        ImmutableArray<RelayedHop> transits,
        RelayedName name,
        UnverifiedAnswer fromTarget)
    {
        try
        {
            var whole = Residency.Admitted(fromTarget with { Hops =
            [
                own with { Epochs = [] }, .. transits.Select(hop => hop.ForVerifier()), .. fromTarget.Hops,
            ] });
            var options = new VerifierOptions
            {
                UnsafeAllowLoopbackEndpoints = context.UnsafeAllowLoopbackEndpoints,
                Subject = name.Consumer.Subject,
                Assigned = context.Views.Current?.Domains,
                Help = PoolHelp.Instance,
            };
            return AnswerVerifier.Verify(state, name.Query, whole, context.Now(), options, _cache);
        }
        catch (Exception e)
        {
            return Verdict.Unforeseen("answer", e);
        }
    }

    // V42, V38: another seal stands in the place of the one that the own segment witnessed, and both are certified.
    private Contradiction? AgainstWitness(Verdict said, UnverifiedAnswer fromTarget) =>
        said is Verdict.Refused { Refusal.Failure: VerificationFailure.SealEquivocation }
        && fromTarget.Hops is [.., { Seal: { } offered } hop]
        && context.Views.Current?.Entry(new LeafName(LeafClass.Witness, hop.Genesis.ToString()))
            ?.WitnessedSeal is { } seen
            ? new Contradiction(ContradictionKind.Certificates, hop.Genesis, seen, offered)
            : null;

    /// <summary>Tells of what something that came may prove; null for nothing.</summary>
    internal void Find(Contradiction? evidence)
    {
        if (evidence is not null)
        {
            Found?.Invoke(evidence);
        }
    }

    /// <summary>Takes what two documents prove against a segment's keys (V38); what proves nothing changes
    /// nothing.</summary>
    /// <param name="evidence">The evidence as it came.</param>
    /// <param name="chain">The segment's chain as another part of the anchor verified it; it is remembered where the
    /// evidence counts. Null for none.</param>
    /// <param name="settled">Called once it is durable and where it is new, with <c>StateNotDurable</c> where it is
    /// lost. Must not block.</param>
    /// <returns>Why it changes nothing; null where it counts, be it known before or not.</returns>
    internal Refusal? File(Contradiction evidence, SegmentState? chain, Action<Refusal?> settled)
    {
        Refusal? refusal = null;
        keeper.Step(
            state =>
            {
                var (known, bad) = evidence.Segment == state.Home.Genesis && context.Views.Current is { } view
                    ? WithOwn(state, view.Genesis, view.Epochs)
                    : (Known(state, chain), null);
                (var next, refusal) = bad is null ? EvidenceCheck.Check(known, evidence, _cache) : (null, bad);
                return ReferenceEquals(next, state) ? null : next;
            },
            settled);
        return refusal;
    }

    private static VerifierState Known(VerifierState state, SegmentState? chain) =>
        chain is null || (!state.Segments.ContainsKey(chain.Genesis)
            && state.Segments.Values.Count(segment => !segment.Evidence.IsEmpty) >= AccusedMax)
            ? state
            : state.With(chain);

    // The own chain is stepped by what is relayed and told; an anchor that serves a newer epoch may hear of neither.
    private static bool IsBehind(SegmentState segment, SegmentView? view) =>
        segment.Genesis == view?.Genesis && segment.NewestNumber < view.Epoch.Value.Number;

    private static SegmentState? Newer(VerifierState before, VerifierState after, UnverifiedAnswer answer) =>
        answer.Hops is [.., { Genesis: var target }] && after.Segments.GetValueOrDefault(target) is { } segment
        && (before.Segments.GetValueOrDefault(target)?.NewestNumber ?? -1) < segment.NewestNumber
            ? segment
            : null;

    // The own hop holds the whole chain, which may have more epochs than an answer brings (V36).
    private (VerifierState State, Refusal? Refusal) WithOwn(
        VerifierState state, Digest genesis, ImmutableArray<EpochDocument> epochs)
    {
        var chain = state.HomeState;
        foreach (var page in epochs.Skip((int)(chain?.NewestNumber ?? -1) + 1).Chunk(Limits.PageEpochs))
        {
            var refused = chain?.Newest.Value.Policy.Refuse ?? [];
            var verdict = EpochChain.Extend(
                chain, genesis, null, [.. page], context.Now(), state.ClockDelta, refused, _cache);
            if (!verdict.IsAccepted)
            {
                return (state, verdict.Refusal.At("home"));
            }

            chain = verdict.Segment;
        }

        return (chain is null ? state : state.With(chain), null);
    }
}
