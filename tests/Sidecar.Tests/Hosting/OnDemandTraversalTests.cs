using Fairlead.EnvoyApi.Endpoints;
using Fairlead.Sidecar.Translation;

namespace Fairlead.Sidecar.Tests.Hosting;

/// <summary>Clusters on demand of a whole sidecar and eight real anchors: asking for a name starts its
/// traversal.</summary>
public sealed class OnDemandTraversalTests(TwoClusters clusters) : IClassFixture<TwoClusters>
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);

    [Fact]
    public async Task Name_ThatIsAskedFor_IsTraversed_AndServedAtOnceAfterARestart()
    {
        using var bounded = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        bounded.CancelAfter(Patience);
        var located = ClusterNames.Located(TwoClusters.Checkout);
        var configuration = clusters.Configure("on-demand", "imports: []", "state: on-demand-state");
        await using (var host = await TwoClusters.StartAsync(configuration))
        {
            await using var stream = new DeltaCall(host, "cluster", bounded.Token);
            await stream.AskAsync(ClusterNames.Glob);
            Assert.Equal([ClusterNames.Located("sentinel")], await stream.NextAsync());
            await stream.AskAsync(located);
            var cluster = await stream.UntilAsync(located, static one => one.EdsClusterConfig is not null);
            Assert.Equal(TwoClusters.Checkout + ":80", cluster.EdsClusterConfig.ServiceName);

            await using var endpoints = new DeltaCall(host, "endpoint", bounded.Token);
            await endpoints.AskAsync(cluster.EdsClusterConfig.ServiceName);
            Assert.Equal([cluster.EdsClusterConfig.ServiceName], await endpoints.NextAsync());
            var assignment = ClusterLoadAssignment.Parser.ParseFrom(endpoints.Last[0].Resource_.Value);
            Assert.Equal(2, assignment.Endpoints.Sum(locality => locality.LbEndpoints.Count));

            await stream.AskAsync(ClusterNames.Located("nobody.shop.svc.us1.internal"));
            await stream.UntilAsync(
                ClusterNames.Located("nobody.shop.svc.us1.internal"),
                static one => one.Metadata.FilterMetadata["fairlead"].Fields["reason"].StringValue == Reasons.Absent);
        }

        await using var again = await TwoClusters.StartAsync(configuration);
        await using var after = new DeltaCall(again, "cluster", bounded.Token);
        await after.AskAsync(ClusterNames.Glob);
        Assert.Equal([located, located + ":80", ClusterNames.Located("sentinel")], await after.NextAsync());
    }
}
