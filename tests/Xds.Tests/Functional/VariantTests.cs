using Xunit;
using static Fairlead.Xds.Tests.Fixtures;

namespace Fairlead.Xds.Tests.Functional;

/// <summary>The same story in all four variants over real connections: each is told exactly what it must be.</summary>
public sealed class VariantTests
{
    private static readonly ResourceType Cds = ResourceType.Cluster;
    private static readonly ResourceType Eds = ResourceType.Endpoints;

    public static TheoryData<Variant> Variants => [.. Enum.GetValues<Variant>()];

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [MemberData(nameof(Variants))]
    public async Task Everything_IsToldAndFollowed(Variant variant)
    {
        await using var host = await AdsHost.StartAsync(Unhurried);
        await using var client = new VariantClient(variant, host.Socket, Cancellation);
        var isDelta = IsDelta(variant);
        host.Publish(Cluster("a"), Cluster("b"));
        await client.SubscribeAsync(Cds);
        Assert.Equal("cds a b", await client.NextAsync(Cds));
        host.Publish(Cluster("c"));
        Assert.Equal(isDelta ? "cds c" : "cds a b c", await client.NextAsync(Cds));
        host.Publish(Cluster("a", timeoutMs: 7));
        Assert.Equal(isDelta ? "cds a" : "cds a b c", await client.NextAsync(Cds));
        host.View.Update(builder => builder.Remove(Cds, "b"));
        Assert.Equal(isDelta ? "cds -b" : "cds a c", await client.NextAsync(Cds));
        host.View.Update(builder => builder.Remove(Cds, "a").Remove(Cds, "c"));
        Assert.Equal(isDelta ? "cds -a -c" : "cds", await client.NextAsync(Cds));
    }

    [Theory]
    [MemberData(nameof(Variants))]
    public async Task Names_AreToldAlone_AndNoMoreOnceGivenUp(Variant variant)
    {
        await using var host = await AdsHost.StartAsync(Unhurried);
        await using var client = new VariantClient(variant, host.Socket, Cancellation);
        host.Publish(Endpoints("a", 1), Endpoints("b", 1), Endpoints("c", 1));
        await client.SubscribeAsync(Eds, "a", "b");
        Assert.Equal("eds a b", await client.NextAsync(Eds));
        host.Publish(Endpoints("c", 2));
        host.Publish(Endpoints("b", 2));
        Assert.Equal("eds b", await client.NextAsync(Eds));

        // A name that joins is told though it did not change; one that was given up is not, though it did.
        await client.SubscribeAsync(Eds, "c");
        Assert.Equal("eds c", await client.NextAsync(Eds));
        await client.UnsubscribeAsync(Eds, "b");
        await UntilAsync(host, "-eds b");
        host.Publish(Endpoints("b", 3));
        host.Publish(Endpoints("a", 3));
        Assert.Equal("eds a", await client.NextAsync(Eds));
        await client.SubscribeAsync(Eds, "b");
        Assert.Equal("eds b", await client.NextAsync(Eds));
    }

    [Theory]
    [MemberData(nameof(Variants))]
    public async Task Cluster_ThatChanges_IsFollowedByItsEndpoints(Variant variant)
    {
        await using var host = await AdsHost.StartAsync(Unhurried);
        await using var client = new VariantClient(variant, host.Socket, Cancellation);
        host.Publish(Cluster("a"), Endpoints("a", 1), Cluster("b"), Endpoints("b", 1));
        await client.SubscribeAsync(Cds);
        await client.NextAsync(Cds);
        await client.SubscribeAsync(Eds, "a", "b");
        Assert.Equal("eds a b", await client.NextAsync(Eds));
        host.Publish(Cluster("b", timeoutMs: 7));
        Assert.Equal(IsDelta(variant) ? "cds b" : "cds a b", await client.NextAsync(Cds));
        Assert.Equal("eds b", await client.NextAsync(Eds));
    }

    /// <summary>One client without a name has no part in what another does.</summary>
    [Theory]
    [MemberData(nameof(Variants))]
    public async Task Clusters_OfANamelessClient_LeadNoEndpointsOfAnother(Variant variant)
    {
        await using var host = await AdsHost.StartAsync(Unhurried);
        await using var one = new VariantClient(variant, host.Socket, Cancellation, node: "");
        await using var other = new VariantClient(variant, host.Socket, Cancellation, node: "");
        host.Publish(Cluster("a"), Endpoints("a", 1), Endpoints("b", 1));
        await one.SubscribeAsync(Eds, "a", "b");
        Assert.Equal("eds a b", await one.NextAsync(Eds));
        await other.SubscribeAsync(Cds);
        Assert.Equal("cds a", await other.NextAsync(Cds));
        host.Publish(Endpoints("b", 2));
        Assert.Equal("eds b", await one.NextAsync(Eds));
    }

    [Theory]
    [MemberData(nameof(Variants))]
    public async Task Name_ThatIsNotThereYet_IsToldOnceItIs(Variant variant)
    {
        await using var host = await AdsHost.StartAsync(Unhurried);
        await using var client = new VariantClient(variant, host.Socket, Cancellation);
        host.Publish(Routes("here", "a"));
        await client.SubscribeAsync(ResourceType.Route, "late", "here");
        Assert.Equal("rds here", await client.NextAsync(ResourceType.Route));
        host.Publish(Routes("late", "a"));
        Assert.Equal("rds late", await client.NextAsync(ResourceType.Route));
        await client.SubscribeAsync(ResourceType.Listener, "l");
        host.Publish(Listener("l", "late"));
        Assert.Equal("lds l", await client.NextAsync(ResourceType.Listener));
        Assert.Contains(
            variant switch
            {
                Variant.Sotw => "ads",
                Variant.Delta => "ads delta",
                Variant.SotwPerType => "rds",
                _ => "rds delta",
            },
            host.Service.Streams().Select(stream => stream.Service));
    }

    [Theory]
    [MemberData(nameof(Variants))]
    public async Task BadOne_OfSeveral_KeepsTheClientFromNoOther(Variant variant)
    {
        await using var host = await AdsHost.StartAsync(Unhurried);
        await using var client = new VariantClient(variant, host.Socket, Cancellation);
        string[] names = ["a", "b", "bad", "c", "d"];
        host.Publish([.. names.Select(name => Cluster(name)), .. names.Select(name => Endpoints(name, 1))]);
        foreach (var type in new[] { Cds, Eds })
        {
            await client.SubscribeAsync(type, type == Cds ? [] : names);
            var taken = new HashSet<string>();
            while (taken.Count < names.Length - 1)
            {
                var (text, isTaken) = await client.WeighAsync(type, name => name != "bad");
                taken.UnionWith(isTaken ? text.Split(' ').Skip(1) : []);
            }

            Assert.DoesNotContain("bad", taken);
        }
    }

    private static AdsOptions Unhurried => new()
    {
        Limits = XdsLimits.Default with { PushInterval = TimeSpan.Zero },
    };

    private static bool IsDelta(Variant variant) => variant is Variant.Delta or Variant.DeltaPerType;

    private static Task UntilAsync(AdsHost host, string told) => TestKit.Processes.Eventually.HoldsAsync(
        () => Task.FromResult(host.Interest.Told), all => all.Contains(told), TimeSpan.FromMinutes(1), Cancellation);
}
