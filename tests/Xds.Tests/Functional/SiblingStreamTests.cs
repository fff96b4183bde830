using Fairlead.TestKit;
using Fairlead.TestKit.Processes;
using Xunit;
using static Fairlead.Xds.Tests.Fixtures;

namespace Fairlead.Xds.Tests.Functional;

/// <summary>
/// A client is told in one order, on one stream or on one for each type: routes after the clusters that they lead to,
/// and that a cluster is gone after the routes that led to it.
/// </summary>
public sealed class SiblingStreamTests
{
    private static readonly ResourceType Cds = ResourceType.Cluster;
    private static readonly ResourceType Rds = ResourceType.Route;
    private static readonly TimeSpan Bound = TimeSpan.FromMinutes(2);

    private readonly ManualTimeProvider _time = new();

    public static TheoryData<Variant> Variants => [.. Enum.GetValues<Variant>()];

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [MemberData(nameof(Variants))]
    public async Task Routes_WaitForTheClustersOfTheirClient_AndForNobodyElses(Variant variant)
    {
        // Clusters wait for the interval since those before; routes, of which there were none before, need not.
        await using var host = await StartAsync(TimeSpan.FromSeconds(1));
        await using var client = new VariantClient(variant, host.Socket, Cancellation);
        await using var other = new VariantClient(variant, host.Socket, Cancellation, "other");
        await ConnectAsync(host, client);
        await other.SubscribeAsync(Rds, "r");
        await other.NextAsync(Rds);
        var before = Of(host, Rds).SentVersion;

        host.View.Update(builder => builder.Set(Cluster("b"), wildcard: true).Set(Routes("r", "b")));
        await other.NextAsync(Rds);
        Assert.Equal((1, before), (Of(host, Cds).Resources, Of(host, Rds).SentVersion));

        // And then for the endpoints of those clusters, on a stream of their own.
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(IsDelta(variant) ? "cds b" : "cds a b", await client.NextAsync(Cds));
        await client.SubscribeAsync(ResourceType.Endpoints, "b");
        var endpoints = await client.TakeAsync(ResourceType.Endpoints);
        Assert.Equal("eds b", endpoints.Text);
        Assert.Equal(before, Of(host, Rds).SentVersion);
        await endpoints.AcknowledgeAsync();
        Assert.Equal("rds r", await client.NextAsync(Rds));
    }

    /// <summary>Also for one that the client has since another cluster needed it.</summary>
    [Theory]
    [MemberData(nameof(Variants))]
    public async Task Routes_WaitForTheSecretsOfNewClusters(Variant variant)
    {
        await using var host = await StartAsync(TimeSpan.Zero);
        await using var client = new VariantClient(variant, host.Socket, Cancellation);
        await ConnectAsync(host, client);
        await client.SubscribeAsync(ResourceType.Endpoints, "b", "c");
        await client.NextAsync(ResourceType.Endpoints);
        foreach (var name in new[] { "b", "c" })
        {
            var before = Of(host, Rds).SentVersion;
            host.View.Update(builder => builder
                .Set(SecureCluster(name, "s"), wildcard: true).Set(Routes("r", name)).Set(Secret("s")));
            await client.NextAsync(Cds);
            await client.NextAsync(ResourceType.Endpoints);
            if (name == "b")
            {
                await client.SubscribeAsync(ResourceType.Secret, "s");
            }

            var secret = await client.TakeAsync(ResourceType.Secret);
            Assert.Equal("sds s", secret.Text);
            await AcknowledgedAsync(host, ResourceType.Endpoints);
            Assert.Equal(before, Of(host, Rds).SentVersion);
            await secret.AcknowledgeAsync();
            Assert.Equal("rds r", await client.NextAsync(Rds));
        }
    }

    [Theory]
    [MemberData(nameof(Variants))]
    public async Task Routes_WaitNoMore_WhenTheClustersAreTakenBack(Variant variant)
    {
        await using var host = await StartAsync(TimeSpan.FromSeconds(1));
        await using var client = new VariantClient(variant, host.Socket, Cancellation);
        await ConnectAsync(host, client);
        host.View.Update(builder => builder.Set(Cluster("b"), wildcard: true).Set(Routes("r", "b")));
        host.View.Update(builder => builder.Remove(Cds, "b"));
        Assert.Equal("rds r", await client.NextAsync(Rds));
        Assert.Equal(1, Of(host, Cds).Resources);
    }

