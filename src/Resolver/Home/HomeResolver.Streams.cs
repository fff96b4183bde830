using System.Collections.Immutable;
using System.Runtime.ExceptionServices;
using Fairlead.Naming;
using Fairlead.Naming.Traversal;
using Fairlead.Protocol;
using Fairlead.Protocol.V1;
using Google.Protobuf;

namespace Fairlead.Resolver.Home;

/// <content>What comes from the anchors, and the streams to them. All of it on the resolver's task.</content>
public sealed partial class HomeResolver
{
    // The most answers whose state is made durable in one write.
    private const int BatchMax = 64;

    // The most events of one turn: whoever talks without end must not keep the clock from ending what is over.
    private const int TurnMax = 256;

    private void TakeAll()
    {
        var answers = new List<Offered>();
        for (var i = 0; i < TurnMax && _events.Reader.TryRead(out var next); i++)
        {
            if (next is ResolverEvent.Heard heard)
            {
                if (!IsCurrent(heard.Session))
                {
                    continue; // Said before the stream was left.
                }

                heard.Session.Handled();
                if (heard.Response.KindCase == SubscribeResponse.KindOneofCase.Evidence)
                {
                    // It may be of the epoch that an answer right before it brought.
                    Verify(answers);
                    answers.Clear();
                }

                Hear(heard, answers);
                if (answers.Count < BatchMax)
                {
                    continue;
                }
            }

            Verify(answers);
            answers.Clear();
            Take(next);
        }

        Verify(answers);
    }

    private void Take(ResolverEvent next)
    {
        switch (next)
        {
            case ResolverEvent.Interest interest when !_met.Task.IsCompleted:
                TakeEarly(interest);
                break;
            case ResolverEvent.Interest { IsWanted: true } interest:
                if (_cache.Find(interest.Name) is not null || !Admit(interest.Name))
                {
                    Step(new CacheInput.Want(interest.Name));
                }

                break;
            case ResolverEvent.Interest interest:
                // It may wait for its turn, and stand in the cache as one that there was no room for.
                TakeFromEarly(interest.Name);
                Step(new CacheInput.Forget(interest.Name));
                break;
            case ResolverEvent.Hedged hedged:
                OnHedged(hedged.Name, hedged.Answer);
                break;
            case ResolverEvent.Proven proven:
                Report(proven.Evidence);
                break;
            case ResolverEvent.HomeMet:
                _met.SetResult();
                break;
            case ResolverEvent.HomeUnusable unusable:
                ExceptionDispatchInfo.Throw(unusable.Why);
                break;
            case ResolverEvent.Broken broken when IsCurrent(broken.Session):
                Troubles.Note(broken.Session.Endpoint.Text, "", broken.Reason);
                Lose(broken.Session, broken.Reason);
                break;
            default:
                break; // Taken already, or of a stream that was left.
        }
    }

    // Before the home is met nothing may be asked; what is wanted meanwhile is pending.
    private void TakeEarly(ResolverEvent.Interest interest)
    {
        if (!interest.IsWanted)
        {
            TakeFromEarly(interest.Name);
            _observer.Forgotten(interest.Name);
            return;
        }

        var isNews = !_early.Contains(interest.Name);
        if (Admit(interest.Name) && isNews)
        {
            _observer.Changed(Early(interest.Name));
        }
    }

    // What is wanted is pending until it is its turn: maybe it was kept, and is verified then. False where too many
    // are.
    private bool Admit(string name)
    {
        bool isNew;
        lock (_cacheGate)
        {
            isNew = _early.Count < _options.NamesMax && _early.Add(name);
        }

        if (isNew && !_met.Task.IsCompleted)
        {
            // Those that were given up meanwhile have no turn.
            if (_turns.Count >= 2 * _options.NamesMax)
            {
                var left = _turns.Where(_early.Contains).Distinct().ToList();
                _turns.Clear();
                left.ForEach(_turns.Enqueue);
            }

            _turns.Enqueue(name);
        }
        else if (isNew || (_early.Contains(name) && _firstTurns.Count < _options.NamesMax))
        {
            _firstTurns.Push(name);
        }

        return _early.Contains(name);
    }

