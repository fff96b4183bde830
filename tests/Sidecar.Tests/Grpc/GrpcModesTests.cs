using Fairlead.Sidecar.Translation;
using Fairlead.TestKit.Processes;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using static Fairlead.Sidecar.Tests.Grpc.GrpcWorld;
using World = Fairlead.Sidecar.Tests.OnDemand.OnDemandWorld;

namespace Fairlead.Sidecar.Tests.Grpc;

/// <summary>
/// What the xDS clients of gRPC's libraries make of what a sidecar serves, in all that becomes of a name and of the
/// sidecar: where a call may fail stands here, and by which words; elsewhere it is answered.
/// </summary>
public sealed class GrpcModesTests(ITestOutputHelper output)
{
    private const string Cart = "cart" + World.Suffix;
    private const string Other = "other" + World.Suffix;
    private const string Denied = "denied" + World.Suffix;
    private const int Calls = 10;

    /// <summary>What is changed, emptied, and badly made while it is in use.</summary>
    [Theory]
    [InlineData(GrpcLibrary.Js)]
    [InlineData(GrpcLibrary.Go)]
    public Task Endpoints_AreFollowed_AndBadOnesRefused(GrpcLibrary library) => EndpointsAsync(library);

    /// <summary>What is lost, and what leads nowhere.</summary>
    [Theory]
    [InlineData(GrpcLibrary.Js)]
    [InlineData(GrpcLibrary.Go)]
    public async Task Name_IsServedThroughACutAndARestart_AndFailsAtOnceWhereItLeadsNowhere(GrpcLibrary library)
    {
        await ComeAndGoAsync(library);
        await NegativesAsync(library);
    }

    /// <summary>Without authorities a plain name is served as with them.</summary>
    [Theory]
    [InlineData(GrpcLibrary.Core)]
    [InlineData(GrpcLibrary.Js)]
    [InlineData(GrpcLibrary.Go)]
    public async Task Name_OfAClientWithoutFederation_IsServed(GrpcLibrary library)
    {
        await using var world = await StartAsync(library, isFederated: false);
        world.Sidecar.Publish(Named(Cart, world.Ports.One));
        await world.Client.UntilAsync(Cart, "ok one");
        world.Sidecar.Publish(Named(Cart, world.Ports.Two));
        await world.Client.UntilAsync(Cart, "ok two");
        var stream = Assert.Single(world.Sidecar.Streams);
        Assert.Equal(["cds", "eds", "lds", "rds"], stream.Types.Select(type => type.Type.ShortName));
        Assert.All(stream.Types, type => Assert.Null(type.Refused));
    }

    /// <summary>No change reaches a call that is open: it has an end of its own (gRPC A31).</summary>
    [Theory]
    [InlineData(GrpcLibrary.Core)]
    [InlineData(GrpcLibrary.Js)]
    [InlineData(GrpcLibrary.Go)]
    public async Task Call_OfAStrictName_EndsWhenAStreamMustNotBeOpenLonger(GrpcLibrary library)
    {
        await using var world = await StartAsync(library);
        await using var silent = await Proxy.Backend.StartAsync(
            context => Task.Delay(Timeout.InfiniteTimeSpan, context.RequestAborted), HttpProtocols.Http2);
        world.Sidecar.Publish(Named(Cart, silent.Port) with { StreamMax = TimeSpan.FromSeconds(1) });

        // By itself it gives a call up after 60 s.
        var (_, took) = await Eventually.HoldsAsync(
            async () =>
            {
                var started = TimeProvider.System.GetTimestamp();
                var said = await world.Client.AskAsync(Cart);
                output.WriteLine($"{library}: {said}");
                return (Said: said, Took: TimeProvider.System.GetElapsedTime(started));
            },
            one => one.Said.Replace("_", "").StartsWith("DEADLINEEXCEEDED", StringComparison.OrdinalIgnoreCase),
            TimeSpan.FromMinutes(2), TestContext.Current.CancellationToken);
        Assert.InRange(took, TimeSpan.Zero, TimeSpan.FromSeconds(45));
        Assert.All(Assert.Single(world.Sidecar.Streams).Types, type => Assert.Null(type.Refused));
    }

