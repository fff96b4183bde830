using System.Net;
using System.Net.Sockets;
using Fairlead.Sidecar.Hosting;
using Fairlead.Sidecar.Translation;
using Fairlead.Xds;
using static Fairlead.Sidecar.Tests.OnDemand.OnDemandWorld;

namespace Fairlead.Sidecar.Tests.OnDemand;

/// <summary>The sidecar's own request, so that no user's is the first in the life of an Envoy.</summary>
public sealed class FirstRequestTests
{
    private const string Cart = "cart" + Suffix;
    private const string Asked = "first-request.fairlead.svc.us1.internal";

    // Shorter than the sidecar waits for an answer to its own request, which the filter holds to the end.
    private const string Wait = "5s";

    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    /// <summary>The collection is empty, so that without it a user's first request would ask for nothing and
    /// fail.</summary>
    [Fact]
    public async Task NewestEnvoy_ServesTheFirstUser_OfANameThatNobodyUsedBefore()
    {
        await using var world = await StartAsync(
            isOldest: false, isDelta: true, isAuthority: false, imports: [], wait: Wait);
        world.Sidecar.Publish(Named(Cart, world.Ports.Two));
        await RunAsync(world);
        var first = await world.GetAsync(Cart);
        Assert.Equal((200, "two"), (first.Status, first.Body));
    }

    [Fact(Explicit = true)]
    public async Task OldestEnvoy_ServesTheFirstUser_OfANameThatNobodyUsedBefore()
    {
        await using var world = await StartAsync(
            isOldest: true, isDelta: true, isAuthority: false, imports: [], wait: Wait);
        world.Sidecar.Publish(Named(Cart, world.Ports.Two));
        await RunAsync(world);
        var first = await world.GetAsync(Cart);
        Assert.Equal((200, "two"), (first.Status, first.Body));
    }

    [Fact]
    public async Task Request_IsSentAgain_UntilSomebodyAnswers_AndAsksOnDemand()
    {
        using var bounded = CancellationTokenSource.CreateLinkedTokenSource(Cancellation);
        bounded.CancelAfter(Patience);
        IReadOnlyList<StreamStatus> streams = [];
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var at = (IPEndPoint)listener.LocalEndpoint;
        var looks = 0;
        var request = new FirstRequest(
            at,
            () => Interlocked.Increment(ref looks) == 1 ? [Asked] : [Asked, "first-request.fairlead.svc.eu1.internal"],
            () => streams,
            TimeProvider.System);
        Assert.Equal($"envoy: no answer from {at}", request.Pending);
        var running = request.RunAsync(bounded.Token);

        // Whoever is there at first says nothing, and then answers by itself.
        (await listener.AcceptTcpClientAsync(bounded.Token)).Dispose();
        Assert.Equal("Host: first-request.fairlead.svc.us1.internal", await AnswerAsync());
        using (var again = await listener.AcceptTcpClientAsync(bounded.Token))
        {
            Assert.Equal(
                $"envoy: {at} answers first-request.fairlead.svc.us1.internal itself, and asks for nothing on demand",
                request.Pending);
            streams = [Asks("checkout.shop.svc.us1.internal")];

            // What the pod uses by then is asked for too.
            Assert.Equal("Host: first-request.fairlead.svc.eu1.internal", await AnswerAsync(again));
        }

        using (var last = await listener.AcceptTcpClientAsync(bounded.Token))
        {
            Assert.NotNull(request.Pending);
            streams = [Asks("checkout.shop.svc.us1.internal", ClusterNames.Glob)];
            await AnswerAsync(last);
        }

        await running.WaitAsync(bounded.Token);
        Assert.Null(request.Pending);

        async Task<string> AnswerAsync(TcpClient? client = null)
        {
            using var taken = client ?? await listener.AcceptTcpClientAsync(bounded.Token);
            var stream = taken.GetStream();
            using var reader = new StreamReader(stream, leaveOpen: true);
            var host = "";
            while (await reader.ReadLineAsync(bounded.Token) is { Length: > 0 } line)
            {
                host = line.StartsWith("Host:", StringComparison.Ordinal) ? line : host;
            }

            await stream.WriteAsync(
                "HTTP/1.1 404 No\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"u8.ToArray(), bounded.Token);
            return host;
        }
    }

    /// <summary>By the collection in any context, or by the name itself in any spelling; not by another name, nor by
    /// what is no cluster.</summary>
    [Theory]
    [InlineData("cds", ClusterNames.Glob, true)]
    [InlineData("cds", ClusterNames.Glob + "?xds.node.id=a", true)]
    [InlineData("cds", "xdstp://fairlead/envoy.config.cluster.v3.Cluster/" + Asked, true)]
    [InlineData("cds", Asked + ":80", true)]
    [InlineData("cds", Cart, false)]
    [InlineData("eds", Asked + ":80", false)]
    public void Envoy_ThatAsksOnDemand_IsKnownByWhatItAsksFor(string type, string name, bool isAsked)
    {
        var asks = Asks(name);
        var kind = ResourceType.All.Single(one => one.ShortName == type);
        asks = asks with { Types = [asks.Types[0] with { Type = kind }] };
        Assert.Equal(isAsked, FirstRequest.IsAsked([asks], Asked));
    }

    private static StreamStatus Asks(params string[] names) => new(
        1, "unix", "cds delta", ClientNode.Anonymous, default,
        [new TypeStatus(ResourceType.Cluster, false, [.. names], 0, "", null, "", null, false, null)]);

    private static Task RunAsync(OnDemandWorld world) =>
        new FirstRequest(
            world.Envoy.Listeners[0], () => [Asked], () => world.Sidecar.Streams, TimeProvider.System)
            .RunAsync(Cancellation).WaitAsync(Patience, Cancellation);
}
