using Fairlead.EnvoyApi.Clusters;
using Fairlead.EnvoyApi.Core;
using Fairlead.EnvoyApi.Discovery;
using Fairlead.EnvoyApi.Endpoints;
using Fairlead.Rpc;
using Google.Protobuf;
using Status = Fairlead.EnvoyApi.Rpc.Status;

namespace Fairlead.Sidecar.Tests.Hosting;

/// <summary>A client of the aggregated stream over any address: asks for everything or for names, and acknowledges or
/// refuses.</summary>
internal sealed class XdsClient : IAsyncDisposable
{
    internal const string Clusters = "type.googleapis.com/envoy.config.cluster.v3.Cluster";
    internal const string Listeners = "type.googleapis.com/envoy.config.listener.v3.Listener";
    internal const string Endpoints = "type.googleapis.com/envoy.config.endpoint.v3.ClusterLoadAssignment";

    private static readonly Method<DiscoveryRequest, DiscoveryResponse> Stream = new(
        MethodType.DuplexStreaming,
        "envoy.service.discovery.v3.AggregatedDiscoveryService",
        "StreamAggregatedResources",
        MarshallerOf(DiscoveryRequest.Parser),
        MarshallerOf(DiscoveryResponse.Parser));

    private readonly (string Id, string UserAgent) _node;
    private readonly RpcChannel _channel;
    private readonly AsyncDuplexStreamingCall<DiscoveryRequest, DiscoveryResponse> _call;
    private readonly Dictionary<string, List<string>> _names = [];
    private readonly Dictionary<string, string> _versions = [];

    internal XdsClient(
        string target, CancellationToken cancellationToken, string userAgent = "envoy", string node = "test")
    {
        _node = (node, userAgent);
        _channel = new RpcChannel(target);
        _call = _channel.CreateCallInvoker()
            .AsyncDuplexStreamingCall(Stream, null, new CallOptions(cancellationToken: cancellationToken));
    }

    /// <summary>The version of each type's last response.</summary>
    internal IReadOnlyDictionary<string, string> Versions => _versions;

    /// <summary>Asks for these names of a type; for everything without any.</summary>
    internal Task AskAsync(string type, params string[] names)
    {
        _names[type] = [.. names];
        return _call.RequestStream.WriteAsync(new DiscoveryRequest
        {
            Node = new Node { Id = _node.Id, UserAgentName = _node.UserAgent },
            TypeUrl = type,
            ResourceNames = { names },
        });
    }

    /// <summary>The next response of a type, acknowledged, or refused for a reason; others on the way are
    /// acknowledged.</summary>
    internal async Task<IReadOnlyList<T>> NextAsync<T>(
        string type, CancellationToken cancellationToken, Status? refusal = null)
        where T : IMessage, new()
    {
        while (await _call.ResponseStream.MoveNext(cancellationToken))
        {
            var response = _call.ResponseStream.Current;
            var refused = response.TypeUrl == type ? refusal : null;
            _versions[response.TypeUrl] = response.VersionInfo;
            await _call.RequestStream.WriteAsync(new DiscoveryRequest
            {
                TypeUrl = response.TypeUrl,
                ResponseNonce = response.Nonce,
                VersionInfo = refused is null ? response.VersionInfo : "",
                ErrorDetail = refused,
                ResourceNames = { _names[response.TypeUrl] },
            }, cancellationToken);
            if (response.TypeUrl == type)
            {
                return [.. response.Resources.Select(resource => resource.Unpack<T>())];
            }
        }

        throw new InvalidOperationException("the stream ended");
    }

    /// <summary>The endpoints' addresses of a cluster, once they are as wanted.</summary>
    internal async Task<IReadOnlyList<string>> EndpointsAsync(
        string cluster, Func<IReadOnlyList<string>, bool> wanted, CancellationToken cancellationToken)
    {
        while (true)
        {
            var found = (await NextAsync<ClusterLoadAssignment>(Endpoints, cancellationToken))
                .FirstOrDefault(assignment => assignment.ClusterName == cluster);
            string[] addresses =
            [
                .. found?.Endpoints.SelectMany(locality => locality.LbEndpoints)
                    .Select(endpoint => endpoint.Endpoint.Address.SocketAddress.Address) ?? [],
            ];
            if (found is not null && wanted(addresses))
            {
                return addresses;
            }
        }
    }

    internal async Task<IReadOnlyList<Cluster>> ClustersAsync(CancellationToken cancellationToken) =>
        await NextAsync<Cluster>(Clusters, cancellationToken);

    public async ValueTask DisposeAsync()
    {
        _call.Dispose();
        await _channel.DisposeAsync();
    }

    private static Marshaller<T> MarshallerOf<T>(MessageParser<T> parser)
        where T : IMessage<T> => new(
            static (message, context) =>
            {
                context.SetPayloadLength(message.CalculateSize());
                message.WriteTo(context.GetBufferWriter());
                context.Complete();
            },
            context => parser.ParseFrom(context.PayloadAsReadOnlySequence()));
}
