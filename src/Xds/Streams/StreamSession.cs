using Fairlead.Rpc;
using Fairlead.Xds.Csds;
using Google.Protobuf;

namespace Fairlead.Xds.Streams;

/// <summary>
/// The shell around a <see cref="DiscoveryStream{TRequest, TResponse}"/>: one task owns it, reads requests, hears of
/// snapshots, writes responses one after the other. Nothing is queued: what a slow reader missed collapses into its
/// next response.
/// </summary>
/// <param name="id">The stream's number.</param>
/// <param name="peer">Where the client comes from.</param>
/// <param name="connectionRate">How fast the requests of all streams of its connection are read.</param>
/// <param name="service">Which service of which variant it is.</param>
/// <param name="views">Chooses what the client sees.</param>
/// <param name="options">The server's options.</param>
/// <param name="siblings">Knows the other streams of its client.</param>
/// <param name="told">Hears of each acknowledgement, and of clusters that went out.</param>
/// <param name="nodes">Knows the nodes of the other streams.</param>
internal sealed class StreamSession<TRequest, TResponse>(
    long id,
    string peer,
    RequestRate connectionRate,
    StreamService<TRequest, TResponse> service,
    IViewProvider views,
    AdsOptions options,
    SiblingStreams siblings,
    SessionEvents told,
    KnownNodes nodes) : IStreamSession, IViewWatcher, ISiblingStream
    where TRequest : class
    where TResponse : class, IDiscoveryResponse
{
    // An operator who has more of them needs no list.
    private const int WithheldMax = 100;

    // The sum in it: of the state of the world kilobytes of marks and older forms follow.
    private const int VersionLogged = 32;

    private readonly Lock _gate = new();
    private readonly TimeProvider _time = options.TimeProvider;
    private readonly long _startedStamp = options.TimeProvider.GetTimestamp();
    private readonly DateTimeOffset _startedAt = options.TimeProvider.GetUtcNow();
    private readonly IRequestParser<TRequest> _parser = service.Parser();
    private ClientNode _node = ClientNode.Anonymous;
    private ResourceView? _view;
    private volatile bool _waitsForOthers;
    private OtherStreams _saidOwed;
    private DiscoveryStream<TRequest, TResponse>? _stream;
    private readonly bool[] _watchesAll = new bool[ResourceType.All.Length];
    private readonly Signal _signal = new();
    private readonly RequestRate _rate = new(options.Limits.RequestBurst, options.Limits.RequestsPerSecond);
    private Action? _heard;

    public long Number { get; set; }

    private TimeSpan Now => _time.GetElapsedTime(_startedStamp);

    /// <summary>What operators see of the stream; null until its first request came.</summary>
    public StreamStatus? Describe()
    {
        lock (_gate)
        {
            return _stream is null
                ? null
                : new StreamStatus(id, peer, service.Name, _node, _startedAt, [.. _stream.Types.Select(Describe)]);
        }
    }

    public StreamResources? Resources()
    {
        lock (_gate)
        {
            return _stream is { } stream ? new StreamResources(_node, _startedAt, () => Resources(stream)) : null;
        }
    }

    private IReadOnlyList<ResourceStatus> Resources(DiscoveryStream<TRequest, TResponse> stream)
    {
        lock (_gate)
        {
            return [.. stream.Types.SelectMany(type => type.Resources())];
        }
    }

    public void Follow(string node, IReadOnlySet<ResourceReference> needed) =>
        Hear(node, stream => stream.Follow(needed));

    public void Recall(string node, IReadOnlyCollection<string> endpoints) =>
        Hear(node, stream => stream.Recall(endpoints));

    public void Found(string node, IReadOnlyCollection<string> endpoints) => Hear(node, stream =>
    {
        stream.Found(endpoints);
        return false;
    });

    public void Warmed(string node, ResourceType type, IReadOnlyCollection<string> names) =>
        Hear(node, stream => stream.Warmed(type, names));

    private void Hear(string node, Func<DiscoveryStream<TRequest, TResponse>, bool> word)
    {
        lock (_gate)
        {
            if (_stream is not { } stream || _node.Id != node || !word(stream))
            {
                return;
            }
        }

        Wake();
    }

    // The publisher's lock is held here, and the session's is held where the view is read: so there is none.
    public void Wake() => _signal.Tell(goesOn: false);

    /// <summary>Serves until the client half-closes, which ends the call with OK, or until it is cancelled.</summary>
    /// <param name="requests">What the client says.</param>
    /// <param name="responses">What it is told.</param>
    /// <param name="speaks">Called when its first request came.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <exception cref="RpcException">A request was refused, or the first did not come in time or cannot be read in
    /// time at the connection's rate, or a response was not read in time.</exception>
    public async Task RunAsync(
        IAsyncStreamReader<RequestBytes> requests,
        IServerStreamWriter<TResponse> responses,
        Action speaks,
        CancellationToken cancellationToken)
    {
        // Who is over the rate has no other stream until its time. What it says is not read before that: it lies where
        // flow control holds it.
        var owed = connectionRate.Owed(_time.GetElapsedTime(0));
        await WaitForRateAsync(owed, TimeSpan.Zero, cancellationToken).ConfigureAwait(false);
        if (!await FirstAsync(requests, cancellationToken).ConfigureAwait(false))
        {
            return;
        }

        var wait = connectionRate.Charge(requests.Current.Bytes.Length, [], _time.GetElapsedTime(0));
        try
        {
            await WaitForRateAsync(wait, owed, cancellationToken).ConfigureAwait(false);
            speaks();
        }
        catch
        {
            requests.Current.Dispose();
            throw;
        }

        var first = Parse(requests.Current);
        var (view, stream) = Open(first);
        try
        {
            Receive(stream, first);
            await ServeAsync(view, stream, requests, responses, cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            foreach (var type in stream.Types)
            {
                Watch(view, type.Type, [], type.Subscription.Names);
            }

            view.Watchers.Leave(this);
            if (HasSiblings)
            {
                siblings.Leave(view, _node.Id, this);
            }

            nodes.Return(_node);
            XdsLog.StreamClosed(options.Logger, id);
        }
    }

    private async Task WaitForRateAsync(TimeSpan wait, TimeSpan waited, CancellationToken cancellationToken)
    {
        if (wait <= TimeSpan.Zero)
        {
            return;
        }

        var most = options.Limits.FirstRequest;
        if (most != Timeout.InfiniteTimeSpan && wait > most - (waited > TimeSpan.Zero ? waited : TimeSpan.Zero))
        {
            var detail = $"the streams of this connection ask too much: {wait.TotalSeconds:F0} s to the next one";
            XdsLog.RequestRefused(options.Logger, id, peer, StatusCode.ResourceExhausted, detail);
            throw new RpcException(new Status(StatusCode.ResourceExhausted, detail));
        }

        await Task.Delay(wait, _time, cancellationToken).ConfigureAwait(false);
    }

    private async Task<bool> FirstAsync(IAsyncStreamReader<RequestBytes> requests, CancellationToken cancellationToken)
    {
        try
        {
            return await ReadAsync(requests, cancellationToken)
                .WaitAsync(options.Limits.FirstRequest, _time, cancellationToken).ConfigureAwait(false);
        }
        catch (TimeoutException)
        {
            XdsLog.StreamSilent(options.Logger, id, peer, options.Limits.FirstRequest);
            throw new RpcException(new Status(StatusCode.DeadlineExceeded, "no request came in time"));
        }
    }

    // One that is too large or none at all: whoever asks so again and again is found in the log.
    private async Task<bool> ReadAsync(IAsyncStreamReader<RequestBytes> requests, CancellationToken cancellationToken)
    {
        try
        {
            return await requests.MoveNext(cancellationToken).ConfigureAwait(false);
        }
        catch (RpcException e)
        {
            XdsLog.RequestRefused(options.Logger, id, peer, e.StatusCode, e.Status.Detail);
            throw;
        }
    }

    private TRequest Parse(RequestBytes request)
    {
        using (request)
        {
            try
            {
                return _parser.Parse(request.Bytes);
            }
            catch (InvalidProtocolBufferException exception)
            {
                XdsLog.RequestRefused(options.Logger, id, peer, StatusCode.Internal, exception.Message);
                throw new RpcException(
                    new Status(StatusCode.Internal, "BadMessage: the message does not parse", exception));
            }
        }
    }

    private (ResourceView View, DiscoveryStream<TRequest, TResponse> Stream) Open(TRequest first)
    {
        var said = service.NodeOf(first);
        if (ClientNode.ExcessOf(said, options.Limits) is { } excess)
        {
            XdsLog.RequestRefused(options.Logger, id, peer, StatusCode.InvalidArgument, excess);
            throw new RpcException(new Status(StatusCode.InvalidArgument, excess));
        }

        var node = nodes.Share(ClientNode.From(said));
        var view = views.Open(node, service.Only);
        view.Watchers.Join(this);
        var stream = service.Open(node, view.Current, view.Missing);
        stream.StartedAt = _time.GetElapsedTime(0, _startedStamp);
        lock (_gate)
        {
            (_node, _view, _stream) = (node, view, stream);
        }

        if (HasSiblings)
        {
            siblings.Join(view, node.Id, this);
        }

        XdsLog.StreamOpened(options.Logger, id, node.Id, node.UserAgent, peer);
        return (view, stream);
    }

    private async Task ServeAsync(
        ResourceView view,
        DiscoveryStream<TRequest, TResponse> stream,
        IAsyncStreamReader<RequestBytes> requests,
        IServerStreamWriter<TResponse> responses,
        CancellationToken cancellationToken)
    {
        Task<bool>? read = Listen(requests, cancellationToken);
        TimeSpan? readAt = null;
        while (true)
        {
            while (Next(view, stream) is { } response)
            {
                await SendAsync(responses, response, cancellationToken).ConfigureAwait(false);
                Lead(stream);
            }

            TellSiblings(view, stream);
            await WaitAsync(Earlier(stream.WakeAt, readAt)).ConfigureAwait(false);
            if (read?.IsCompleted == true)
            {
                if (!await read.ConfigureAwait(false))
                {
                    return;
                }

                var bytes = requests.Current.Bytes.Length;
                readAt = Charge(bytes, Receive(stream, Parse(requests.Current)));
                read = null;
            }

            if (read is null && !(readAt > Now))
            {
                readAt = null;
                read = Listen(requests, cancellationToken);
            }
        }
    }

    // When the next one may be read.
    private TimeSpan Charge(int bytes, IReadOnlyList<StreamEvent> events)
    {
        var (own, all) = (
            _rate.Charge(bytes, events, Now), connectionRate.Charge(bytes, events, _time.GetElapsedTime(0)));
        return Now + (own > all ? own : all);
    }

    // The next request wakes the stream like a change does, on the thread that brought it.
    private Task<bool> Listen(IAsyncStreamReader<RequestBytes> requests, CancellationToken cancellationToken)
    {
        var read = ReadAsync(requests, cancellationToken);
        if (read.IsCompleted)
        {
            _signal.Tell(goesOn: false);
        }
        else
        {
            read.ConfigureAwait(false).GetAwaiter().UnsafeOnCompleted(_heard ??= () => _signal.Tell(goesOn: true));
        }

        return read;
    }

    // Watched before the owner hears of it, so that what the owner publishes for it is heard here.
    private void Watch(
        ResourceView view, ResourceType type, IReadOnlyCollection<string> added, IReadOnlyCollection<string> removed)
    {
        view.Watchers.Watch(this, type, added, removed);
        view.Count(type, added, removed);
        if (service.Only == ResourceType.Endpoints && type == ResourceType.Endpoints)
        {
            told.Watching(_node.Id, added, removed);
        }
    }

    // The clusters are on their way: what follows them on other streams of the client comes behind them.
    private void Lead(DiscoveryStream<TRequest, TResponse> stream)
    {
        IReadOnlyList<ResourceReference> needed;
        lock (_gate)
        {
            needed = stream.TakeLeading();
        }

        if (needed.Count > 0)
        {
            told.Sent(this, _node.Id, needed);
        }
    }

    // Clients without a name are not known from each other.
    private bool HasSiblings => SiblingStreams.Concerns(service.Only) && _node.Id.Length > 0;

    public OtherStreams OwedBy(ResourceSnapshot snapshot)
    {
        lock (_gate)
        {
            var owed = _stream?.OwedBy(snapshot, Now) ?? default;
            _saidOwed |= owed;
            return owed;
        }
    }

    public void Rested()
    {
        if (_waitsForOthers)
        {
            Wake();
        }
    }

    // Only where it is another than they were told: two that wait for each other would else wake each other for ever.
    private void TellSiblings(ResourceView view, DiscoveryStream<TRequest, TResponse> stream)
    {
        if (!HasSiblings)
        {
            return;
        }

        lock (_gate)
        {
            var owed = stream.OwedBy(stream.Snapshot, Now);
            if (owed == _saidOwed)
            {
                return;
            }

            _saidOwed = owed;
        }

        foreach (var other in siblings.Others(view, _node.Id, this))
        {
            other.Rested();
        }
    }

    // Said before the others are asked: who comes to rest after that wakes this one.
    private OtherStreams Ask(
        ResourceView view, DiscoveryStream<TRequest, TResponse> stream, ResourceSnapshot snapshot)
    {
        lock (_gate)
        {
            Advance(stream, snapshot);
            if (!stream.MayWaitForOthers)
            {
                return default;
            }
        }

        _waitsForOthers = true;
        return siblings.Others(view, _node.Id, this)
            .Aggregate(default(OtherStreams), (owed, other) => owed | other.OwedBy(snapshot));
    }

    // Another stream of the client may have told it of a newer one.
    private static void Advance(DiscoveryStream<TRequest, TResponse> stream, ResourceSnapshot snapshot)
    {
        if (snapshot.Sequence > stream.Snapshot.Sequence)
        {
            stream.Advance(snapshot);
        }
    }

    private TResponse? Next(ResourceView view, DiscoveryStream<TRequest, TResponse> stream)
    {
        TResponse? response;
        IReadOnlyList<StreamEvent> told;
        while (true)
        {
            var snapshot = view.Current;
            var others = HasSiblings ? Ask(view, stream, snapshot) : default;
            lock (_gate)
            {
                Advance(stream, snapshot);
                if (HasSiblings && stream.Snapshot.Sequence > snapshot.Sequence)
                {
                    // Another stream told it of a newer one, of which the others were not asked.
                    continue;
                }

                response = stream.Next(Now, others);
                _waitsForOthers = stream.WaitsForOthers;
                told = stream.TakeTold();
                break;
            }
        }

        Tell(told, Now);
        return response;
    }

    private IReadOnlyList<StreamEvent> Receive(DiscoveryStream<TRequest, TResponse> stream, TRequest request)
    {
        IReadOnlyList<StreamEvent> events;
        var now = Now;
        lock (_gate)
        {
            events = stream.Receive(request, now);
        }

        WatchAll(stream);
        Tell(events, now);
        return events;
    }

    // The view's watchers are under one lock for all streams: an acknowledgement, which changes nothing, takes none.
    private void WatchAll(DiscoveryStream<TRequest, TResponse> stream)
    {
        foreach (var type in stream.Types)
        {
            var isOfMany = type.Subscription.Wildcard || type.Subscription.Globs.Count > 0;
            if (_watchesAll[type.Type.Order] != isOfMany)
            {
                _watchesAll[type.Type.Order] = isOfMany;
                _view!.Watchers.WatchAll(this, type.Type, isOfMany);
            }
        }
    }

    private void Tell(IReadOnlyList<StreamEvent> events, TimeSpan now)
    {
        foreach (var one in events)
        {
            switch (one)
            {
                case StreamEvent.Names names:
                    Watch(_view!, names.Type, names.Added, names.Removed);
                    break;
                case StreamEvent.Acked ack:
                    var sent = ack.Response;
                    if (service.Only is { } only && (only == ResourceType.Endpoints || only == ResourceType.Secret))
                    {
                        told.Warmed(_node.Id, only, sent.Resources.Select(resource => resource.Name));
                    }

                    told.Acked(new AckEvent(
                        id, _node, ack.Type, sent.Version, sent.Resources, _startedAt + now, now - sent.At));
                    break;
                case StreamEvent.Nacked nack:
                    var version = nack.Refused.Version;
                    XdsLog.ResponseRefused(
                        options.Logger, id, nack.Type, version[..Math.Min(version.Length, VersionLogged)],
                        nack.Refused.Code, nack.Refused.Message);
                    break;
                case StreamEvent.Withheld withheld:
                    XdsLog.ResourceWithheld(
                        options.Logger, id, withheld.Resource.Type, withheld.Resource.Name, withheld.Resource.Version,
                        withheld.Reason.Message);
                    break;
                case StreamEvent.LeftOut left:
                    XdsLog.LeftOut(options.Logger, id, left.Count, left.Type, left.Refusal);
                    break;
                case StreamEvent.Failed failed:
                    XdsLog.StreamRefused(options.Logger, id, failed.Refusal, failed.Detail);
                    throw new RpcException(new Status(CodeOf(failed.Refusal), failed.Detail));
            }
        }
    }

    private async Task SendAsync(
        IServerStreamWriter<TResponse> responses, TResponse response, CancellationToken cancellationToken)
    {
        XdsLog.ResponseSent(options.Logger, id, response.TypeUrl, response.Version, response.Count);
        var timeout = options.Limits.SendTimeout;
        try
        {
            await responses.WriteAsync(response, cancellationToken)
                .WaitAsync(timeout, _time, cancellationToken)
                .ConfigureAwait(false);
        }
        catch (TimeoutException)
        {
            // The response may be half written, so nothing can be said on this call any more; it is given up whole.
            XdsLog.SendTimedOut(options.Logger, id, timeout);
            throw new RpcException(new Status(StatusCode.DeadlineExceeded, "a response was not read in time"));
        }
    }

    private static TimeSpan? Earlier(TimeSpan? one, TimeSpan? other) => one is null || other < one ? other : one;

    private ValueTask WaitAsync(TimeSpan? wakeAt)
    {
        if (wakeAt is { } at)
        {
            return WaitAsync(at);
        }

        return _signal.WaitAsync();
    }

    private async ValueTask WaitAsync(TimeSpan at)
    {
        using var alarm = _time.CreateTimer(
            static it => ((Signal)it!).Tell(goesOn: false),
            _signal,
            TimeSpan.FromTicks(Math.Max(0, (at - Now).Ticks)),
            Timeout.InfiniteTimeSpan);
        await _signal.WaitAsync().ConfigureAwait(false);
    }

    private static StatusCode CodeOf(StreamRefusal refusal) => refusal switch
    {
        StreamRefusal.TypeMissing or StreamRefusal.TypeMismatch or StreamRefusal.NameTooLong =>
            StatusCode.InvalidArgument,
        _ => StatusCode.ResourceExhausted,
    };

    private TypeStatus Describe(TypeState type)
    {
        return new TypeStatus(
            type.Type,
            type.Subscription.Wildcard,
            [.. type.Subscription.Names.Order(StringComparer.Ordinal)],
            type.Sent.Count,
            type.Answered ? type.LastVersion : "",
            type.Answered ? _startedAt + type.LastSentAt : null,
            type.AckedVersion,
            type.AckedAt is { } at ? _startedAt + at : null,
            type.Waiting,
            type.Refused)
        {
            RefusedAt = type.Refused is { } refused ? _startedAt + refused.At : null,
            RefusedNames = [.. type.RefusedNames],
            Withheld = [.. type.Withheld.Names.Order(StringComparer.Ordinal).Take(WithheldMax).Select(
                name => new WithheldResource(name, type.Withheld.ReasonOf(name)!.Message))],
        };
    }
}
