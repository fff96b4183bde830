using Fairlead.EnvoyApi.Discovery;
using Fairlead.Rpc;
using Google.Protobuf;

namespace Fairlead.Bench;

/// <summary>What every client here does on an aggregated stream, of either variant. Stateless.</summary>
internal static class AdsCalls
{
    /// <summary>The state of the world.</summary>
    public static readonly AdsCalls<DiscoveryRequest, DiscoveryResponse> Sotw = new("StreamAggregatedResources");

    /// <summary>Delta.</summary>
    public static readonly AdsCalls<DeltaDiscoveryRequest, DeltaDiscoveryResponse> Delta =
        new("DeltaAggregatedResources");

    /// <summary>The acknowledgement of a response, which names again what is asked for.</summary>
    public static DiscoveryRequest Ack(DiscoveryResponse response, params IEnumerable<string> names) => new()
    {
        TypeUrl = response.TypeUrl,
        ResourceNames = { names },
        VersionInfo = response.VersionInfo,
        ResponseNonce = response.Nonce,
    };

    /// <summary>The acknowledgement of a response, which names nothing.</summary>
    public static DeltaDiscoveryRequest Ack(DeltaDiscoveryResponse response) => new()
    {
        TypeUrl = response.TypeUrl,
        ResponseNonce = response.Nonce,
    };
}

/// <summary>The calls of one variant. Stateless.</summary>
/// <param name="method">The name of its method.</param>
internal sealed class AdsCalls<TRequest, TResponse>(string method)
    where TRequest : class, IMessage<TRequest>, new()
    where TResponse : class, IMessage<TResponse>, new()
{
    private readonly Method<TRequest, TResponse> _stream =
        AdsReflection.Descriptor.Services.Single().Method<TRequest, TResponse>(method);

    /// <summary>Begins a stream.</summary>
    public AsyncDuplexStreamingCall<TRequest, TResponse> Open(
        RpcChannel channel, CancellationToken cancellationToken) => channel.CreateCallInvoker()
            .AsyncDuplexStreamingCall(_stream, null, new CallOptions(cancellationToken: cancellationToken));
}
