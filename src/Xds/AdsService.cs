using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using Fairlead.Rpc;
using Fairlead.Xds.Csds;
using Fairlead.Xds.Streams;

namespace Fairlead.Xds;

/// <summary>
/// The discovery services: all types over one stream per client, or one type over each, and of both the
/// state-of-the-world variant, which every client knows, and the delta variant. All of them serve the same views. Safe
/// for concurrent use.
/// </summary>
public sealed class AdsService
{
    private readonly ConcurrentDictionary<long, IStreamSession> _sessions = new();
    private readonly ConcurrentDictionary<long, IStreamSession> _clusterSessions = new();

    // Those on which clusters may go out whose endpoints and secrets go on streams of their own.
    private readonly ConcurrentDictionary<long, IStreamSession> _leadingSessions = new();
    private readonly Lock _gate = new();

    // How many streams of their own the client of a node has for the endpoints of a name.
    private readonly UseCounts<(string Node, string Name)> _watching = new();
    private readonly SessionServer _server;
    private readonly AdsOptions _options;
    private readonly ConditionalWeakTable<object, RequestRate> _rates = [];
    private long _lastId;
    private int _silent;

    /// <summary>Serves the views of a provider.</summary>
    public AdsService(IViewProvider views, AdsOptions options)
    {
        ArgumentNullException.ThrowIfNull(views);
        ArgumentNullException.ThrowIfNull(options);
        _options = options;
        _server = new SessionServer(
            views, options, new SiblingStreams(), new KnownNodes(),
            new SessionEvents(Join, Leave, ack => Acked?.Invoke(ack), Lead, Watch, Warm));
    }

    /// <summary>
    /// A client took a response. Called from the stream's task, which waits; an exception ends that stream.
    /// </summary>
    public event Action<AckEvent>? Acked;

    /// <summary>How many streams are open.</summary>
    public int StreamCount => _sessions.Count;

    /// <summary>The clients that are connected now, by their numbers.</summary>
    public IReadOnlyList<StreamStatus> Streams()
    {
        return [.. _sessions.Values.Select(session => session.Describe()).OfType<StreamStatus>().OrderBy(s => s.Id)];
    }

    /// <summary>The aggregated service, to add to a server.</summary>
    public ServerServiceDefinition Define() => Define(null);

    /// <summary>The services of one type each: clusters, endpoints, listeners, routes, secrets. A connection beside
    /// them needs many streams: an Envoy opens one for the endpoints of each cluster, and for each secret.</summary>
    public IEnumerable<ServerServiceDefinition> DefineTypes() => ResourceType.All.Select(Define);

    /// <summary>The Client Status Discovery Service: what each client asked for, was sent, took and refused. Whoever
    /// may call it sees what every client was sent.</summary>
    public ServerServiceDefinition DefineStatus() => new ClientStatusService(
        () => _sessions.OrderBy(pair => pair.Key).Select(pair => pair.Value.Resources()).OfType<StreamResources>(),
        _options.TimeProvider).Define();

    private ServerServiceDefinition Define(ResourceType? type)
    {
        var (sotw, delta) = (StreamServices.Sotw(type, _options), StreamServices.Delta(type, _options));
        return ServerServiceDefinition.CreateBuilder()
            .AddMethod(MethodOf(sotw), (requests, responses, context) => ServeAsync(sotw, requests, responses, context))
            .AddMethod(
                MethodOf(delta), (requests, responses, context) => ServeAsync(delta, requests, responses, context))
            .Build();
    }

    // Each stream keeps to what its client takes; the server is to let the most of it pass.
    private Method<RequestBytes, TResponse> MethodOf<TRequest, TResponse>(
        StreamService<TRequest, TResponse> service)
        where TRequest : class
        where TResponse : class, IDiscoveryResponse => new(
            MethodType.DuplexStreaming,
            service.Service,
            service.Method,
            new Marshaller<RequestBytes>(
                static (_, _) => throw new NotSupportedException("a server does not send requests"),
                static context => new RequestBytes(context.PayloadAsReadOnlySequence()))
            {
                Larger = service.Larger,
            },
            new Marshaller<TResponse>(
                Serialize, static _ => throw new NotSupportedException("a server does not read responses")))
        {
            MaxResponseBytes = Math.Max(_options.Limits.MessageBytes, _options.Limits.EnvoyMessageBytes),
        };

