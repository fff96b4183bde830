using Fairlead.EnvoyApi.Core;
using Fairlead.EnvoyApi.Discovery;
using Fairlead.Rpc;
using Fairlead.Xds;
using Google.Protobuf;

namespace Fairlead.Bench;

/// <summary>Bytes of gRPC messages with their prefixes, to the client and from it.</summary>
internal readonly record struct WireBytes(long Down, long Up);

/// <summary>
/// One aggregated stream that asks as an Envoy does: for every cluster, then for the assignment of each by name; it
/// acknowledges what comes and counts. Its answers are taken by one task; <see cref="TakeAsync"/> is for one caller.
/// </summary>
internal abstract class WireClient : IAsyncDisposable
{
    private const int Prefix = 5;
    private static readonly TimeSpan Step = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    // So long without a message: what a change brings comes within a few ms.
    private const int QuietSteps = 10;

    private readonly CancellationTokenSource _stop = new();
    private long _down;
    private long _up;

    /// <summary>Begins a stream at an address.</summary>
    protected WireClient(string address, string[] names)
    {
        Channel = new RpcChannel(address);
        Names = names;
    }

    protected RpcChannel Channel { get; }

    protected string[] Names { get; }

    protected CancellationToken Stop => _stop.Token;

    private Task? Serving { get; set; }

    /// <summary>What a change brings, counted from it until nothing more comes.</summary>
    public async Task<WireBytes> TakeAsync(Action change, CancellationToken cancellationToken)
    {
        var (down, up) = (Interlocked.Read(ref _down), Interlocked.Read(ref _up));
        change();
        Serving ??= ServeAsync();
        using var bound = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        bound.CancelAfter(Patience);
        for (var (quiet, seen) = (0, down); quiet < QuietSteps;)
        {
            await Task.Delay(Step, TimeProvider.System, bound.Token);
            if (Serving.IsCompleted)
            {
                await Serving;
                throw new InvalidOperationException("the stream ended");
            }

            var now = Interlocked.Read(ref _down);
            quiet = now != seen || now == down ? 0 : quiet + 1;
            seen = now;
        }

        return new(Interlocked.Read(ref _down) - down, Interlocked.Read(ref _up) - up);
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await (Serving ?? Task.CompletedTask).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await Channel.DisposeAsync();
        _stop.Dispose();
    }

    /// <summary>Asks, takes what comes and acknowledges it, until it is told to end.</summary>
    protected abstract Task ServeAsync();

    protected static Node Self() => new() { Id = "shop/frontend", UserAgentName = "envoy" };

    protected T Sent<T>(T message)
        where T : IMessage
    {
        Interlocked.Add(ref _up, message.CalculateSize() + Prefix);
        return message;
    }

    protected T Received<T>(T message)
        where T : IMessage
    {
        Interlocked.Add(ref _down, message.CalculateSize() + Prefix);
        return message;
    }
}

/// <summary>State of the world: an acknowledgement names everything that is asked for.</summary>
internal sealed class SotwWireClient(string address, string[] names) : WireClient(address, names)
{
    protected override async Task ServeAsync()
    {
        using var call = AdsCalls.Sotw.Open(Channel, Stop);
        await call.RequestStream.WriteAsync(
            Sent(new DiscoveryRequest { Node = Self(), TypeUrl = ResourceType.Cluster.TypeUrl }), Stop);
        var isAsked = false;
        while (await call.ResponseStream.MoveNext(Stop))
        {
            var response = Received(call.ResponseStream.Current);
            var isEndpoints = response.TypeUrl == ResourceType.Endpoints.TypeUrl;
            await call.RequestStream.WriteAsync(Sent(AdsCalls.Ack(response, isEndpoints ? Names : [])), Stop);
            if (!isAsked)
            {
                isAsked = true;
                await call.RequestStream.WriteAsync(
                    Sent(new DiscoveryRequest { TypeUrl = ResourceType.Endpoints.TypeUrl, ResourceNames = { Names } }),
                    Stop);
            }
        }
    }
}

/// <summary>Delta: an acknowledgement names nothing.</summary>
internal sealed class DeltaWireClient(string address, string[] names) : WireClient(address, names)
{
    protected override async Task ServeAsync()
    {
        using var call = AdsCalls.Delta.Open(Channel, Stop);
        await call.RequestStream.WriteAsync(
            Sent(new DeltaDiscoveryRequest { Node = Self(), TypeUrl = ResourceType.Cluster.TypeUrl }), Stop);
        var isAsked = false;
        while (await call.ResponseStream.MoveNext(Stop))
        {
            var response = Received(call.ResponseStream.Current);
            await call.RequestStream.WriteAsync(Sent(AdsCalls.Ack(response)), Stop);
            if (!isAsked)
            {
                isAsked = true;
                var request = new DeltaDiscoveryRequest
                {
                    TypeUrl = ResourceType.Endpoints.TypeUrl,
                    ResourceNamesSubscribe = { Names },
                };
                await call.RequestStream.WriteAsync(Sent(request), Stop);
            }
        }
    }
}
