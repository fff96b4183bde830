using Fairlead.EnvoyApi.Core;
using Fairlead.EnvoyApi.Discovery;
using Fairlead.Rpc;
using Fairlead.TestKit.Processes;
using Google.Protobuf.WellKnownTypes;
using Xunit;
using static Fairlead.Xds.Tests.Fixtures;

namespace Fairlead.Xds.Tests.Functional;

/// <summary>Who clients are, over real calls: those that say nothing, and those that say it a thousand times.</summary>
public sealed class ClientIdentityTests
{
    private static readonly ResourceType Cds = ResourceType.Cluster;
    private static readonly ResourceType Eds = ResourceType.Endpoints;
    private static readonly TimeSpan Bound = TimeSpan.FromMinutes(1);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    /// <summary>Clients without a name are not one client: what one gives up the other has not lost.</summary>
    [Fact]
    public async Task Clients_WithoutAName_DoNotSpeakForEachOther()
    {
        await using var host = await AdsHost.StartAsync();
        host.Publish(Cluster("a"), Endpoints("a", 1));
        await using var one = new VariantClient(Variant.DeltaPerType, host.Socket, Cancellation, node: "");
        await using var other = new VariantClient(Variant.DeltaPerType, host.Socket, Cancellation, node: "");
        await one.SubscribeAsync(Cds, "a");
        Assert.Equal("cds a", await one.NextAsync(Cds));
        await other.SubscribeAsync(Eds, "a");
        Assert.Equal("eds a", await other.NextAsync(Eds));
        other.End(Eds);
        await Eventually.HoldsAsync(
            () => Task.FromResult(host.Service.Streams().Count), count => count == 1, Bound, Cancellation);
        host.Publish(Cluster("b"));
        await one.SubscribeAsync(Cds, "b");
        Assert.Equal("cds b", await one.NextAsync(Cds));
    }

    [Fact]
    public async Task Node_OfManyStreams_IsKeptOnce()
    {
        await using var host = await AdsHost.StartAsync();
        host.Publish(Endpoints("a", 1), Endpoints("b", 1));
        await using var channel = new RpcChannel("unix:" + host.Socket);
        using var one = await OpenAsync(channel, "a");
        using var other = await OpenAsync(channel, "b");
        var streams = host.Service.Streams();
        Assert.Same(streams[0].Node, streams[1].Node);
        Assert.Equal("v", streams[0].Node.Metadata!.Fields["k"].StringValue);
    }

    /// <summary>What a client says of itself is kept as long as its stream, and logged: it has bounds.</summary>
    [Theory]
    [InlineData("id", 1_024, true)]
    [InlineData("id", 1_025, false)]
    [InlineData("agent", 1_025, false)]
    [InlineData("zone", 1_025, false)]
    [InlineData("metadata", 100_000, true)]
    [InlineData("metadata", 140_000, false)]
    public async Task Node_BeyondItsBounds_IsRefused(string field, int length, bool isTaken)
    {
        await using var host = await AdsHost.StartAsync();
        host.Publish(Endpoints("a", 1));
        await using var channel = new RpcChannel("unix:" + host.Socket);
        using var call = Open(channel);
        var text = new string('x', length);
        var node = new Node { Id = field == "id" ? text : "n", UserAgentName = field == "agent" ? text : "" };
        node.Locality = new Locality { Zone = field == "zone" ? text : "" };
        node.Metadata = new Struct { Fields = { ["k"] = Value.ForString(field == "metadata" ? text : "v") } };
        var request = new DiscoveryRequest { TypeUrl = Eds.TypeUrl, ResourceNames = { "a" }, Node = node };
        if (isTaken)
        {
            await call.RequestStream.WriteAsync(request, Cancellation);
            Assert.True(await call.ResponseStream.MoveNext(Cancellation));
            return;
        }

        // The end may come while it still writes.
        var ended = await Assert.ThrowsAsync<RpcException>(async () =>
        {
            await call.RequestStream.WriteAsync(request, Cancellation)
                .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            await call.ResponseStream.MoveNext(Cancellation);
        });
        Assert.Equal(StatusCode.InvalidArgument, ended.StatusCode);
        Assert.InRange(ended.Status.Detail.Length, 1, 200);
        Assert.Empty(host.Service.Streams());
    }

    /// <summary>A call that says nothing takes no stream's place, and ends.</summary>
    [Fact]
    public async Task Call_ThatSaysNothing_Ends_AndTakesNoPlace()
    {
        var limits = XdsLimits.Default with { FirstRequest = TimeSpan.FromMilliseconds(200) };
        await using var host = await AdsHost.StartAsync(new AdsOptions { StreamsMax = 1, Limits = limits });
        host.Publish(Endpoints("a", 1));
        await using var channel = new RpcChannel("unix:" + host.Socket);
        using (var silent = Open(channel))
        {
            var ended = await Assert.ThrowsAsync<RpcException>(() => silent.ResponseStream.MoveNext(Cancellation));
            Assert.Equal(StatusCode.DeadlineExceeded, ended.StatusCode);
        }

        await using var patient = await AdsHost.StartAsync(new AdsOptions { StreamsMax = 2 });
        patient.Publish(Endpoints("a", 1), Endpoints("b", 1));
        await using var second = new RpcChannel("unix:" + patient.Socket);
        using var quiet = Open(second);
        using var one = await OpenAsync(second, "a");
        using var other = await OpenAsync(second, "b");
        Assert.Equal(2, patient.Service.Streams().Count);
    }

    private static async Task<AsyncDuplexStreamingCall<DiscoveryRequest, DiscoveryResponse>> OpenAsync(
        RpcChannel channel, string name)
    {
        var call = Open(channel);
        await call.RequestStream.WriteAsync(
            new DiscoveryRequest
            {
                TypeUrl = Eds.TypeUrl,
                ResourceNames = { name },
                Node = new Node { Id = "n", Metadata = new Struct { Fields = { ["k"] = Value.ForString("v") } } },
            },
            Cancellation);
        Assert.True(await call.ResponseStream.MoveNext(Cancellation));
        return call;
    }

    private static AsyncDuplexStreamingCall<DiscoveryRequest, DiscoveryResponse> Open(RpcChannel channel) =>
        channel.CreateCallInvoker().AsyncDuplexStreamingCall(
            AdsReflection.Descriptor.Services.Single()
                .Method<DiscoveryRequest, DiscoveryResponse>("StreamAggregatedResources"),
            null,
            new CallOptions(cancellationToken: Cancellation));
}
