using System.Collections.Immutable;
using Fairlead.Anchor.Identities;
using Fairlead.Naming;
using Fairlead.Naming.Traversal;
using Fairlead.Protocol;
using Fairlead.Protocol.V1;

namespace Fairlead.Anchor.Serving;

/// <summary>
/// Establishes who asks and whether the question is one that may be asked here (V35, V48, V50, V51), before anything is
/// looked up. Thread-safe.
/// </summary>
internal sealed class Doorman(ServingContext context)
{
    private const int KnownMax = 64;
    private const int HomesMax = 128;

    private readonly VerifiedCache _cache = new();
    private readonly Lock _gate = new();
    private readonly Dictionary<Digest, SegmentState> _homes = [];

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

        if (ReadKnown(request, out var known) is { } malformed)
        {
            return malformed;
        }

        if (caller.Kid is not { } kid)
        {
            return new Refusal(VerificationFailure.SubjectUnknown, "tls", "the connection shows no key");
        }

        Identified? pod = null;
        var refused = request.Grant is null
            ? AtHome(query, caller, view, out var consumer, out pod)
            : Foreign(request, query, kid, view, out consumer);
        if (refused is not null)
        {
            return refused;
        }

        question = new AskedQuestion(query, consumer!, pod is not null, known) { KnownUntil = pod?.Until ?? 0 };
        return null;
    }

    /// <summary>Until when a pod that asked before is still known to be the one it was; null where it is not.</summary>
    internal long? StillKnown(Caller caller, Consumer consumer, SegmentView view) =>
        context.Subjects.Identify(caller, context.Now(), view.Epoch.Value.Policy.ClockDelta, out var pod) is null
        && consumer.Subject == pod!.Subject
            ? pod.Until
            : null;

    /// <summary>Judges a renewed Grant against the one it replaces.</summary>
    internal Refusal? Renew(Signed grant, Digest caller, SegmentView view, out Parsed<Grant>? parsed)
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

        SegmentState? home;
        lock (_gate)
        {
            home = _homes.GetValueOrDefault(claimed.Value.Home);
        }

        return home is null
            ? new Refusal(VerificationFailure.GrantForeignSubject, "grant", "its home has no open question here")
            : GrantCheck.Check(
                envelope, home, FloorOf(view, home.Genesis), view.Genesis, caller, null, context.Now(),
                view.Epoch.Value.Policy.ClockDelta, out parsed, _cache);
    }

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
        ResolveRequest request, Parsed<Query> query, Digest kid, SegmentView view, out Consumer? consumer)
    {
        consumer = null;
        if (!WireReader.TryRead(request.Grant, out var envelope, out var refusal))
        {
            return refusal.At("grant");
        }

        if (ExtendHome(request, query.Value.Home, view, out var home) is { } chain)
        {
            return chain;
        }

        if (query.Value.Name.Segment != view.Name || query.Value.Name.Service is not { } service)
        {
            return new Refusal(VerificationFailure.QueryMismatch, "query.name", $"not a name of {view.Name}");
        }

        var refused = GrantCheck.Check(
            envelope, home!, FloorOf(view, home!.Genesis), view.Genesis, kid, service, context.Now(),
            view.Epoch.Value.Policy.ClockDelta, out var grant, _cache);
        if (refused is not null)
        {
            return refused;
        }

        consumer = new Consumer(home.Genesis, grant!.Value.Subject);
        return query.Value.Subject == consumer.Digest
            ? null
            : new Refusal(VerificationFailure.GrantForeignSubject, "query.subject", "not the subject of the grant");
    }

    // V48: the home's chain is known from an earlier question, or comes with this one, from the floor of my own Peer
    // leaf.
    private Refusal? ExtendHome(ResolveRequest request, Digest genesis, SegmentView view, out SegmentState? home)
    {
        lock (_gate)
        {
            home = _homes.GetValueOrDefault(genesis);
        }

        if (FloorOf(view, genesis) is null)
        {
            return new Refusal(VerificationFailure.GrantForeignSubject, "grant.home", "no Peer of this segment");
        }

        if (!WireReader.TryRead(request.HomeEpochs, out var epochs, out var refusal))
        {
            return refusal.At("home_epochs");
        }

        var have = home?.NewestNumber ?? -1;
        var fresh = epochs.Where(epoch =>
            Document.TryParse<Epoch>(epoch.Payload, out var parsed, out _) && parsed.Value.Number > have)
                .ToImmutableArray();
        if (fresh.IsEmpty)
        {
            return home is null
                ? new Refusal(VerificationFailure.BelowLinkFloor, "home_epochs", "the home's chain is missing")
                : QuorumRules.CheckRefused(home.Newest.Value, view.Epoch.Value.Policy.Refuse)?.At("home");
        }

        var verdict = EpochChain.Extend(
            home, genesis, null, fresh, context.Now(), view.Epoch.Value.Policy.ClockDelta,
            view.Epoch.Value.Policy.Refuse, _cache);
        if (!verdict.IsAccepted)
        {
            return verdict.Refusal.At("home");
        }

        lock (_gate)
        {
            if (_homes.Count >= HomesMax && !_homes.ContainsKey(genesis))
            {
                _homes.Clear();
            }

            _homes[genesis] = verdict.Segment;
        }

        home = verdict.Segment;
        return null;
    }

    private static Floor? FloorOf(SegmentView view, Digest home) => HomeAnswers.PeerOf(view, home)?.Value.Floor;

    private static Refusal? ReadKnown(ResolveRequest request, out ImmutableDictionary<Digest, KnownSegment> known)
    {
        var all = ImmutableDictionary.CreateBuilder<Digest, KnownSegment>();
        known = ImmutableDictionary<Digest, KnownSegment>.Empty;
        if (request.Known.Count > KnownMax)
        {
            return new Refusal(VerificationFailure.TooLarge, "known", $"{request.Known.Count} segments");
        }

        foreach (var one in request.Known)
        {
            if (!WireReader.TryRead(one.Genesis, out Digest genesis, out var refusal))
            {
                return refusal.At("known");
            }

            all[genesis] = new KnownSegment(Bounded(one.Epoch), Bounded(one.SealEpoch), Bounded(one.SealSeq));
        }

        known = all.ToImmutable();
        return null;
    }

    private static long Bounded(ulong number) => (long)Math.Min(number, long.MaxValue);
}