    private static void Serialize<TResponse>(TResponse response, SerializationContext context)
        where TResponse : IDiscoveryResponse
    {
        context.SetPayloadLength(response.Size);
        response.WriteTo(context.GetBufferWriter());
        context.Complete();
    }

    // Clients without a name are not known from each other, here and below: one must not speak for another.
    private void Lead(IStreamSession from, string node, IReadOnlyList<ResourceReference> needed)
    {
        if (node.Length == 0)
        {
            return;
        }

        var all = needed.ToHashSet();
        foreach (var session in _sessions.Values.Where(session => session != from))
        {
            session.Follow(node, all);
        }
    }

    private void Watch(string node, IReadOnlyCollection<string> added, IReadOnlyCollection<string> removed)
    {
        if (node.Length == 0)
        {
            return;
        }

        var left = new List<string>();
        lock (_gate)
        {
            foreach (var name in added)
            {
                _watching.Add((node, name));
            }

            foreach (var name in removed)
            {
                if (_watching.Remove((node, name)))
                {
                    left.Add(name);
                }
            }
        }

        foreach (var session in added.Count + left.Count > 0 ? _clusterSessions.Values : [])
        {
            session.Found(node, added);
            if (left.Count > 0)
            {
                session.Recall(node, left);
            }
        }
    }

    private void Warm(string node, ResourceType type, IEnumerable<string> taken)
    {
        IReadOnlyCollection<string>? names = null;
        foreach (var session in node.Length > 0 ? _leadingSessions.Values : [])
        {
            session.Warmed(node, type, names ??= [.. taken]);
        }
    }

    private Task ServeAsync<TRequest, TResponse>(
        StreamService<TRequest, TResponse> service,
        IAsyncStreamReader<RequestBytes> requests,
        IServerStreamWriter<TResponse> responses,
        ServerCallContext context)
        where TRequest : class
        where TResponse : class, IDiscoveryResponse
    {
        // A call that says nothing is counted by itself: it must not take the place of one that does.
        var waiting = Interlocked.Increment(ref _silent);
        if (_sessions.Count >= _options.StreamsMax || waiting > _options.StreamsMax)
        {
            Interlocked.Decrement(ref _silent);
            throw TurnAway(context.Peer);
        }

        var id = Interlocked.Increment(ref _lastId);
        return new StreamSession<TRequest, TResponse>(
            id, context.Peer, _rates.GetValue(context.Connection, _ => NewRate()), service, _server)
            .RunAsync(requests, responses, context.CancellationToken);
    }

    private void Join(IStreamSession session)
    {
        Interlocked.Decrement(ref _silent);
        if (_sessions.Count >= _options.StreamsMax)
        {
            throw TurnAway(session.Peer);
        }

        _sessions[session.Id] = session;
        if (session.Only == ResourceType.Cluster)
        {
            _clusterSessions[session.Id] = session;
        }

        if (session.Only is null || session.Only == ResourceType.Cluster)
        {
            _leadingSessions[session.Id] = session;
        }
    }

    private void Leave(IStreamSession session)
    {
        if (session.IsSilent)
        {
            Interlocked.Decrement(ref _silent);
        }

        _sessions.TryRemove(session.Id, out _);
        _clusterSessions.TryRemove(session.Id, out _);
        _leadingSessions.TryRemove(session.Id, out _);
    }

    private RequestRate NewRate() =>
        new(_options.Limits.ConnectionBurst, _options.Limits.ConnectionRequestsPerSecond);

    private RpcException TurnAway(string peer)
    {
        XdsLog.StreamTurnedAway(_options.Logger, peer, _options.StreamsMax);
        return new RpcException(new Status(StatusCode.ResourceExhausted, "too many xDS streams"));
    }
}