    [Fact]
    public Task Name_OfTheSidecarsAuthority_IsServedBesideAnotherControlPlane() => AuthorityAsync(GrpcLibrary.Core);

    /// <summary>All of it for all of them.</summary>
    [Theory(Explicit = true)]
    [InlineData(GrpcLibrary.Core)]
    [InlineData(GrpcLibrary.Js)]
    [InlineData(GrpcLibrary.Go)]
    public async Task Modes_OfANameAndOfTheSidecar_ComeToWhatIsDue(GrpcLibrary library)
    {
        await EndpointsAsync(library);
        await ComeAndGoAsync(library);
        await NegativesAsync(library);
        await AuthorityAsync(library);
    }

    // Listener, routes, cluster and endpoints: a plain name among them would be asked for elsewhere.
    private async Task AuthorityAsync(GrpcLibrary library)
    {
        await using var world = await StartAsync(library, isAuthority: true);
        world.Sidecar.Publish(Named(Cart, world.Ports.One));
        await world.Client.UntilAsync($"xds://fairlead/{Cart}:80", "ok one");
        world.Sidecar.Publish(Named(Cart, world.Ports.Two));
        await world.Client.UntilAsync($"xds://fairlead/{Cart}:80", "ok two");
        world.Sidecar.Publish(ServedName.Without(Denied, Reasons.Denied, []));
        await FailsAsync(world, $"xds://fairlead/{Denied}", "denied");
        Assert.NotEmpty(world.Sidecar.Streams);
        foreach (var stream in world.Sidecar.Streams)
        {
            Assert.Equal(["cds", "eds", "lds", "rds"], stream.Types.Select(type => type.Type.ShortName));
            Assert.All(stream.Types, type => Assert.Null(type.Refused));
        }
    }

    private async Task EndpointsAsync(GrpcLibrary library)
    {
        await using var world = await StartAsync(library);
        world.Sidecar.Publish(Named(Cart, world.Ports.One));
        await world.Client.UntilAsync(Cart, "ok one");
        var stream = Assert.Single(world.Sidecar.Streams);
        output.WriteLine($"{library}: {stream.Node.UserAgent} {stream.Node.UserAgentVersion}");
        Assert.True(stream.Node.IsGrpc, stream.Node.UserAgent);
        Assert.Equal(["cds", "eds", "lds", "rds"], stream.Types.Select(type => type.Type.ShortName));
        Assert.All(stream.Types, type => Assert.Null(type.Refused));

        world.Sidecar.Publish(Named(Cart, world.Ports.Two));
        await world.Client.UntilAsync(Cart, "ok two");

        // One address in two zones is one endpoint: said twice, grpc-go refuses all of them.
        var once = Named(Cart, world.Ports.One);
        world.Sidecar.Publish(once with { Endpoints = [once.Endpoints[0], once.Endpoints[0] with { Zone = "b" }] });
        await world.Client.UntilAsync(Cart, "ok one");

        world.Sidecar.Publish(Named(Cart));
        await FailsAsync(world, Cart, "empty");
        world.Sidecar.Publish(Named(Cart, world.Ports.Two));
        await world.Client.UntilAsync(Cart, "ok two");

        // Refused, once and for what it is; what was good before is used on.
        var (bad, words) = Bad(library, world.Ports.One);
        world.Sidecar.Publish(bad);
        await world.EndpointsAsync(Cart, type => type.Refused is not null);
        var refused = world.EndpointsOf(Cart)!.Refused!;
        output.WriteLine($"{library} refuses: {refused.Code} {refused.Message}");
        Assert.Contains(words, refused.Message, StringComparison.Ordinal);
        await AllAreAsync(world, Cart, "ok two");

        // Beside a good one, which is followed.
        world.Sidecar.Publish(Named(Other, world.Ports.One));
        await world.Client.UntilAsync(Other, "ok one");
        world.Sidecar.Publish(Bad(library, world.Ports.Two).Name, Named(Other, world.Ports.Two));
        await world.Client.UntilAsync(Other, "ok two");
        world.Sidecar.Publish(Named(Other, world.Ports.One));
        await world.Client.UntilAsync(Other, "ok one");
        Assert.Contains(Cart, Assert.Single(world.EndpointsOf(Cart)!.RefusedNames), StringComparison.Ordinal);
        await AllAreAsync(world, Cart, "ok two");

        world.Sidecar.Publish(Named(Cart, world.Ports.One));
        await world.Client.UntilAsync(Cart, "ok one");
        await world.EndpointsAsync(Cart, type => type.Refused is null && type.RefusedNames.IsEmpty);
        await AllAreAsync(world, Other, "ok one");
    }

