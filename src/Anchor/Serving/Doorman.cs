using System.Collections.Immutable;
using Fairlead.Anchor.Identities;
using Fairlead.Naming;
using Fairlead.Naming.Traversal;
using Fairlead.Protocol;
using Fairlead.Protocol.V1;

namespace Fairlead.Anchor.Serving;

/// <summary>
/// Establishes who asks and whether the question is one that may be asked here, and so often (V35, V48, V50, V51, V52),
/// before anything is looked up. Thread-safe.
/// </summary>
internal sealed class Doorman(ServingContext context, HomeBook homes, VerifiedCache cache)
{
    private const int KnownMax = 64;

    // Apart, so that another segment, which may name any subject, has no part in what the own pods are counted by.
    private readonly RateBook _pods = new(() => context.Rates.OfSubject, context.Time);

    private readonly RateBook _foreign = new(() => context.Rates.OfSubject, context.Time);

    // By the key that a stream's connection shows: what a Grant says of its home is not checked at that time.
    private readonly RateBook _grants = new(() => context.Rates.OfSegment, context.Time);

    /// <summary>Judges one request.</summary>
    /// <param name="request">The request.</param>
    /// <param name="caller">What the caller shows of itself.</param>
    /// <param name="view">The own segment.</param>
    /// <param name="question">The question, where it may be asked.</param>
    internal Refusal? Judge(ResolveRequest request, Caller caller, SegmentView view, out AskedQuestion? question)
    {
        question = null;
        if (!Document.TryParse<Query>(request.Query.Memory, out var query, out var refusal))
        {
            return refusal.At("query");
        }

        if (ReadKnown(request.Known, out var known) is { } malformed)
        {
            return malformed;
        }

        if (caller.Kid is not { } kid)
        {
            return new Refusal(VerificationFailure.SubjectUnknown, "tls", "the connection shows no key");
        }

        Identified? pod = null;
        var grantEnds = 0L;
        var refused = request.Grant is null
            ? AtHome(query, caller, view, out var consumer, out pod)
            : Foreign(request, query, caller, kid, view, out consumer, out grantEnds);
        if (refused is null)
        {
            caller.Accept();
        }

        if ((refused ?? Often(consumer!, pod is null)) is { } no)
        {
            return no;
        }

        question = new AskedQuestion(
            query, consumer!, pod is not null, InCommon(known, view, homes.OfOthers))
        {
            Child = request.Child.Length == 0 ? null : request.Child,
            KnownUntil = pod?.Until ?? grantEnds,
        };
        return null;
    }

    /// <summary>Whether the anchors of a home that asked before may still ask: a neighbour, or introduced.</summary>
    internal bool MayAsk(Digest home, SegmentView view) => homes.Find(home, view) is not null;

    /// <summary>Until when a pod that asked before is still known to be the one it was; null where it is not.</summary>
    internal long? StillKnown(Caller caller, Consumer consumer, SegmentView view) =>
        context.Subjects.Identify(caller, context.Now(), view.Epoch.Value.Policy.ClockDelta, out var pod) is null
        && consumer.Subject == pod!.Subject
            ? pod.Until
            : null;

    /// <summary>Takes a renewed Grant from what a caller may send, before it is looked at: as many as questions of a
    /// segment (V52).</summary>
    internal Refusal? TakeGrant(Digest caller) => _grants.Take(caller);

    /// <summary>Judges a renewed Grant against the one it replaces. Its signature is looked at where its subject asked
    /// before on the same stream, no more often than that subject may ask (V52): anybody may send Grants.</summary>
    internal Refusal? Renew(
        Signed grant, Digest caller, SegmentView view, Func<Consumer, bool> isOpen, out Parsed<Grant>? parsed)
    {
        parsed = null;
        if (!WireReader.TryRead(grant, out var envelope, out var refusal))
        {
            return refusal;
        }

        if (!Document.TryParse<Grant>(envelope.Payload, out var claimed, out refusal))
        {
            return refusal;
        }

        var consumer = new Consumer(claimed.Value.Home, claimed.Value.Subject);
        var home = isOpen(consumer) ? homes.Find(consumer.Home, view) : null;
        return home is null
            ? new Refusal(VerificationFailure.GrantForeignSubject, "grant", "its subject has no open question here")
            : Often(consumer, isForeign: true) ?? GrantCheck.Check(
                envelope, home.Chain, home.Floor, view.Genesis, caller, null, context.Now(),
                view.Epoch.Value.Policy.ClockDelta, out parsed, cache);
    }