    private void Hear(ResolverEvent.Heard heard, List<Offered> answers)
    {
        var (session, response) = heard;
        switch (response.KindCase)
        {
            case SubscribeResponse.KindOneofCase.Update:
                Hear(heard, response.Update, answers);
                break;
            case SubscribeResponse.KindOneofCase.Failed when session.Open.TryGetValue(response.Failed.Id, out var open):
                var named = RpcFailures.TryParse(response.Failed.Failure, out var failure);
                Fail(session, open, new Refusal(
                    named ? failure : VerificationFailure.BadEnvelope, session.Endpoint.Text, response.Failed.Detail)
                {
                    IsUnknownWord = !named,
                });
                break;
            case SubscribeResponse.KindOneofCase.Lapsed when session.Open.TryGetValue(response.Lapsed.Id, out var open):
                Fail(session, open, new Refusal(
                    VerificationFailure.Behind, session.Endpoint.Text, "the proof that it was shown has run out"));
                break;
            case SubscribeResponse.KindOneofCase.Evidence when IsCurrent(session):
                Hear(session, response.Evidence);
                break;
            default:
                break; // About a subscription that has moved on.
        }
    }

    private void Hear(ResolverEvent.Heard heard, Update update, List<Offered> answers)
    {
        var session = heard.Session;
        var isRead = WireReader.TryRead(update, out var id, out var answer, out var malformed);
        if (!session.Open.TryGetValue(id, out var open))
        {
            return; // About a subscription that has moved on.
        }
        else if (isRead)
        {
            answers.Add(new Offered(session, open, answer!, update.Answer.CalculateSize()) { Chains = heard.Chains });
        }
        else
        {
            Refuse(session, open, malformed!);
        }
    }

    private void Verify(List<Offered> answers)
    {
        if (answers.Count == 0)
        {
            return;
        }

        var verified = Memory.Verify(
            [.. answers.Select(one => (one.Open.Query, one.Raw, one.Chains))], Now().Wall);
        for (var i = 0; i < answers.Count; i++)
        {
            var (session, open, raw, bytes) = answers[i];
            if (!IsCurrent(session))
            {
                continue; // An answer before this one cost the anchor its stream.
            }

            if (verified[i].Answer is { } answer)
            {
                session.ShownHome = answer.Hops[0].Seal?.Position ?? session.ShownHome;
                _lags.Clear(session.Endpoint.Text, answer.Target.Genesis);
                ResolverTracing.End(open.Span, answer);
                Step(new CacheInput.Accepted(open.Name, session.Index, answer) { Bytes = bytes });
                Keep(open.Name, answer, raw);
            }
            else if (verified[i].Refusal is var refusal
                && open.Told.LateUntil(refusal!, raw, session.ShownHome) is { } until)
            {
                Lag(session, open, raw, NoteLag(session.Endpoint, open.Name, raw, refusal!, until));
            }
            else
            {
                Refuse(session, open, refusal!);
            }
        }
    }

    // What came with an answer that is not taken is not kept; epochs are said once on a stream, so a new one is needed.
    private void Lag(AnchorSession session, OpenName open, UnverifiedAnswer raw, Refusal reason)
    {
        if (!raw.Hops.All(hop => hop.Epochs.IsEmpty))
        {
            Lose(session, reason);
            return;
        }

        Spans.End(open.Span, reason);
        Step(new CacheInput.Failed(open.Name, session.Index, reason));
    }

    // Counted, and listed as a trouble only where it lasts.
    private Refusal NoteLag(IpEndpoint anchor, string name, UnverifiedAnswer raw, Refusal refusal, long until)
    {
        var reason = new Refusal(VerificationFailure.Behind, anchor.Text, $"it lags: {refusal}");
        var segment = raw.Hops[^1].Genesis;
        var state = Memory.State;
        var policy = (state.Segments.GetValueOrDefault(segment) ?? state.HomeState)?.Newest.Value.Policy;
        if (_lags.IsTrouble(anchor.Text, segment, until, policy?.SealValidity ?? 0, Now().Wall))
        {
            Troubles.Note(anchor.Text, name, reason);
        }
        else
        {
            Troubles.NoteLag();
        }

        return reason;
    }

    private void Fail(AnchorSession session, OpenName open, Refusal reason)
    {
        Spans.End(open.Span, reason);
        Troubles.Note(session.Endpoint.Text, open.Name, reason);
        Step(new CacheInput.Failed(open.Name, session.Index, reason));
    }

    private void Refuse(AnchorSession session, OpenName open, Refusal refusal)
    {
        Spans.End(open.Span, refusal);
        NoteRefusal(session.Endpoint, open.Name, refusal);
        Step(new CacheInput.Refused(open.Name, session.Index, refusal));
    }

    // That the own disk takes no state is no anchor's doing, and the same for every name.
    private void NoteRefusal(IpEndpoint anchor, string name, Refusal refusal)
    {
        var isOwn = refusal.Failure == VerificationFailure.StateNotDurable;
        Troubles.Note(isOwn ? "" : anchor.Text, isOwn ? "" : name, refusal);
    }

