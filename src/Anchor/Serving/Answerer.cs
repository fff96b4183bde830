using Fairlead.Anchor.Home;
using Fairlead.Naming;
using Fairlead.Naming.Traversal;

namespace Fairlead.Anchor.Serving;

/// <summary>
/// Composes whole answers: the own hop, and behind it what the target's anchors said. Thread-safe.
/// </summary>
/// <param name="context">The anchor.</param>
/// <param name="attests">The decisions of its segment.</param>
/// <param name="chainOf">What is held of a segment, with what is proven against its keys (V38).</param>
internal sealed class Answerer(
    ServingContext context, AttestBook attests, Func<Digest, SegmentState?> chainOf)
{
    /// <summary>An answer as it can be given now.</summary>
    /// <param name="Answer">The answer.</param>
    /// <param name="Watched">The own segment's leaves that it rests on.</param>
    /// <param name="Expiry">The oldest expiry of its seals and Attests, in unix milliseconds.</param>
    /// <param name="LeavesEnd">When the first of its leaves is over for a verifier, in unix milliseconds.</param>
    internal sealed record Composed(
        UnverifiedAnswer Answer, IReadOnlyList<LeafName> Watched, long Expiry, long LeavesEnd);

    /// <summary>Whether the name of a question is one of another segment to which a way leads from here.</summary>
    internal static bool PointsOut(AskedQuestion question, SegmentView view) =>
        question.IsHome && question.Query.Value.Name is { Service: not null, Segment: { } target }
        && target != view.Name && view.Towards(target) is not null;

    /// <summary>Whether a question goes from here to another segment. Whom the home denies goes nowhere: neither the
    /// subject nor the name leaves the home, and the answer is here.</summary>
    internal static bool Leads(AskedQuestion question, SegmentView view) =>
        PointsOut(question, view)
        && AttestTerms.OfHome(view, question.Consumer, question.Query.Value.Name.Segment!).IsAllowed;

    /// <summary>Composes an answer.</summary>
    /// <param name="question">The question.</param>
    /// <param name="view">The own segment.</param>
    /// <param name="relayed">What the target said; null where the question ends here or nothing came yet.</param>
    /// <param name="known">The newest epochs that the asker holds, by segment.</param>
    /// <param name="shown">The newest seals that it was shown since it asked, by segment.</param>
    /// <param name="refusal">
    /// Why there is none: <c>NotSealed</c>, <c>Behind</c>, <c>AttestationMissing</c>, <c>RecordExpired</c>,
    /// <c>SegmentQuarantined</c>, <c>BadName</c>.
    /// </param>
    internal Composed? Compose(
        AskedQuestion question,
        SegmentView view,
        Relayed? relayed,
        IReadOnlyDictionary<Digest, long> known,
        IReadOnlyDictionary<Digest, (long Epoch, long Seq)> shown,
        out Refusal? refusal)
    {
        var now = context.Now();
        refusal = OwnRefusal(question, view, now);
        if (refusal is not null)
        {
            return null;
        }

        var name = question.Query.Value.Name;
        var knownHere = Known(known, view.Genesis);
        if (name.Segment == view.Name && name.Service is { } service)
        {
            var kind = question.IsHome ? HopKind.Home : HopKind.Peer;
            return Whole(
                question, view,
                TargetAnswers.Build(
                    view, attests, question.Consumer, service, question.Child, kind, knownHere, now, out refusal));
        }

        if (question.IsHome && name is { IsClusterSet: true, Service: { } shared })
        {
            return Whole(
                question, view,
                SetAnswers.Build(view, attests, question.Consumer, shared, knownHere, now, out refusal));
        }

        if (!question.IsHome || name.Segment is not { } target || name.Service is null)
        {
            refusal = new Refusal(VerificationFailure.BadName, "query.name", "not a service's full name");
            return null;
        }

        // Looked at before anything is proven: of many names that wait for this most wait again.
        if (relayed is { Seal.Value: { } seal } && Leads(question, view)
            && (question.IsBehind(relayed.Target, (seal.Epoch, seal.Seq))
                || (shown.TryGetValue(relayed.Target, out var newest)
                    && (seal.Epoch, seal.Seq).CompareTo(newest) < 0)))
        {
            refusal =
                new Refusal(VerificationFailure.Behind, target.Text, "the asker holds a later seal of the target");
            return null;
        }

        return Outwards(question, view, target, relayed, known, now, out refusal);
    }

    private Composed? Outwards(
        AskedQuestion question,
        SegmentView view,
        SegmentName target,
        Relayed? relayed,
        IReadOnlyDictionary<Digest, long> known,
        long now,
        out Refusal? refusal)
    {
        var home = HomeAnswers.Build(
            view, attests, question.Consumer, target, relayed?.Target, Known(known, view.Genesis), now, out refusal,
            relayed is { IsOfTarget: true } ? relayed.Target : null);
        if (home is not { Result: AnswerResult.Record })
        {
            return Whole(question, view, home);
        }

        if (relayed is not null && (BehindWitness(view, relayed, target) ?? Misuse(relayed, target)) is { } unfit)
        {
            refusal = unfit;
            return null;
        }

        var limit = now + view.Epoch.Value.Policy.ClockDelta;
        return relayed is null || relayed.Expiry <= limit || relayed.LeavesEnd <= limit
            ? Nothing(target, out refusal)
            : Joined(question, view, home, relayed, known);
    }

    private Refusal? OwnRefusal(AskedQuestion question, SegmentView view, long now) =>
        Quarantine(view.Genesis, view.Name, view.Epoch.Value.Number)
        ?? (!view.IsValid(now)
            ? new Refusal(VerificationFailure.NotSealed, view.Name.Text, "the newest seal has expired")
            : question.IsBehind(view.Genesis, (view.Certified.Seal.Epoch, view.Certified.Seal.Seq))
                ? new Refusal(VerificationFailure.Behind, view.Name.Text, "the asker holds a later seal")
                : null);

    // V42. What is held may be older than what was witnessed since, by another name's answer or another anchor: whoever
    // is given both would refuse it, though nobody did wrong. The target is asked anew instead.
    private Refusal? BehindWitness(SegmentView view, Relayed relayed, SegmentName target) =>
        HomeAnswers.WitnessOf(view, relayed.Target) is { } witness
        && chainOf(relayed.Target) is { } chain
        && relayed.CheckWitness(witness, chain.Newest.Value.Policy.Heartbeat) is { } refusal
            ? new Refusal(VerificationFailure.Behind, target.Text, refusal.Detail)
            : null;

    // V38. What was relayed before its keys were found misused is no answer any more: who asks knows it, or soon will.
    private Refusal? Misuse(Relayed relayed, SegmentName target)
    {
        if (chainOf(relayed.Target) is not { Evidence.IsEmpty: false } chain)
        {
            return null;
        }

        var excluded = chain.Newest.Value.Anchors.Where(anchor => chain.IsExcluded(anchor.Id))
            .Select(anchor => anchor.Seal.Kid).ToHashSet();
        return Quarantine(relayed.Target, target)
            ?? (relayed.Hops[^1].Hop.Attests.Any(attest => excluded.Contains(attest.Signatures[0].Kid))
                ? new Refusal(VerificationFailure.Behind, target.Text, "an anchor that decided contradicted itself")
                : null);
    }

    // Of an epoch before the one that is served it says nothing any more: what is held of the own chain may lag.
    private Refusal? Quarantine(Digest segment, SegmentName name, long served = 0) =>
        chainOf(segment) is { IsQuarantined: true } held && held.NewestNumber >= served
        ? new Refusal(
            VerificationFailure.SegmentQuarantined, name.Text,
            $"two certificates of epoch {held.NewestNumber} contradict each other")
        : null;

    private static Composed? Nothing(SegmentName target, out Refusal? refusal)
    {
        refusal = new Refusal(VerificationFailure.NotSealed, target.Text, "no valid answer of its anchors is held");
        return null;
    }

    private static Composed? Whole(AskedQuestion question, SegmentView view, BuiltAnswer? built) => built is null
        ? null
        : new(
            EpochRoom.Fit(new UnverifiedAnswer(question.Query.Payload, [built.Hop], built.Result, built.Slices)),
            built.Watched,
            built.Expiry,
            built.LeavesEnd - view.Epoch.Value.Policy.ClockDelta);

    private static Composed Joined(
        AskedQuestion question, SegmentView view, BuiltAnswer home, Relayed relayed,
        IReadOnlyDictionary<Digest, long> known)
    {
        var hops = relayed.Hops.Select(hop => hop.After(Known(known, hop.Hop.Genesis)));
        var answer = Residency.Admitted(new UnverifiedAnswer(
            question.Query.Payload, [home.Hop, .. hops], relayed.Result, relayed.Slices));
        return new Composed(
            EpochRoom.Fit(answer), home.Watched, Math.Min(home.Expiry, relayed.Expiry),
            relayed.LeavesEnd - view.Epoch.Value.Policy.ClockDelta);
    }

    private static long? Known(IReadOnlyDictionary<Digest, long> known, Digest segment) =>
        known.TryGetValue(segment, out var epoch) ? epoch : null;
}
