using Fairlead.EnvoyApi.Discovery;
using Fairlead.Rpc;

namespace Fairlead.Bench;

/// <summary>What every state-of-the-world client here does on an aggregated stream. Stateless.</summary>
internal static class SotwCalls
{
    private static readonly Method<DiscoveryRequest, DiscoveryResponse> Stream =
        AdsReflection.Descriptor.Services.Single()
            .Method<DiscoveryRequest, DiscoveryResponse>("StreamAggregatedResources");

    /// <summary>Begins a stream.</summary>
    public static AsyncDuplexStreamingCall<DiscoveryRequest, DiscoveryResponse> Open(
        RpcChannel channel, CancellationToken cancellationToken) => channel.CreateCallInvoker()
            .AsyncDuplexStreamingCall(Stream, null, new CallOptions(cancellationToken: cancellationToken));

    /// <summary>The acknowledgement of a response, which names again what is asked for.</summary>
    public static DiscoveryRequest Ack(DiscoveryResponse response, params IEnumerable<string> names) => new()
    {
        TypeUrl = response.TypeUrl,
        ResourceNames = { names },
        VersionInfo = response.VersionInfo,
        ResponseNonce = response.Nonce,
    };
}
