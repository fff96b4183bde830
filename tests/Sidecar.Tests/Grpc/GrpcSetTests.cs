using Fairlead.Sidecar.Translation;
using static Fairlead.Sidecar.Tests.Grpc.GrpcWorld;
using World = Fairlead.Sidecar.Tests.OnDemand.OnDemandWorld;

namespace Fairlead.Sidecar.Tests.Grpc;

/// <summary>
/// A name that two segments serve, at the xDS clients of gRPC's libraries: calls go to the first while an endpoint of
/// it takes them, else to the second, and back.
/// </summary>
public sealed class GrpcSetTests
{
    private const string Catalog = "catalog.shop.svc.clusterset.local";

    // Nobody listens there.
    private const int Nobody = 1;

    [Theory]
    [InlineData(GrpcLibrary.Js)]
    [InlineData(GrpcLibrary.Go)]
    public Task Set_IsServedByItsFirstMember_ElseByTheNext(GrpcLibrary library) => RunAsync(library);

    [Fact(Explicit = true)]
    public Task Set_AtTheCore_IsServedByItsFirstMember_ElseByTheNext() => RunAsync(GrpcLibrary.Core);

    private static async Task RunAsync(GrpcLibrary library)
    {
        await using var world = await StartAsync(library);
        var (one, two) = world.Ports;
        world.Sidecar.Publish(Set(one, two));
        await world.Client.UntilAsync(Catalog, "ok one");
        for (var i = 0; i < 10; i++)
        {
            Assert.Equal("ok one", await world.Client.AskAsync(Catalog));
        }

        // It is withdrawn, comes back, does not answer, and is back.
        world.Sidecar.Publish(Set(null, two));
        await world.Client.UntilAsync(Catalog, "ok two");
        world.Sidecar.Publish(Set(one, two));
        await world.Client.UntilAsync(Catalog, "ok one");
        world.Sidecar.Publish(Set(Nobody, two));
        await world.Client.UntilAsync(Catalog, "ok two");
        world.Sidecar.Publish(Set(one, Nobody));
        await world.Client.UntilAsync(Catalog, "ok one");
        Assert.All(world.Sidecar.Streams.SelectMany(stream => stream.Types), type => Assert.Null(type.Refused));
    }

    private static ServedName Set(int? first, int second)
    {
        var set = Named(Catalog);
        return set with
        {
            Endpoints = [.. first is { } port ? Of("us1.internal", 0, port) : [], .. Of("eu1.internal", 1, second)],
        };

        IEnumerable<ServedEndpoint> Of(string segment, int priority, int port) =>
            World.Named(Catalog, port).Endpoints.Select(one => one with
            {
                Region = segment,
                Member = new ServedMember(
                    $"catalog.shop.svc.{segment}", priority, 1, set.Provenance! with { Segment = segment }),
            });
    }
}
