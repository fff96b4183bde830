using Fairlead.Rpc;
using Fairlead.Sidecar.Translation;
using Fairlead.TestKit.Processes;
using Fairlead.Xds;

namespace Fairlead.Sidecar.Tests.Grpc;

/// <summary>
/// A cluster leaves what a client of gRPC asked for by name, as no sidecar has it: calls fail at once and not by the
/// client's own timer, its endpoints are asked for no more, and all is well once it is back.
/// </summary>
public sealed class DroppedClusterTests
{
    private const string Cart = "cart.shop.svc.us1.internal";

    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    // Not grpc-js 1.14.1: it keeps a cluster that is gone as the one that it has, and takes the same once more for no
    // change. A sidecar lets none leave that a client asks for.
    [Theory]
    [InlineData(GrpcLibrary.Core)]
    [InlineData(GrpcLibrary.Go)]
    public async Task Cluster_ThatLeaves_FailsCalls_UntilItIsBack(GrpcLibrary library)
    {
        await using var one = await GrpcWorld.BackendAsync("one");
        await using var two = await GrpcWorld.BackendAsync("two");
        var folder = Directory.CreateTempSubdirectory("fairlead-drop-");
        try
        {
            var views = new OneView();
            var ads = new AdsService(views, new AdsOptions());
            var socket = Path.Combine(folder.FullName, "xds.sock");
            await using var server = await RpcServer.StartAsync(
                new RpcServerOptions { Services = { ads.Define() }, Endpoints = { RpcEndpoint.Unix(socket) } },
                Cancellation);
            await using var client = await LibraryClient.StartAsync(
                library, socket, folder.FullName,
                new Dictionary<int, string> { [one.Port] = "one", [two.Port] = "two" });
            views.Publish(GrpcWorld.Named(Cart, one.Port));
            await client.UntilAsync(Cart, "ok one");

            views.View.Update(builder => builder.Remove(ResourceType.Cluster, Cart + ":80"));
            var said = await client.UntilAsync(Cart, "UNAVAILABLE");
            TestContext.Current.TestOutputHelper!.WriteLine($"{library}: {said}");
            await EndpointsAsync(ads, 0);

            views.Publish(GrpcWorld.Named(Cart, two.Port));
            await client.UntilAsync(Cart, "ok two");
            await EndpointsAsync(ads, 1);
            Assert.All(ads.Streams().Single().Types, type => Assert.Null(type.Refused));
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static Task EndpointsAsync(AdsService ads, int names) => Eventually.HoldsAsync(
        () => Task.FromResult(ads.Streams().Single().Types.Single(type => type.Type == ResourceType.Endpoints)),
        endpoints => endpoints.Names.Length == names, Patience, Cancellation);

    // All that there is, for all.
    private sealed class OneView : IViewProvider, IResourceInterest
    {
        internal OneView() => View = new ResourceView(this);

        internal ResourceView View { get; }

        public ResourceView Open(ClientNode client, ResourceType? only) => View;

        public void Wanted(ResourceType type, string name)
        {
        }

        public void Unwanted(ResourceType type, string name)
        {
        }

        public Resource? Missing(ResourceType type, string name) => null;

        internal void Publish(ServedName name) => View.Update(builder =>
        {
            builder.MarkPrimed();
            var demand = new Demand(true, [], [name.Name], [], IsOverdue: false);
            foreach (var (resource, wildcard) in ServiceResources.Of(Audience.Grpc, name, demand))
            {
                builder.Set(resource, wildcard);
            }
        });
    }
}
