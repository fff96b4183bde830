using Fairlead.EnvoyApi.Discovery;
using Fairlead.Rpc;

namespace Fairlead.Bench;

/// <summary>What every delta client here does on an aggregated stream. Stateless.</summary>
internal static class DeltaCalls
{
    private static readonly Method<DeltaDiscoveryRequest, DeltaDiscoveryResponse> Stream =
        AdsReflection.Descriptor.Services.Single()
            .Method<DeltaDiscoveryRequest, DeltaDiscoveryResponse>("DeltaAggregatedResources");

    /// <summary>Begins a stream.</summary>
    public static AsyncDuplexStreamingCall<DeltaDiscoveryRequest, DeltaDiscoveryResponse> Open(
        RpcChannel channel, CancellationToken cancellationToken) => channel.CreateCallInvoker()
            .AsyncDuplexStreamingCall(Stream, null, new CallOptions(cancellationToken: cancellationToken));

    /// <summary>The acknowledgement of a response, which names nothing.</summary>
    public static DeltaDiscoveryRequest Ack(DeltaDiscoveryResponse response) => new()
    {
        TypeUrl = response.TypeUrl,
        ResponseNonce = response.Nonce,
    };
}
