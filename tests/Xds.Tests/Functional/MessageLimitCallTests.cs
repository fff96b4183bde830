using Xunit;
using static Fairlead.Xds.Tests.Fixtures;

namespace Fairlead.Xds.Tests.Functional;

/// <summary>The limits of messages over real connections: no response ends a stream, whatever there is.</summary>
public sealed class MessageLimitCallTests
{
    private const int Mebibyte = 1 << 20;

    private static readonly ResourceType Cds = ResourceType.Cluster;
    private static readonly ResourceType Eds = ResourceType.Endpoints;

    public static TheoryData<Variant> Variants => [.. Enum.GetValues<Variant>()];

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    /// <summary>A client of gRPC's own limit: one name is too large for it, and all others are served.</summary>
    [Theory]
    [MemberData(nameof(Variants))]
    public async Task Endpoints_OfMoreThanTheClientTakes_AreHeldBackAlone(Variant variant)
    {
        await using var host = await AdsHost.StartAsync();
        await using var client = new VariantClient(variant, host.Socket, Cancellation);
        host.Publish(Endpoints("a", 1), LargeEndpoints("b", 5 * Mebibyte), Endpoints("c", 1));
        await client.SubscribeAsync(Eds, "a", "b", "c");
        Assert.Equal("eds a b c", await client.NextAsync(Eds));
        host.Publish(Endpoints("b", 1));
        Assert.Equal("eds b", await client.NextAsync(Eds));
        host.Publish(LargeEndpoints("b", 5 * Mebibyte), Endpoints("c", 2));
        Assert.Equal("eds c", await client.NextAsync(Eds));
        var withheld = Assert.Single(Assert.Single(Assert.Single(host.Service.Streams()).Types).Withheld);
        Assert.Equal(("b", "TooLarge"), (withheld.Name, withheld.Reason.Split(':')[0]));
        host.Publish(Endpoints("b", 2));
        Assert.Equal("eds b", await client.NextAsync(Eds));
    }

    /// <summary>Just below the limit nothing is lost on the way.</summary>
    [Theory]
    [MemberData(nameof(Variants))]
    public async Task Endpoints_OfNearlyWhatTheClientTakes_AreSent(Variant variant)
    {
        await using var host = await AdsHost.StartAsync();
        await using var client = new VariantClient(variant, host.Socket, Cancellation);
        var large = LargeEndpoints("a", (4 * Mebibyte) - 66_000);
        host.Publish(large);
        await client.SubscribeAsync(Eds, "a");
        Assert.Equal("eds a", await client.NextAsync(Eds));
        await host.AckOfAsync(large);
    }

    /// <summary>An Envoy with thousands of clusters: the state of the world is one message.</summary>
    [Theory]
    [MemberData(nameof(Variants))]
    public async Task Clusters_OfAnEnvoy_BeyondFourMebibytes_AreAllSent(Variant variant)
    {
        await using var host = await AdsHost.StartAsync();
        await using var client = new VariantClient(variant, host.Socket, Cancellation, agent: "envoy");
        var all = Enumerable.Range(0, 6_000)
            .Select(i => Cluster($"c{i:d4}", service: new string('s', 1_000) + i)).ToArray();
        host.Publish(all);
        await client.SubscribeAsync(Cds);
        var seen = new HashSet<string>();
        while (seen.Count < all.Length)
        {
            seen.UnionWith((await client.NextAsync(Cds)).Split(' ').Skip(1));
        }

        Assert.Equal(all.Select(one => one.Name), seen.Order(StringComparer.Ordinal));
        host.Publish(LargeEndpoints("c0000", 5 * Mebibyte));
        await client.SubscribeAsync(Eds, "c0000");
        Assert.Equal("eds c0000", await client.NextAsync(Eds));
        Assert.Empty(host.Service.Streams().SelectMany(stream => stream.Types).SelectMany(type => type.Withheld));
    }
}
