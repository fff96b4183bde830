using Fairlead.EnvoyApi.Clusters;
using Fairlead.EnvoyApi.Core;
using Fairlead.EnvoyApi.Discovery;
using Fairlead.Rpc;
using Google.Protobuf;

namespace Fairlead.Sidecar.Tests.OnDemand;

/// <summary>Asks for clusters on demand as an Envoy does, by the delta method for clusters alone, and remembers what it
/// holds. One caller at a time.</summary>
internal sealed class DemandClient : IAsyncDisposable
{
    private static readonly Method<DeltaDiscoveryRequest, DeltaDiscoveryResponse> Deltas = new(
        MethodType.DuplexStreaming,
        "envoy.service.cluster.v3.ClusterDiscoveryService",
        "DeltaClusters",
        MarshallerOf(DeltaDiscoveryRequest.Parser),
        MarshallerOf(DeltaDiscoveryResponse.Parser));

    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    private readonly RpcChannel _channel;
    private readonly AsyncDuplexStreamingCall<DeltaDiscoveryRequest, DeltaDiscoveryResponse> _call;

    /// <summary>Connects to a unix socket.</summary>
    internal DemandClient(string socket)
    {
        _channel = new RpcChannel("unix:" + socket, new RpcChannelOptions { MaxSendMessageBytes = int.MaxValue });
        _call = _channel.CreateCallInvoker()
            .AsyncDuplexStreamingCall(Deltas, null, new CallOptions(cancellationToken: Cancellation));
    }

    /// <summary>What it holds, by name: each with its version.</summary>
    internal Dictionary<string, string> Held { get; } = new(StringComparer.Ordinal);

    /// <summary>The names that it was told are gone.</summary>
    internal HashSet<string> Gone { get; } = new(StringComparer.Ordinal);

    /// <summary>The bytes of all responses.</summary>
    internal long Bytes { get; private set; }

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    /// <summary>Asks for names.</summary>
    /// <param name="names">The names.</param>
    /// <param name="before">What it says it holds from an earlier stream.</param>
    internal Task AskAsync(IEnumerable<string> names, IReadOnlyDictionary<string, string>? before = null)
    {
        var request = new DeltaDiscoveryRequest
        {
            Node = new Node { Id = "pod", UserAgentName = "envoy" },
            ResourceNamesSubscribe = { names },
        };
        foreach (var (name, version) in before ?? new Dictionary<string, string>())
        {
            request.InitialResourceVersions[name] = version;
        }

        return _call.RequestStream.WriteAsync(request, Cancellation);
    }

    /// <summary>Takes responses, acknowledges each, until it holds all of these; a name may be gone as well.</summary>
    internal async Task AnsweredAsync(IEnumerable<string> names)
    {
        var open = names.ToHashSet(StringComparer.Ordinal);
        while (open.Count > 0)
        {
            foreach (var name in await TakeAsync())
            {
                open.Remove(name);
            }
        }
    }

    /// <summary>Takes responses until something holds.</summary>
    /// <exception cref="TimeoutException">It does not, and there is no other response.</exception>
    internal async Task TakenUntilAsync(Func<bool> holds)
    {
        while (!holds())
        {
            await TakeAsync().WaitAsync(Patience, Cancellation);
        }
    }

    /// <summary>Takes a response and acknowledges it.</summary>
    /// <returns>The names in it.</returns>
    internal async Task<IReadOnlyList<string>> TakeAsync()
    {
        Assert.True(await _call.ResponseStream.MoveNext(Cancellation));
        var response = _call.ResponseStream.Current;
        Bytes += response.CalculateSize();
        foreach (var resource in response.Resources)
        {
            Assert.Equal(resource.Resource_.Unpack<Cluster>().Name, resource.Name);
            Held[resource.Name] = resource.Version;
            Gone.Remove(resource.Name);
        }

        foreach (var name in response.RemovedResources)
        {
            Held.Remove(name);
            Gone.Add(name);
        }

        await _call.RequestStream.WriteAsync(
            new DeltaDiscoveryRequest { ResponseNonce = response.Nonce }, Cancellation);
        return [.. response.Resources.Select(resource => resource.Name), .. response.RemovedResources];
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
