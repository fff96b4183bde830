using System.Net;
using System.Net.Sockets;
using Fairlead.Sidecar.Hosting;
using static Fairlead.Sidecar.Tests.OnDemand.OnDemandWorld;

namespace Fairlead.Sidecar.Tests.OnDemand;

/// <summary>The sidecar's own request, so that no user's is the first in the life of an Envoy.</summary>
public sealed class FirstRequestTests
{
    private const string Cart = "cart" + Suffix;

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
        await RunAsync(world.Envoy.Listeners[0]);
        var first = await world.GetAsync(Cart);
        Assert.Equal((200, "two"), (first.Status, first.Body));
    }

    [Fact(Explicit = true)]
    public async Task OldestEnvoy_ServesTheFirstUser_OfANameThatNobodyUsedBefore()
    {
        await using var world = await StartAsync(
            isOldest: true, isDelta: true, isAuthority: false, imports: [], wait: Wait);
        world.Sidecar.Publish(Named(Cart, world.Ports.Two));
        await RunAsync(world.Envoy.Listeners[0]);
        var first = await world.GetAsync(Cart);
        Assert.Equal((200, "two"), (first.Status, first.Body));
    }

    [Fact]
    public async Task Request_IsSentAgain_UntilSomebodyAnswers()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var at = (IPEndPoint)listener.LocalEndpoint;
        var request = new FirstRequest(at, "eu1.internal", TimeProvider.System);
        Assert.Equal($"envoy: no answer from {at}", request.Pending);
        var running = request.RunAsync(Cancellation);

        // Whoever is there at first says nothing.
        (await listener.AcceptTcpClientAsync(Cancellation)).Dispose();
        using var next = await listener.AcceptTcpClientAsync(Cancellation);
        var stream = next.GetStream();
        using var reader = new StreamReader(stream, leaveOpen: true);
        var head = new List<string>();
        while (await reader.ReadLineAsync(Cancellation) is { Length: > 0 } line)
        {
            head.Add(line);
        }

        Assert.NotNull(request.Pending);
        await stream.WriteAsync("HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n"u8.ToArray(), Cancellation);
        await running.WaitAsync(Patience, Cancellation);
        Assert.Null(request.Pending);
        Assert.Contains("Host: first-request.fairlead.svc.eu1.internal", head);
    }

    private static Task RunAsync(IPEndPoint envoy) =>
        new FirstRequest(envoy, "us1.internal", TimeProvider.System).RunAsync(Cancellation)
            .WaitAsync(Patience, Cancellation);
}