    // V52. Another segment may name as many subjects as it likes: together they ask as often as one segment may.
    private Refusal? Often(Consumer consumer, bool isForeign) =>
        isForeign
            ? homes.Rates.Take(consumer.Home) ?? _foreign.Take(consumer.Digest)
            : _pods.Take(consumer.Digest);

    private Refusal? AtHome(
        Parsed<Query> query, Caller caller, SegmentView view, out Consumer? consumer, out Identified? pod)
    {
        consumer = null;
        var unknown = context.Subjects.Identify(
            caller, context.Now(), view.Epoch.Value.Policy.ClockDelta, out pod);
        if (unknown is not null)
        {
            return unknown;
        }

        consumer = new Consumer(view.Genesis, pod!.Subject);
        return query.Value.Home != view.Genesis
            ? new Refusal(VerificationFailure.QueryMismatch, "query.home", "not this segment")
            : query.Value.Subject != consumer.Digest
                ? new Refusal(VerificationFailure.SubjectUnknown, "query.subject", "not who asks")
            : null;
    }

    private Refusal? Foreign(
        ResolveRequest request, Parsed<Query> query, Caller caller, Digest kid, SegmentView view,
        out Consumer? consumer, out long ends)
    {
        (consumer, ends) = (null, 0);
        if (!WireReader.TryRead(request.Grant, out var envelope, out var refusal))
        {
            return refusal.At("grant");
        }

        if (homes.Learn(
            kid, query.Value.Home, view.Name, request.HomeEpochs, request.Via, view, out var home, caller.From)
            is { } chain)
        {
            return chain;
        }

        if (query.Value.Name.Segment != view.Name || query.Value.Name.Service is not { } service)
        {
            return new Refusal(VerificationFailure.QueryMismatch, "query.name", $"not a name of {view.Name}");
        }

        var refused = GrantCheck.Check(
            envelope, home!.Chain, home.Floor, view.Genesis, kid, service, context.Now(),
            view.Epoch.Value.Policy.ClockDelta, out var grant, cache);
        if (refused is not null)
        {
            return refused;
        }

        consumer = new Consumer(home.Chain.Genesis, grant!.Value.Subject);
        ends = grant.Value.Expires;
        return query.Value.Subject == consumer.Digest
            ? null
            : new Refusal(VerificationFailure.GrantForeignSubject, "query.subject", "not the subject of the grant");
    }

    /// <summary>What an asker says that it holds, by segment.</summary>
    internal static Refusal? ReadKnown(
        IReadOnlyCollection<Known> held, out ImmutableDictionary<Digest, KnownSegment> known)
    {
        var all = ImmutableDictionary.CreateBuilder<Digest, KnownSegment>();
        known = ImmutableDictionary<Digest, KnownSegment>.Empty;
        if (held.Count > KnownMax)
        {
            return new Refusal(VerificationFailure.TooLarge, "known", $"{held.Count} segments");
        }

        foreach (var one in held)
        {
            if (!WireReader.TryRead(one.Genesis, out Digest genesis, out var refusal))
            {
                return refusal.At("known");
            }

            Digest? epoch = WireReader.TryRead(one.EpochDigest, out Digest digest, out _) ? digest : null;
            all[genesis] = new KnownSegment(Bounded(one.Epoch), epoch, Bounded(one.SealEpoch), Bounded(one.SealSeq));
        }

        known = all.ToImmutable();
        return null;
    }

    /// <summary>
    /// What an asker holds, as far as it is the same here. An answer's epochs continue after it; where the asker's
    /// newest one is another document here, the one that is held here goes along: whoever asks sees both (V14, V38).
    /// </summary>
    /// <param name="known">What it says that it holds.</param>
    /// <param name="view">The own segment.</param>
    /// <param name="chain">The other chains that are known here.</param>
    internal static ImmutableDictionary<Digest, KnownSegment> InCommon(
        ImmutableDictionary<Digest, KnownSegment> known, SegmentView view, Func<Digest, SegmentState?> chain)
    {
        var common = known;
        foreach (var (segment, held) in known)
        {
            if (held is { Epoch: > 0, EpochDigest: { } digest }
                && (segment == view.Genesis ? OwnAt(view, held.Epoch) : chain(segment)?.DigestOf(held.Epoch))
                    is { } here && here != digest)
            {
                common = common.SetItem(segment, held with { Epoch = held.Epoch - 1 });
            }
        }

        return common;
    }

    private static Digest? OwnAt(SegmentView view, long number) => number >= view.Epochs.Length ? null
        : Document.TryParse<Epoch>(view.Epochs[(int)number].Payload, out var epoch, out _) ? epoch.Digest : null;

    private static long Bounded(ulong number) => (long)Math.Min(number, long.MaxValue);
}
