using System.Collections.Concurrent;
using Fairlead.Sidecar.Tests.OnDemand;
using Fairlead.Sidecar.Tests.Proxy;
using Fairlead.Sidecar.Translation;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace Fairlead.Sidecar.Tests.Life;

/// <summary>Active health checks of gRPC in a cluster that an Envoy of another control plane asks for by a locator,
/// which is no authority that a server takes.</summary>
public sealed class GrpcHealthTests
{
    private const string Name = "health" + OnDemandWorld.Suffix;

    [Theory(Explicit = true)]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Cluster_OfALocator_IsAskedUnderItsService(bool isOldest)
    {
        var often = TimeSpan.FromMilliseconds(100);
        await using var world = await OnDemandWorld.StartAsync(
            isOldest, isDelta: true, isAuthority: false, [OnDemandWorld.Checkout],
            clusters: new ClusterSettings
            {
                Health = new HealthSettings("/live", often, TimeSpan.FromSeconds(2), 1, 1),
            });
        var asked = new ConcurrentBag<string>();
        await using var server = await Backend.StartAsync(context => AnswerAsync(context, asked), HttpProtocols.Http2);
        world.Sidecar.Publish(OnDemandWorld.Named(Name, server.Port) with
        {
            Ports = [new ServedPort("grpc", 80, "grpc")],
        });
        await world.ServesAsync(Name, "served");
        Assert.Equal([Name], asked.Distinct());
    }

    // As servers do that serve one authority.
    private static async Task AnswerAsync(HttpContext context, ConcurrentBag<string> asked)
    {
        if (context.Request.Path != "/grpc.health.v1.Health/Check")
        {
            await context.Response.WriteAsync("served");
            return;
        }

        asked.Add(context.Request.Host.Value!);
        var isKnown = context.Request.Host.Value == Name;
        context.Response.ContentType = "application/grpc";
        if (isKnown)
        {
            // status: SERVING
            await context.Response.Body.WriteAsync(new byte[] { 0, 0, 0, 0, 2, 8, 1 });
        }

        context.Response.AppendTrailer("grpc-status", isKnown ? "0" : "12");
    }
}