    // V63: whenever the home has a newer epoch, who is connected must still be an anchor of it; and it may have new
    // ones.
    private void HoldToEpoch()
    {
        if (Memory.State.HomeState is not { } home || home.Newest.Digest == _heldTo)
        {
            return;
        }

        _heldTo = home.Newest.Digest;
        LeaveHedgeClients();
        AskAt(HomeEndpoints.Of(_options.Anchors, home));
        foreach (var session in _sessions.Values.ToList())
        {
            if (session.Hold(home) is { } refusal)
            {
                Troubles.Note(session.Endpoint.Text, "", refusal);
                Lose(session, refusal);
            }
        }
    }

    // An index keeps its meaning for as long as its endpoint has one: what the bootstrap and the newest epoch no longer
    // name makes room, or a resolver that lives long enough would know none of its anchors in the end.
    private void AskAt(ImmutableArray<IpEndpoint> wanted)
    {
        var known = _anchors;
        var free = new Queue<int>(
            Enumerable.Range(0, known.Length).Where(i => !wanted.Any(one => one.Text == known[i].Text)));
        foreach (var endpoint in wanted.Where(one => !known.Any(other => other.Text == one.Text)))
        {
            if (free.TryDequeue(out var index))
            {
                Replace(index, endpoint);
            }
            else
            {
                _anchors = _anchors.Add(endpoint);
            }
        }

        Step(new CacheInput.Anchors(_anchors.Length));
    }

    private void Replace(int index, IpEndpoint endpoint)
    {
        var reason = new Refusal(
            VerificationFailure.Behind, _anchors[index].Text, "the home has no anchor at this address any more");
        Leave(index);
        _anchors = _anchors.SetItem(index, endpoint);
        _asking?.Forget(index);
        Step(new CacheInput.Replaced(index, reason));
    }

    private void Open(string name, int anchor)
    {
        var full = FullName.Parse(name);
        var query = QueryOf(full);
        if (!_sessions.TryGetValue(anchor, out var session))
        {
            _sessions[anchor] = session = new AnchorSession(anchor, _anchors[anchor], _options, Memory, Post);
        }

        var told = Told.Of(Memory.State, full.Segment);
        var request = new ResolveRequest { Query = UnsafeByteOperations.UnsafeWrap(query.Payload) };
        request.Known.AddRange(told.ToKnown());
        var id = ++_nextId;
        var span = ResolverTracing.Start(name, session.Endpoint);
        session.Open[id] = new OpenName(name, query, told) { Span = span };
        _openOf[name] = (id, session);
        var open = new Open
        {
            Id = id,
            Request = request,
            TraceParent = span?.Id ?? "",
            Ahead = IsNew(full.Segment),
        };
        Send(session, new SubscribeRequest { Open = open });
    }

    // Whether nothing is known of a segment, so that an answer of it takes the check of its whole chain.
    private bool IsNew(SegmentName? segment) => segment is not null
        && !(Memory.State.Pins.TryGetValue(segment, out var pin) && Memory.State.Segments.ContainsKey(pin.Genesis));

    private void Close(string name)
    {
        if (_openOf.Remove(name, out var open) && open.Session.Open.Remove(open.Id))
        {
            Send(open.Session, new SubscribeRequest { Close = new Close { Id = open.Id } });
        }
    }

    private void Send(AnchorSession session, SubscribeRequest request)
    {
        if (!session.Send(request) && IsCurrent(session))
        {
            Post(new ResolverEvent.Broken(session, new Refusal(
                VerificationFailure.Behind, session.Endpoint.Text, "the anchor reads no requests")));
        }
    }

    private bool IsCurrent(AnchorSession session) => _sessions.GetValueOrDefault(session.Index) == session;

    private void Lose(AnchorSession session, Refusal reason)
    {
        Leave(session.Index);
        Step(new CacheInput.Lost(session.Index, reason));
    }

    private void Leave(int anchor)
    {
        if (!_sessions.Remove(anchor, out var session))
        {
            return;
        }

        foreach (var open in session.Open.Values)
        {
            _openOf.Remove(open.Name);
        }

        session.Open.Clear();
        _leaving.RemoveAll(task => task.IsCompleted);
        _leaving.Add(session.DisposeAsync().AsTask());
    }

    // An answer that waits to be verified with others.
    private readonly record struct Offered(AnchorSession Session, OpenName Open, UnverifiedAnswer Raw, int Bytes)
    {
        internal ImmutableArray<SegmentState> Chains { get; init; } = [];
    }
}
