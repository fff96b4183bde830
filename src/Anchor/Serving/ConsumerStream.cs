using System.Diagnostics;
using Fairlead.Anchor.Home;
using Fairlead.Anchor.Home.Reports;
using Fairlead.Anchor.Identities;
using Fairlead.Naming;
using Fairlead.Naming.Traversal;
using Fairlead.Protocol;
using Fairlead.Protocol.V1;
using Fairlead.Rpc;

namespace Fairlead.Anchor.Serving;

/// <summary>
/// One subscription stream of a consumer or of a home anchor elsewhere (4.9): answers at once, and again when something
/// it rests on changed. One task owns the subscriptions and writes; another one reads.
/// </summary>
internal sealed class ConsumerStream(
    ServingContext context,
    Doorman doorman,
    Answerer answerer,
    HomeRelay relay,
    AttestBook attests,
    EvidenceBook evidence,
    Caller caller)
{
    /// <summary>The most subscriptions of one stream.</summary>
    internal const int SubscriptionsMax = 10_000;

    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan BehindPatience = TimeSpan.FromMilliseconds(500);

    // Who has an answer that holds is not told that the next one is late before the target had its time.
    private static readonly TimeSpan RenewalPatience = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan AttestPatience = TimeSpan.FromSeconds(2);

    private readonly Dictionary<ulong, Subscription> _subscriptions = [];

    // Those of other homes, of which renewed Grants are.
    private readonly Dictionary<Digest, HashSet<Subscription>> _foreign = [];
    private readonly Dictionary<Digest, long> _known = [];

    // V18: the newest seal of each target that went over this stream; who was shown it takes no older one.
    private readonly Dictionary<Digest, (long Epoch, long Seq)> _shown = [];
    private readonly RequestQueue _requests = new();
    private readonly Wakeup _wakeup = new(context.Time);
    private readonly HashSet<Digest> _ahead = [];
    private readonly HashSet<Contradiction> _told = new(ReferenceEqualityComparer.Instance);
    private long _toldOf = -1;
    private int _opened;

    /// <summary>Runs until the caller ends the stream.</summary>
    internal async Task RunAsync(
        IAsyncStreamReader<SubscribeRequest> requests,
        IServerStreamWriter<SubscribeResponse> responses,
        CancellationToken cancellationToken)
    {
        void OnSwap(SegmentView view) => _wakeup.Signal();
        void OnProven(Contradiction piece) => _wakeup.Signal();
        evidence.Proven += OnProven;
        context.Views.Swapped += OnSwap;
        attests.Changed += _wakeup.Signal;
        var reading = ReadAsync(requests, cancellationToken);
        try
        {
            while (!cancellationToken.IsCancellationRequested)
            {
                var next = await TurnAsync(responses).ConfigureAwait(false);
                if (reading.IsCompleted && _requests.Count == 0)
                {
                    await reading.ConfigureAwait(false);
                    return;
                }

                await _wakeup.WaitAsync(next, cancellationToken).ConfigureAwait(false);
            }
        }
        finally
        {
            context.Views.Swapped -= OnSwap;
            evidence.Proven -= OnProven;
            attests.Changed -= _wakeup.Signal;
            foreach (var subscription in _subscriptions.Values)
            {
                Drop(subscription);
            }
        }
    }

    private async Task ReadAsync(IAsyncStreamReader<SubscribeRequest> requests, CancellationToken cancellationToken)
    {
        try
        {
            while (await requests.MoveNext(cancellationToken).ConfigureAwait(false))
            {
                await _requests.AddAsync(requests.Current, cancellationToken).ConfigureAwait(false);
                _wakeup.Signal();
            }
        }
        finally
        {
            _wakeup.Signal();
        }
    }

    // Everything that is to be said now; returns how long nothing will be.
    private async Task<TimeSpan> TurnAsync(IServerStreamWriter<SubscribeResponse> responses)
    {
        while (_requests.TryTake(out var request))
        {
            if (Take(request) is { } answer)
            {
                await responses.WriteAsync(answer).ConfigureAwait(false);
            }
        }

        if (context.Views.Current is not { } view)
        {
            return Longest;
        }

        var next = context.Elapsed() + (long)Longest.TotalMilliseconds;
        foreach (var moved in _subscriptions.Values.Where(one => one.Epoch != view.Epoch.Digest).ToList())
        {
            if (Follow(moved, view) is { } response)
            {
                await responses.WriteAsync(response).ConfigureAwait(false);
            }
        }

        foreach (var subscription in _subscriptions.Values.ToList())
        {
            if (Look(subscription, view, context.Now(), context.Elapsed()) is { } response)
            {
                await responses.WriteAsync(response).ConfigureAwait(false);
                _toldOf = -1;
            }

            next = Math.Min(next, subscription.DueAt);
        }

        foreach (var piece in Untold())
        {
            await responses.WriteAsync(new SubscribeResponse { Evidence = WireWriter.ToMessage(piece) })
                .ConfigureAwait(false);
        }

        return TimeSpan.FromMilliseconds(Math.Max(1, next - context.Elapsed()));
    }

    // V38: what is proven against a segment of which this stream showed the newest epoch, each piece once, and no more
    // than the other side takes. Looked for again only where there is more of it, or where the stream showed more.
    private List<Contradiction> Untold()
    {
        var version = evidence.Version;
        if (version == _toldOf)
        {
            return [];
        }

        _toldOf = version;
        return [.. evidence.Held
            .Where(one => _told.Count < Limits.EvidencePieces
                && _known.GetValueOrDefault(one.Piece.Segment, -1) == one.Epoch && _told.Add(one.Piece))
            .Select(one => one.Piece)];
    }

    private SubscribeResponse? Take(SubscribeRequest request)
    {
        switch (request.KindCase)
        {
            case SubscribeRequest.KindOneofCase.Open:
                return Open(request.Open);
            case SubscribeRequest.KindOneofCase.Grants:
                Renew(request.Grants);
                return null;
            case SubscribeRequest.KindOneofCase.Close:
                if (_subscriptions.Remove(request.Close.Id, out var closed))
                {
                    Drop(closed);
                }

                return null;
            default:
                throw RpcFailures.ToException(
                    new Refusal(VerificationFailure.BadEnvelope, "subscribe", "a request of no kind"));
        }
    }

    private SubscribeResponse? Open(Open open)
    {
        if (context.Views.Current is not { } view)
        {
            return Report(open.Id, new Refusal(VerificationFailure.NotSealed, "", "no certified seal is held yet"));
        }

        if (_subscriptions.Remove(open.Id, out var old))
        {
            Drop(old);
        }

        if (_subscriptions.Count >= SubscriptionsMax)
        {
            return Report(
                open.Id,
                new Refusal(VerificationFailure.RateLimited, "", $"{SubscriptionsMax} subscriptions are open"));
        }

        if (doorman.Judge(open.Request, caller, view, out var question) is { } refusal)
        {
            return Report(open.Id, refusal);
        }

        foreach (var (segment, held) in question!.Known.Where(
            one => _known.Count < RelayedNames.SegmentsMax || _known.ContainsKey(one.Key)))
        {
            _known[segment] = Math.Max(held.Epoch, _known.GetValueOrDefault(segment, -1));
        }

        var span = ServingTracing.Start(question, view, open.TraceParent);
        return Start(open.Id, question, view, question.KnownUntil, span) is { } full ? Report(open.Id, full)
            : open.Ahead ? Ahead(_subscriptions[open.Id])
            : null;
    }

    // While the target is asked, the asker can check what is known already; once a segment.
    private SubscribeResponse? Ahead(Subscription subscription) =>
        subscription.Relay is { } upstream && upstream.Read().Current is null
        && relay.Ahead(subscription.Question, _known) is { Hops: [.., var target] } ahead
        && _ahead.Add(target.Genesis)
            ? new SubscribeResponse { Ahead = WireWriter.ToMessage(ahead) }
            : null;

    private Refusal? Start(ulong id, AskedQuestion question, SegmentView view, long grantEnds, Activity? span)
    {
        RelayedName? upstream = null;
        if (Answerer.Leads(question, view))
        {
            (upstream, var full) = relay.Use(question, span?.Id);
            if (upstream is null)
            {
                Spans.End(span, full!);
                return full;
            }

            upstream.Changed += _wakeup.Signal;
        }

        var subscription = new Subscription(id, question, upstream)
        {
            Span = span,
            GrantEnds = grantEnds,
            Epoch = view.Epoch.Digest,
            Turn = _opened++ & int.MaxValue,
        };
        _subscriptions[id] = subscription;
        if (!question.IsHome)
        {
            if (!_foreign.TryGetValue(question.Consumer.Digest, out var same))
            {
                _foreign[question.Consumer.Digest] = same = [];
            }

            same.Add(subscription);
        }

        return null;
    }

    // A new epoch may lead elsewhere: a neighbour came or went. Whose home is none any more is told so at once.
    private SubscribeResponse? Follow(Subscription subscription, SegmentView view)
    {
        var question = subscription.Question;
        if (!question.IsHome && !doorman.MayAsk(question.Consumer.Home, view))
        {
            _subscriptions.Remove(subscription.Id);
            Drop(subscription);
            return new SubscribeResponse { Lapsed = new Lapsed { Id = subscription.Id } };
        }

        subscription.Epoch = view.Epoch.Digest;
        if (Answerer.Leads(question, view) == subscription.Leads)
        {
            return null;
        }

        _subscriptions.Remove(subscription.Id);
        Drop(subscription);
        return Start(subscription.Id, question, view, subscription.GrantEnds, null) is { } full
            ? Report(subscription.Id, full)
            : null;
    }

    private void Renew(Grants grants)
    {
        if (context.Views.Current is not { } view || caller.Kid is not { } kid || _foreign.Count == 0)
        {
            return;
        }

        foreach (var signed in grants.Grants_.Take(Limits.ListItems))
        {
            // It lapses, which is all that a bad renewal can do.
            if (doorman.TakeGrant(kid) is not null)
            {
                return;
            }

            if (doorman.Renew(signed, kid, view, one => _foreign.ContainsKey(one.Digest), out var grant) is null)
            {
                foreach (var renewed in _foreign[new Consumer(grant!.Value.Home, grant.Value.Subject).Digest])
                {
                    renewed.GrantEnds = grant.Value.Expires;
                }
            }
        }
    }

    private SubscribeResponse? Lapse(Subscription subscription, SegmentView view, long now)
    {
        // A look that lasts longer than looks do was by a clock that is set right since.
        if (subscription.Question.IsHome
            && (now >= subscription.GrantEnds || subscription.GrantEnds > now + SubjectBook.LookLife))
        {
            subscription.GrantEnds = doorman.StillKnown(caller, subscription.Question.Consumer, view) ?? 0;
        }

        var margin = subscription.Question.IsHome ? 0 : view.Epoch.Value.Policy.ClockDelta;
        if (now + margin < subscription.GrantEnds)
        {
            return null;
        }

        _subscriptions.Remove(subscription.Id);
        Drop(subscription);
        return new SubscribeResponse { Lapsed = new Lapsed { Id = subscription.Id } };
    }

    private SubscribeResponse? Look(Subscription subscription, SegmentView view, long now, long elapsed)
    {
        if (Lapse(subscription, view, now) is { } lapsed)
        {
            return lapsed;
        }

        var target = subscription.Relay?.Read() ?? default;
        if (!subscription.IsDue(view, target, now, elapsed))
        {
            return null;
        }

        var (relayed, failure) = target;
        if (subscription.Relay is not null && relayed is null && failure is null)
        {
            return null; // The target has not spoken yet.
        }

        // Read first: the chains of transits may grow meanwhile, and what was not sent is not known there.
        var newest = relayed?.Newest() ?? [];
        var composed = answerer.Compose(subscription.Question, view, relayed, _known, _shown, out var refusal);
        if (composed is null)
        {
            subscription.InVain(view, target);
            if (Waits(subscription, refusal!, elapsed))
            {
                return null;
            }

            subscription.OnFailed(elapsed);

            // What the home does not admit is told as that, though an older answer is held: it forbids to serve it on.
            var isVerdict = failure is not null && (relayed is null || SealedContent.IsRefusedBy(failure));
            return Once(subscription, isVerdict ? failure! : refusal!);
        }

        if (subscription.IsRepetition(composed, view, relayed))
        {
            subscription.OnSent(composed, view, relayed, now, elapsed);
            return null;
        }

        if (!subscription.HasAnswered)
        {
            context.Meter.Answered(subscription.Question, view);
            ServingTracing.End(subscription.Span, composed.Answer);
        }

        subscription.OnSent(composed, view, relayed, now, elapsed);
        Show(relayed);
        foreach (var hop in composed.Answer.Hops)
        {
            _known[hop.Genesis] = Math.Max(_known.GetValueOrDefault(hop.Genesis, -1), NewestOf(hop, view, newest));
        }

        return new SubscribeResponse
        {
            Update = new Update { Ids = { subscription.Id }, Answer = WireWriter.ToMessage(composed.Answer) },
        };
    }

    // V64: who is behind the asker asks the target anew and waits a moment before it says so; attests are on their way.
    private static bool Waits(Subscription subscription, Refusal refusal, long elapsed)
    {
        subscription.AwaitsAttests = refusal.Failure == VerificationFailure.AttestationMissing;
        var patience = refusal.Failure switch
        {
            VerificationFailure.Behind => subscription.HasAnswered ? RenewalPatience : BehindPatience,
            VerificationFailure.AttestationMissing => AttestPatience,
            _ => TimeSpan.Zero,
        };
        if (patience == TimeSpan.Zero)
        {
            return false;
        }

        if (subscription.WaitingSince is null)
        {
            subscription.WaitingSince = elapsed;
            subscription.Relay?.AskAgain();
        }

        var until = subscription.WaitingSince.Value + (long)patience.TotalMilliseconds;
        subscription.OnWaiting(until);
        return elapsed < until;
    }

    private void Show(Relayed? relayed)
    {
        if (relayed is { Seal.Value: { } seal }
            && (!_shown.TryGetValue(relayed.Target, out var shown) || shown.CompareTo((seal.Epoch, seal.Seq)) < 0))
        {
            _shown[relayed.Target] = (seal.Epoch, seal.Seq);
        }
    }

    private static long NewestOf(
        Naming.Traversal.UnverifiedHop hop, SegmentView view, Dictionary<Digest, long> newest) =>
        hop.Genesis == view.Genesis ? view.Epoch.Value.Number : newest.GetValueOrDefault(hop.Genesis, -1);

    private SubscribeResponse? Once(Subscription subscription, Refusal refusal)
    {
        if (subscription.Reported == refusal.Failure)
        {
            return null;
        }

        subscription.Reported = refusal.Failure;
        Spans.End(subscription.Span, refusal);
        return Report(subscription.Id, Outward.Of(refusal, subscription.Question.IsHome));
    }

    private SubscribeResponse Report(ulong id, Refusal refusal)
    {
        context.Meter.Failed(refusal.Failure);
        return new SubscribeResponse
        {
            Failed = new Failed
            {
                Id = id,
                Failure = refusal.Failure.ToString(),
                Detail = refusal.DetailFor(""),
            },
        };
    }

    private void Drop(Subscription subscription)
    {
        var consumer = subscription.Question.Consumer.Digest;
        if (_foreign.TryGetValue(consumer, out var same) && same.Remove(subscription) && same.Count == 0)
        {
            _foreign.Remove(consumer);
        }

        subscription.Span?.Dispose();
        if (subscription.Relay is { } upstream)
        {
            upstream.Changed -= _wakeup.Signal;
            relay.Release(upstream);
        }
    }
}
