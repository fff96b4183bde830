using System.Collections.Concurrent;
using Fairlead.EnvoyApi.Discovery;
using Fairlead.Rpc;
using Fairlead.Xds.Sotw;
using Google.Protobuf;

namespace Fairlead.Xds;

/// <summary>
/// The aggregated discovery service: all types over one stream per client. Speaks the state-of-the-world variant, which
/// is the one that every client knows. Safe for concurrent use.
/// </summary>
public sealed class AdsService
{
    private const string MethodName = "StreamAggregatedResources";

    private static readonly MessageParser<DiscoveryRequest> Requests =
        DiscoveryRequest.Parser.WithDiscardUnknownFields(true);

    private readonly ConcurrentDictionary<long, SotwSession> _sessions = new();
    private readonly IViewProvider _views;
    private readonly AdsOptions _options;
    private long _lastId;

    /// <summary>Serves the views of a provider.</summary>
    public AdsService(IViewProvider views, AdsOptions options)
    {
        ArgumentNullException.ThrowIfNull(views);
        ArgumentNullException.ThrowIfNull(options);
        _views = views;
        _options = options;
    }

    /// <summary>
    /// A client took a response. Called from the stream's task, which waits; an exception ends that stream.
    /// </summary>
    public event Action<AckEvent>? Acked;

    /// <summary>The clients that are connected now, by their numbers.</summary>
    public IReadOnlyList<StreamStatus> Streams()
    {
        return [.. _sessions.Values.Select(session => session.Describe()).OfType<StreamStatus>().OrderBy(s => s.Id)];
    }

    /// <summary>The methods to add to a server.</summary>
    public ServerServiceDefinition Define()
    {
        var service = AdsReflection.Descriptor.Services.Single();
        var method = new Method<DiscoveryRequest, SotwResponse>(
            MethodType.DuplexStreaming,
            service.FullName,
            service.FindMethodByName(MethodName).Name,
            new Marshaller<DiscoveryRequest>(
                static (_, _) => throw new NotSupportedException("a server does not send requests"),
                static context => Requests.ParseFrom(context.PayloadAsReadOnlySequence())),
            new Marshaller<SotwResponse>(
                Serialize, static _ => throw new NotSupportedException("a server does not read responses")));
        return ServerServiceDefinition.CreateBuilder().AddMethod(method, ServeAsync).Build();
    }

    private static void Serialize(SotwResponse response, SerializationContext context)
    {
        context.SetPayloadLength(response.Size);
        var output = context.GetBufferWriter();
        response.WriteTo(output.GetSpan(response.Size));
        output.Advance(response.Size);
        context.Complete();
    }

    private async Task ServeAsync(
        IAsyncStreamReader<DiscoveryRequest> requests,
        IServerStreamWriter<SotwResponse> responses,
        ServerCallContext context)
    {
        if (_sessions.Count >= _options.StreamsMax)
        {
            XdsLog.StreamTurnedAway(_options.Logger, context.Peer, _options.StreamsMax);
            throw new RpcException(new Status(StatusCode.ResourceExhausted, "too many xDS streams"));
        }

        var id = Interlocked.Increment(ref _lastId);
        var session = new SotwSession(id, context.Peer, _views, _options, ack => Acked?.Invoke(ack));
        _sessions[id] = session;
        try
        {
            await session.RunAsync(requests, responses, context.CancellationToken).ConfigureAwait(false);
        }
        finally
        {
            _sessions.TryRemove(id, out _);
        }
    }
}
