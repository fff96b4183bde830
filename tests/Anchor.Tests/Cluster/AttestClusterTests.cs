using Fairlead.Naming;
using Fairlead.Naming.Traversal;
using Fairlead.Protocol;
using Fairlead.Rpc;

namespace Fairlead.Anchor.Tests.Cluster;

/// <summary>Epochs that want several anchors' attests (V33), end to end.</summary>
public sealed class AttestClusterTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(4);

    [Theory]
    [InlineData(2, 3)]
    [InlineData(3, 2)]
    public async Task Answer_WithSeveralAttestsPerHop_Verifies(int atHome, int atTarget)
    {
        using var bounded = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        bounded.CancelAfter(Patience);
        await using var home = new AnchorCluster("eu1.internal", 100, ClusterClient.Subjects, atHome);
        await using var target = new AnchorCluster("us1.internal", 200, attest: atTarget);
        await using var client = new ClusterClient();
        home.Segment.PeerWith(target.Segment);
        target.Segment.PeerWith(home.Segment);
        await Task.WhenAll(home.StartAllAsync(), target.StartAllAsync());
        await client.SealAsync(target, 2, "checkout.shop.svc", bounded.Token);

        var verdict = await client.ResolveAsync(home, 1, "checkout.shop.svc.us1.internal", bounded.Token);

        var accepted = Assert.IsType<Verdict.Accepted>(verdict);
        Assert.Equal(Outcome.Record, accepted.Answer.Outcome);
        Assert.Equal([atHome, atTarget], accepted.Answer.Hops.Select(hop => hop.Attests.Length));
        Assert.All(
            accepted.Answer.Hops, hop =>
                Assert.Equal(hop.Attests.Length, hop.Attests.Select(one => one.Anchor).Distinct().Count()));
    }

    [Fact]
    public async Task Answer_WithTooFewAnchorsReachable_IsARetriableErrorAndComesWhenTheyAreBack()
    {
        using var bounded = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        bounded.CancelAfter(Patience);

        // Two anchors seal nothing: what was sealed before outlasts all that is asked meanwhile.
        await using var home = new AnchorCluster(
            "eu1.internal", 100, ClusterClient.Subjects, attest: 3,
            genesis: epoch => epoch with { Policy = epoch.Policy with { SealValidity = 120_000 } });
        await using var client = new ClusterClient();
        await home.StartAllAsync();
        var whole =
            Assert.IsType<Verdict.Accepted>(
                await client.ResolveAsync(home, 0, "one.shop.svc.eu1.internal", bounded.Token));
        Assert.Equal(3, whole.Answer.Target.Attests.Length);

        await Task.WhenAll(home.StopAsync(2), home.StopAsync(3));
        await using var anchor = client.AsPod(home, 0);
        var query = ClusterClient.Ask(home, "two.shop.svc.eu1.internal");
        var failed =
            await Assert.ThrowsAsync<RpcException>(() => ClusterClient.ResolveOnceAsync(anchor, query, bounded.Token));
        var refusal = RpcFailures.Read(failed)!;
        Assert.Equal(VerificationFailure.NotSealed, refusal.Failure);
        Assert.StartsWith("AttestationMissing: ", refusal.Detail, StringComparison.Ordinal);

        // What was gathered before is still good, and serves whoever asks the same.
        var kept =
            await ClusterClient.ResolveOnceAsync(
                anchor, ClusterClient.Ask(home, "one.shop.svc.eu1.internal"), bounded.Token);
        Assert.Equal(3, kept.Hops[0].Attests.Length);

        await home.StartAsync(2);
        var back =
            Assert.IsType<Verdict.Accepted>(
                await client.ResolveAsync(home, 0, "two.shop.svc.eu1.internal", bounded.Token));
        Assert.Equal(3, back.Answer.Target.Attests.Length);
    }
}
