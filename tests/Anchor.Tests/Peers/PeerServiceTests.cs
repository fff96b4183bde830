using System.Collections.Concurrent;
using System.Net;
using Fairlead.Anchor.Peers;
using Fairlead.Governance;
using Fairlead.Protocol.V1;
using Fairlead.Rpc;
using Fairlead.TestKit;
using Fairlead.TestKit.Processes;

namespace Fairlead.Anchor.Tests.Peers;

/// <summary>What other anchors say is taken over one stream of each of them, the newest.</summary>
public sealed class PeerServiceTests : IAsyncLifetime
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    private readonly TestSegment _segment = new();
    private readonly TlsIdentity _server = new(TestKeys.Ecdsa(102), TimeProvider.System);
    private readonly TlsIdentity _second = new(TestKeys.Ecdsa(105), TimeProvider.System);
    private readonly TlsIdentity _third = new(TestKeys.Ecdsa(108), TimeProvider.System);
    private readonly TaskCompletionSource _free = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly ConcurrentQueue<(string From, long Epoch)> _heard = new();
    private readonly List<IAsyncDisposable> _open = [];

    public async ValueTask InitializeAsync()
    {
        var service = new PeerService(
            "us1-a", () => _segment.Newest.Value, HearAsync, _ => throw new InvalidOperationException("not asked"));
        _open.Add(await RpcServer.StartAsync(
            new RpcServerOptions
            {
                Endpoints = { RpcEndpoint.Tcp(new IPEndPoint(IPAddress.Loopback, 0), new RpcServerTls(_server)) },
                Services = { service.Build() },
            },
            TestContext.Current.CancellationToken));
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var one in Enumerable.Reverse(_open))
        {
            await one.DisposeAsync();
        }

        _server.Dispose();
        _second.Dispose();
        _third.Dispose();
    }

    /// <summary>Also one whose word waits for room, and one beside others on the same connection: each of them could
    /// hold a message of the largest size.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Gossip_OnceMore_EndsTheStreamBefore(bool isSameConnection)
    {
        var calls = Connect(_second);
        using var other = await GossipAsync(Connect(_third));
        var streams = new List<AsyncClientStreamingCall<PeerMessage, GossipClosed>> { await GossipAsync(calls) };
        for (var i = 1; i <= 3; i++)
        {
            await streams[^1].RequestStream.WriteAsync(Ask(i));
            await HeardAsync(("us1-b", i));
            streams.Add(await GossipAsync(isSameConnection ? calls : Connect(_second)));
            var ended = await Assert.ThrowsAsync<RpcException>(
                () => streams[^2].ResponseAsync.WaitAsync(Patience, TestContext.Current.CancellationToken));
            Assert.Equal(StatusCode.Aborted, ended.StatusCode);
            Assert.Contains("a newer stream of us1-b", ended.Status.Detail, StringComparison.Ordinal);
        }

        // The newest one and those of others go on.
        _free.SetResult();
        await streams[^1].RequestStream.WriteAsync(Ask(8));
        await HeardAsync(("us1-b", 8));
        await other.RequestStream.WriteAsync(Ask(9));
        await HeardAsync(("us1-c", 9));

        // One that ended of itself leaves its place to the next.
        await streams[^1].RequestStream.CompleteAsync();
        await streams[^1].ResponseAsync.WaitAsync(Patience, TestContext.Current.CancellationToken);
        using var last = await GossipAsync(calls);
        await last.RequestStream.WriteAsync(Ask(10));
        await HeardAsync(("us1-b", 10));
        Assert.False(other.ResponseAsync.IsCompleted);
        streams.ForEach(stream => stream.Dispose());
    }

    private static PeerMessage Ask(long epoch) => SegmentWire.Write(new SegmentMessage.Ask(epoch));

    private async ValueTask HearAsync(
        string from, SegmentMessage message, int bytes, CancellationToken cancellationToken)
    {
        _heard.Enqueue((from, Assert.IsType<SegmentMessage.Ask>(message).Epoch));
        await _free.Task.WaitAsync(cancellationToken);
    }

    private Task HeardAsync((string From, long Epoch) one) => Eventually.HoldsAsync(
        () => Task.FromResult(_heard.Contains(one)), isHeard => isHeard, Patience,
        TestContext.Current.CancellationToken);

    private CallInvoker Connect(TlsIdentity identity)
    {
        var server = (RpcServer)_open[0];
        var channel = new RpcChannel(
            $"https://{server.Endpoints[0].Address}",
            new RpcChannelOptions
            {
                Identity = identity, ServerKeyCheck = _ => true, TimeProvider = TimeProvider.System,
            });
        _open.Add(channel);
        return channel.CreateCallInvoker();
    }

    private static async Task<AsyncClientStreamingCall<PeerMessage, GossipClosed>> GossipAsync(CallInvoker calls)
    {
        var call = calls.AsyncClientStreamingCall(
            PeerMethods.Gossip, null, new CallOptions(cancellationToken: TestContext.Current.CancellationToken));
        await call.ResponseHeadersAsync.WaitAsync(Patience, TestContext.Current.CancellationToken);
        return call;
    }
}
