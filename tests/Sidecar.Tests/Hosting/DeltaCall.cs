using Fairlead.EnvoyApi.Clusters;
using Fairlead.EnvoyApi.Core;
using Fairlead.EnvoyApi.Discovery;
using Fairlead.Rpc;
using Google.Protobuf;

namespace Fairlead.Sidecar.Tests.Hosting;

/// <summary>One delta stream of one type over the loopback address.</summary>
internal sealed class DeltaCall : IAsyncDisposable
{
    private readonly CancellationToken _cancellation;
    private readonly RpcChannel _channel;
    private readonly AsyncDuplexStreamingCall<DeltaDiscoveryRequest, DeltaDiscoveryResponse> _call;
    private bool _isOpen;

    internal DeltaCall(Sidecar.Hosting.SidecarHost host, string kind, CancellationToken cancellation)
    {
        _cancellation = cancellation;
        _channel = new RpcChannel($"http://{host.Server.Endpoints[1].Address}");
        var name = char.ToUpperInvariant(kind[0]) + kind[1..];
        _call = _channel.CreateCallInvoker().AsyncDuplexStreamingCall(
            new Method<DeltaDiscoveryRequest, DeltaDiscoveryResponse>(
                MethodType.DuplexStreaming, $"envoy.service.{kind}.v3.{name}DiscoveryService", $"Delta{name}s",
                MarshallerOf(DeltaDiscoveryRequest.Parser), MarshallerOf(DeltaDiscoveryResponse.Parser)),
            null,
            new CallOptions(cancellationToken: cancellation));
    }

    internal IReadOnlyList<Fairlead.EnvoyApi.Discovery.Resource> Last { get; private set; } = [];

    internal async Task AskAsync(string name)
    {
        var request = new DeltaDiscoveryRequest { ResourceNamesSubscribe = { name } };
        request.Node = _isOpen ? null : new Node { Id = "test", UserAgentName = "envoy" };
        _isOpen = true;
        await _call.RequestStream.WriteAsync(request, _cancellation);
    }

    /// <summary>The names in the next response, which is taken.</summary>
    internal async Task<IEnumerable<string>> NextAsync()
    {
        Assert.True(await _call.ResponseStream.MoveNext(_cancellation));
        var response = _call.ResponseStream.Current;
        Assert.Empty(response.RemovedResources);
        await _call.RequestStream.WriteAsync(
            new DeltaDiscoveryRequest { ResponseNonce = response.Nonce }, _cancellation);
        Last = response.Resources;
        return Last.Select(resource => resource.Name).Order(StringComparer.Ordinal);
    }

    /// <summary>The cluster of a name once it is this: on a slow machine it is pending first.</summary>
    internal async Task<Cluster> UntilAsync(string name, Func<Cluster, bool> isKnown)
    {
        while (true)
        {
            await NextAsync();
            var told = Last.Where(one => one.Name == name).Select(one => Cluster.Parser.ParseFrom(
                one.Resource_.Value));
            if (told.FirstOrDefault(isKnown) is { } known)
            {
                return known;
            }
        }
    }

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
