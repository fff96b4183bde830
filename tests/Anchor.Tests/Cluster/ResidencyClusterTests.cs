using Fairlead.Naming;
using Fairlead.Naming.Traversal;
using Fairlead.TestKit;

namespace Fairlead.Anchor.Tests.Cluster;

/// <summary>What a home's own Rules say about regions (4.1, V59): the target knows nothing of them and sends what it
/// admits itself; the home's anchors leave out the rest.</summary>
public sealed class ResidencyClusterTests : IAsyncLifetime
{
    private readonly ClusterClient _client = new();
    private readonly AnchorCluster _home = new(
        "eu1.internal", 100, ClusterClient.Subjects, anchors: 1,
        leaves:
        [
            TestLeaves.Rule(
                "eu-only", RuleEffect.Allow, ["us1.internal"], null, new Constraints { Regions = ["eu*"] }),
        ]);

    private readonly AnchorCluster _target = new("us1.internal", 200, anchors: 1);
    private readonly CancellationTokenSource _bounded =
        CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);

    public async ValueTask InitializeAsync()
    {
        _bounded.CancelAfter(TimeSpan.FromMinutes(4));
        _home.Segment.PeerWith(_target.Segment);
        _target.Segment.PeerWith(_home.Segment);
        await Task.WhenAll(_home.StartAllAsync(), _target.StartAllAsync());
    }

    public async ValueTask DisposeAsync()
    {
        await _home.DisposeAsync();
        await _target.DisposeAsync();
        await _client.DisposeAsync();
        _bounded.Dispose();
    }

    [Fact]
    public async Task Slices_OfRegionsThatTheHomeDoesNotAdmit_AreLeftOut()
    {
        await _client.SealInRegionsAsync(_target, "catalog.shop.svc", "eu-west", "us-east");
        await _client.SealAsync(_target, 0, "nowhere.shop.svc", _bounded.Token);

        var service = await AskAsync("catalog.shop.svc");
        Assert.Equal((Outcome.Record, "eu-west"), (service.Outcome, Assert.Single(service.Slices).Region));

        // A host there is one, and one elsewhere is absent, as is what says of no region where it is.
        Assert.Equal(Outcome.Record, (await AskAsync("eu-west.catalog.shop.svc")).Outcome);
        Assert.Equal(Outcome.Absent, (await AskAsync("us-east.catalog.shop.svc")).Outcome);
        var nowhere = await AskAsync("nowhere.shop.svc");
        Assert.Equal((Outcome.Record, 0), (nowhere.Outcome, nowhere.Slices.Length));
    }

    private async Task<VerifiedAnswer> AskAsync(string service)
    {
        var verdict = await _client.ResolveAsync(_home, 0, $"{service}.us1.internal", _bounded.Token);
        Assert.True(verdict is Verdict.Accepted, (verdict as Verdict.Refused)?.Refusal.ToString());
        return ((Verdict.Accepted)verdict).Answer;
    }
}