    [Theory]
    [MemberData(nameof(Variants))]
    public async Task Cluster_IsGone_OnceTheRoutesAreTaken(Variant variant)
    {
        await using var host = await StartAsync(TimeSpan.Zero);
        await using var client = new VariantClient(variant, host.Socket, Cancellation);
        var (added, gone) = IsDelta(variant) ? ("cds b", "cds -a") : ("cds a b", "cds b");
        await ConnectAsync(host, client);
        host.View.Update(
            builder => builder.Set(Cluster("b"), wildcard: true).Set(Routes("r", "b")).Remove(Cds, "a"));
        Assert.Equal(added, await client.NextAsync(Cds));
        await client.SubscribeAsync(ResourceType.Endpoints, "b");
        await client.NextAsync(ResourceType.Endpoints);
        var routes = await client.TakeAsync(Rds);
        Assert.Equal("rds r", routes.Text);
        var next = client.NextAsync(Cds);
        await AcknowledgedAsync(host, Cds);
        Assert.False(next.IsCompleted);

        await routes.AcknowledgeAsync();
        Assert.Equal(gone, await next);
    }

    /// <summary>Nobody waits for a client that says nothing, or for a stream that has ended.</summary>
    [Theory]
    [InlineData(Variant.SotwPerType, true)]
    [InlineData(Variant.SotwPerType, false)]
    [InlineData(Variant.DeltaPerType, true)]
    [InlineData(Variant.DeltaPerType, false)]
    public async Task Routes_ThatAreNeverTaken_KeepAClusterForATime(Variant variant, bool isEnding)
    {
        await using var host = await StartAsync(TimeSpan.Zero);
        await using var client = new VariantClient(variant, host.Socket, Cancellation);
        await ConnectAsync(host, client);
        host.View.Update(builder => builder.Set(Routes("r", "none")).Remove(Cds, "a"));
        await client.TakeAsync(Rds);
        var next = client.NextAsync(Cds);
        Assert.Equal(1, Of(host, Cds).Resources);
        Assert.False(next.IsCompleted);
        if (isEnding)
        {
            client.End(Rds);
        }
        else
        {
            // The stream that waits is another one than that which was heard of.
            await Eventually.HoldsAsync(
                () => Task.FromResult(_time.IsArmed(XdsLimits.Default.AckWaitMax)), isArmed => isArmed, Bound,
                Cancellation);
            _time.Advance(XdsLimits.Default.AckWaitMax);
        }

        Assert.Equal(IsDelta(variant) ? "cds -a" : "cds", await next);
    }

    private static bool IsDelta(Variant variant) => variant is Variant.Delta or Variant.DeltaPerType;

    private Task<AdsHost> StartAsync(TimeSpan interval) => AdsHost.StartAsync(new AdsOptions
    {
        Limits = XdsLimits.Default with { PushInterval = interval }, TimeProvider = _time,
    });

    private static async Task ConnectAsync(AdsHost host, VariantClient client)
    {
        host.Publish(Cluster("a"), Routes("r", "a"));
        await client.SubscribeAsync(Cds);
        Assert.Equal("cds a", await client.NextAsync(Cds));
        await client.SubscribeAsync(Rds, "r");
        Assert.Equal("rds r", await client.NextAsync(Rds));
        await AcknowledgedAsync(host, Cds);
        await AcknowledgedAsync(host, Rds);
    }

    private static Task AcknowledgedAsync(AdsHost host, ResourceType type) => Eventually.HoldsAsync(
        () => Task.FromResult(Of(host, type)), one => one is { Waiting: false, AckedAt: not null }, Bound,
        Cancellation);

    private static TypeStatus Of(AdsHost host, ResourceType type) => host.Service.Streams()
        .Where(stream => stream.Node.Id == "test").SelectMany(stream => stream.Types).Single(one => one.Type == type);
}
