using System.Net;
using System.Net.Sockets;
using Fairlead.Sidecar.Hosting;
using Fairlead.Sidecar.Tests.Proxy;
using Microsoft.AspNetCore.Http;
using static Fairlead.Sidecar.Tests.OnDemand.OnDemandWorld;

namespace Fairlead.Sidecar.Tests.OnDemand;

/// <summary>The sidecar's own request, so that no user's is the first in the life of an Envoy.</summary>
public sealed class FirstRequestTests
{
    private const string Cart = "cart" + Suffix;

    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    /// <summary>The collection is empty, so that without it a user's first request would ask for nothing and
    /// fail.</summary>
    [Fact]
    public async Task NewestEnvoy_ServesTheFirstUser_OfANameThatNobodyUsedBefore()
    {
        await using var world = await StartAsync(isOldest: false, isDelta: true, isAuthority: false, imports: []);
        world.Sidecar.Publish(Named(Cart, world.Ports.Two));
        await RunAsync(world.Envoy.Listeners[0]);
        var first = await world.GetAsync(Cart);
        Assert.Equal((200, "two"), (first.Status, first.Body));
    }

    [Fact(Explicit = true)]
    public async Task OldestEnvoy_ServesTheFirstUser_OfANameThatNobodyUsedBefore()
    {
        await using var world = await StartAsync(isOldest: true, isDelta: true, isAuthority: false, imports: []);
        world.Sidecar.Publish(Named(Cart, world.Ports.Two));
        await RunAsync(world.Envoy.Listeners[0]);
        var first = await world.GetAsync(Cart);
        Assert.Equal((200, "two"), (first.Status, first.Body));
    }

    [Fact]
    public async Task Request_IsSentAgain_UntilSomebodyAnswers()
    {
        using var free = new TcpListener(IPAddress.Loopback, 0);
        free.Start();
        var at = (IPEndPoint)free.LocalEndpoint;
        var request = new FirstRequest(at, "eu1.internal", TimeProvider.System);
        Assert.Equal($"envoy: no answer from {at}", request.Pending);
        var running = request.RunAsync(Cancellation);

        // Whoever is there at first says nothing.
        (await free.AcceptTcpClientAsync(Cancellation)).Dispose();
        free.Stop();
        var host = "";
        await using var backend = await Backend.StartAsync(
            context =>
            {
                host = context.Request.Host.Value!;
                context.Response.StatusCode = StatusCodes.Status503ServiceUnavailable;
                return Task.CompletedTask;
            },
            at: at);
        await running.WaitAsync(Patience, Cancellation);
        Assert.Null(request.Pending);
        Assert.Equal("first-request.fairlead.svc.eu1.internal", host);
    }

    private static Task RunAsync(IPEndPoint envoy) =>
        new FirstRequest(envoy, "us1.internal", TimeProvider.System).RunAsync(Cancellation)
            .WaitAsync(Patience, Cancellation);
}