    private static async Task ComeAndGoAsync(GrpcLibrary library)
    {
        await using var world = await StartAsync(library);
        world.Sidecar.Publish(Named(Cart, world.Ports.One));
        await world.Client.UntilAsync(Cart, "ok one");

        // The connection ends: what the client has it keeps, and comes back.
        var moment = TimeProvider.System.GetUtcNow();
        world.Cut();
        await AllAreAsync(world, Cart, "ok one");
        await world.StreamSinceAsync(moment);
        await AllAreAsync(world, Cart, "ok one");
        world.Sidecar.Publish(Named(Cart, world.Ports.Two));
        await world.Client.UntilAsync(Cart, "ok two");

        // The sidecar ends, and another one starts that knows nothing yet: it says nothing that takes away.
        await world.Sidecar.StopAsync();
        await AllAreAsync(world, Cart, "ok two");
        moment = TimeProvider.System.GetUtcNow();
        await world.Sidecar.StartAsync(isAnswering: false);
        await world.StreamSinceAsync(moment);
        await AllAreAsync(world, Cart, "ok two");
        world.Sidecar.Answer();
        await AllAreAsync(world, Cart, "ok two");
        world.Sidecar.Publish(Named(Cart, world.Ports.One));
        await world.Client.UntilAsync(Cart, "ok one");
    }

    // Not by the client's own timer, after which it says that a resource does not exist: there is an answer.
    private async Task NegativesAsync(GrpcLibrary library)
    {
        await using var world = await StartAsync(library);
        world.Sidecar.Publish(World.Ended(Other, Reasons.Absent, wasServed: false));
        world.Sidecar.Publish(World.Ended(Denied, Reasons.Denied, wasServed: false));
        world.Sidecar.Publish(Named(Cart, world.Ports.One));
        await FailsAsync(world, Other, "absent");
        await FailsAsync(world, Denied, "denied");
        await world.Client.UntilAsync(Cart, "ok one");

        world.Sidecar.Publish(Named(Other, world.Ports.Two));
        await world.Client.UntilAsync(Other, "ok two");
        world.Sidecar.Publish(Named(Denied, world.Ports.Two));
        await world.Client.UntilAsync(Denied, "ok two");

        world.Sidecar.Publish(World.Ended(Cart, Reasons.Denied, wasServed: true));
        await FailsAsync(world, Cart, "denied in use");
        world.Sidecar.Publish(Named(Cart, world.Ports.One));
        await world.Client.UntilAsync(Cart, "ok one");
        world.Sidecar.Publish(World.Ended(Cart, Reasons.Absent, wasServed: true));
        await FailsAsync(world, Cart, "removed in use");
        world.Sidecar.Publish(Named(Cart, world.Ports.One));
        await world.Client.UntilAsync(Cart, "ok one");
        Assert.All(world.Sidecar.Streams.SelectMany(stream => stream.Types), type => Assert.Null(type.Refused));
    }

    private async Task FailsAsync(GrpcWorld world, string name, string how)
    {
        var said = await world.Client.UntilAsync(name, "UNAVAILABLE");
        output.WriteLine($"{how}: {said}");
        Assert.DoesNotContain("does not exist", said, StringComparison.Ordinal);
    }

    private static async Task AllAreAsync(GrpcWorld world, string name, string answer)
    {
        for (var i = 0; i < Calls; i++)
        {
            Assert.Equal(answer, await world.Client.AskAsync(name));
        }
    }

    // What each of them takes nothing of: grpc-go looks up what is no address.
    private static (ServedName Name, string Words) Bad(GrpcLibrary library, int port)
    {
        var named = Named(Cart, port);
        return library == GrpcLibrary.Go
            ? (named with { Endpoints = [named.Endpoints[0] with { Weight = 0 }] }, "zero weight")
            : (named with { Endpoints = [named.Endpoints[0] with { Address = "not-an-address" }] }, "not-an-address");
    }
}
