using Fairlead.Rpc;
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
/// <param name="server">What it shares with all other streams.</param>
internal sealed partial class StreamSession<TRequest, TResponse>(
    long id,
    string peer,
    RequestRate connectionRate,
    StreamService<TRequest, TResponse> service,
    SessionServer server) : IStreamSession, IViewWatcher, ISiblingStream
    where TRequest : class
    where TResponse : class, IDiscoveryResponse
{
    // The sum in it: of the state of the world kilobytes of marks and older forms follow.
    private const int VersionLogged = 32;

    private readonly Lock _gate = new();
    private readonly long _startedStamp = server.Options.TimeProvider.GetTimestamp();
    private readonly DateTimeOffset _startedAt = server.Options.TimeProvider.GetUtcNow();
    private readonly IRequestParser<TRequest> _parser = service.Parser();
    private ClientNode _node = ClientNode.Anonymous;
    private ResourceView? _view;
    private volatile bool _waitsForOthers;
    private OtherStreams _saidOwed;
    private DiscoveryStream<TRequest, TResponse>? _stream;
    private readonly Signal _signal = new();
    private readonly RequestRate _rate =
        new(server.Options.Limits.RequestBurst, server.Options.Limits.RequestsPerSecond);

    private Action? _heard;

    public long Number { get; set; }

    public long Id => id;

    public string Peer => peer;

    public ResourceType? Only => service.Only;

    public bool IsSilent { get; private set; } = true;

    private AdsOptions Options => server.Options;

    private TimeProvider Time => Options.TimeProvider;

    private TimeSpan Now => Time.GetElapsedTime(_startedStamp);

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
    /// <param name="cancellationToken">Ends it.</param>
    /// <exception cref="RpcException">A request was refused, or the first did not come in time or cannot be read in
    /// time at the connection's rate, or a response was not read in time.</exception>
    public async Task RunAsync(
        IAsyncStreamReader<RequestBytes> requests,
        IServerStreamWriter<TResponse> responses,
        CancellationToken cancellationToken)
    {
        try
        {
            // Who is over the rate has no other stream until its time. What it says is not read before that: it lies
            // where flow control holds it.
            var owed = connectionRate.Owed(Time.GetElapsedTime(0));
            await WaitForRateAsync(owed, TimeSpan.Zero, cancellationToken).ConfigureAwait(false);
            if (await FirstAsync(requests, cancellationToken).ConfigureAwait(false))
            {
                await AdmitAsync(requests.Current, owed, cancellationToken).ConfigureAwait(false);
                var first = Parse(requests.Current);
                var (view, stream) = Open(first);
                try
                {
                    Receive(stream, first);
                    await ServeAsync(view, stream, requests, responses, cancellationToken).ConfigureAwait(false);
                }
                finally
                {
                    Close(view, stream);
                }
            }
        }
        finally
        {
            server.Events.Ends(this);
        }
    }

    private async ValueTask AdmitAsync(RequestBytes first, TimeSpan owed, CancellationToken cancellationToken)
    {
        try
        {
            var wait = connectionRate.Charge(first.Bytes.Length, [], Time.GetElapsedTime(0));
            await WaitForRateAsync(wait, owed, cancellationToken).ConfigureAwait(false);
            IsSilent = false;
            server.Events.Speaks(this);
        }
        catch
        {
            first.Dispose();
            throw;
        }
    }

    private void Close(ResourceView view, DiscoveryStream<TRequest, TResponse> stream)
    {
        foreach (var type in stream.Types)
        {
            Watch(view, type.Type, [], type.Subscription.Names);
        }

        view.Watchers.Leave(this);
        if (HasSiblings)
        {
            server.Siblings.Leave(view, _node.Id, this);
        }

        server.Nodes.Return(_node);
        XdsLog.StreamClosed(Options.Logger, id);
    }

    private async Task WaitForRateAsync(TimeSpan wait, TimeSpan waited, CancellationToken cancellationToken)
    {
        if (wait <= TimeSpan.Zero)
        {
            return;
        }

        var most = Options.Limits.FirstRequest;
        if (most != Timeout.InfiniteTimeSpan && wait > most - (waited > TimeSpan.Zero ? waited : TimeSpan.Zero))
        {
            var detail = $"the streams of this connection ask too much: {wait.TotalSeconds:F0} s to the next one";
            XdsLog.RequestRefused(Options.Logger, id, peer, StatusCode.ResourceExhausted, detail);
            throw new RpcException(new Status(StatusCode.ResourceExhausted, detail));
        }

        await Task.Delay(wait, Time, cancellationToken).ConfigureAwait(false);
    }

    private async Task<bool> FirstAsync(IAsyncStreamReader<RequestBytes> requests, CancellationToken cancellationToken)
    {
        try
        {
            return await HeardAsync(requests.MoveNext(cancellationToken))
                .WaitAsync(Options.Limits.FirstRequest, Time, cancellationToken).ConfigureAwait(false);
        }
        catch (TimeoutException)
        {
            XdsLog.StreamSilent(Options.Logger, id, peer, Options.Limits.FirstRequest);
            throw new RpcException(new Status(StatusCode.DeadlineExceeded, "no request came in time"));
        }
    }

    // One that is too large or none at all: whoever asks so again and again is found in the log.
    private async Task<bool> HeardAsync(Task<bool> read)
    {
        try
        {
            return await read.ConfigureAwait(false);
        }
        catch (RpcException e)
        {
            XdsLog.RequestRefused(Options.Logger, id, peer, e.StatusCode, e.Status.Detail);
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
                XdsLog.RequestRefused(Options.Logger, id, peer, StatusCode.Internal, exception.Message);
                throw new RpcException(
                    new Status(StatusCode.Internal, "BadMessage: the message does not parse", exception));
            }
        }
    }

    private (ResourceView View, DiscoveryStream<TRequest, TResponse> Stream) Open(TRequest first)
    {
        var said = service.NodeOf(first);
        if (ClientNode.ExcessOf(said, Options.Limits) is { } excess)
        {
            XdsLog.RequestRefused(Options.Logger, id, peer, StatusCode.InvalidArgument, excess);
            throw new RpcException(new Status(StatusCode.InvalidArgument, excess));
        }

        var node = server.Nodes.Share(ClientNode.From(said));
        var view = server.Views.Open(node, Only);
        view.Watchers.Join(this);
        var stream = service.Open(node, view.Current, view.Missing);
        stream.StartedAt = Time.GetElapsedTime(0, _startedStamp);
        lock (_gate)
        {
            (_node, _view, _stream) = (node, view, stream);
        }

        if (HasSiblings)
        {
            server.Siblings.Join(view, node.Id, this);
        }

        XdsLog.StreamOpened(Options.Logger, id, node.Id, node.UserAgent, peer);
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
                if (!await HeardAsync(read).ConfigureAwait(false))
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
            _rate.Charge(bytes, events, Now), connectionRate.Charge(bytes, events, Time.GetElapsedTime(0)));
        return Now + (own > all ? own : all);
    }

    // The next request wakes the stream like a change does, on the thread that brought it.
    private Task<bool> Listen(IAsyncStreamReader<RequestBytes> requests, CancellationToken cancellationToken)
    {
        var read = requests.MoveNext(cancellationToken);
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
        if (Only == ResourceType.Endpoints && type == ResourceType.Endpoints)
        {
            server.Events.Watching(_node.Id, added, removed);
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
            server.Events.Sent(this, _node.Id, needed);
        }
    }

    // Clients without a name are not known from each other.
    private bool HasSiblings => SiblingStreams.Concerns(Only) && _node.Id.Length > 0;

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

        foreach (var other in server.Siblings.Others(view, _node.Id, this))
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
        return server.Siblings.Others(view, _node.Id, this)
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
            if (type.WatchesAll != isOfMany)
            {
                type.WatchesAll = isOfMany;
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
                    if (Only is { } only && (only == ResourceType.Endpoints || only == ResourceType.Secret))
                    {
                        server.Events.Warmed(_node.Id, only, sent.Resources.Select(resource => resource.Name));
                    }

                    server.Events.Acked(new AckEvent(
                        id, _node, ack.Type, sent.Version, sent.Resources, _startedAt + now, now - sent.At));
                    break;
                case StreamEvent.Nacked nack:
                    var version = nack.Refused.Version;
                    XdsLog.ResponseRefused(
                        Options.Logger, id, nack.Type, version[..Math.Min(version.Length, VersionLogged)],
                        nack.Refused.Code, nack.Refused.Message);
                    break;
                case StreamEvent.Withheld withheld:
                    XdsLog.ResourceWithheld(
                        Options.Logger, id, withheld.Resource.Type, withheld.Resource.Name, withheld.Resource.Version,
                        withheld.Reason.Message);
                    break;
                case StreamEvent.LeftOut left:
                    XdsLog.LeftOut(Options.Logger, id, left.Count, left.Type, left.Refusal);
                    break;
                case StreamEvent.Failed failed:
                    XdsLog.StreamRefused(Options.Logger, id, failed.Refusal, failed.Detail);
                    throw new RpcException(new Status(CodeOf(failed.Refusal), failed.Detail));
            }
        }
    }

    private async Task SendAsync(
        IServerStreamWriter<TResponse> responses, TResponse response, CancellationToken cancellationToken)
    {
        XdsLog.ResponseSent(Options.Logger, id, response.TypeUrl, response.Version, response.Count);
        var timeout = Options.Limits.SendTimeout;
        try
        {
            await responses.WriteAsync(response, cancellationToken)
                .WaitAsync(timeout, Time, cancellationToken)
                .ConfigureAwait(false);
        }
        catch (TimeoutException)
        {
            // The response may be half written, so nothing can be said on this call any more; it is given up whole.
            XdsLog.SendTimedOut(Options.Logger, id, timeout);
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
        using var alarm = Time.CreateTimer(
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
}
