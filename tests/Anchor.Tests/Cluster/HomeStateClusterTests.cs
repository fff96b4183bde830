using Fairlead.Naming;
using Fairlead.Naming.Traversal;

namespace Fairlead.Anchor.Tests.Cluster;

/// <summary>A home anchor keeps what it verified over a restart (4.11), and still serves those who know
/// nothing.</summary>
public sealed class HomeStateClusterTests
{
    [Fact]
    public async Task HomeAnchor_Restarted_KeepsFloorsAndPinsAndRelaysWholeChains()
    {
        using var bounded = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        bounded.CancelAfter(TimeSpan.FromMinutes(4));
        await using var home = new AnchorCluster("eu1.internal", 100, ClusterClient.Subjects);
        await using var target = new AnchorCluster("us1.internal", 200);
        await using var client = new ClusterClient();
        home.Segment.PeerWith(target.Segment);
        target.Segment.PeerWith(home.Segment);
        await Task.WhenAll(home.StartAllAsync(), target.StartAllAsync());
        await client.SealAsync(target, 0, "checkout.shop.svc", bounded.Token);
        Assert.IsType<Verdict.Accepted>(
            await client.ResolveAsync(home, 1, "checkout.shop.svc.us1.internal", bounded.Token));
        await home.StopAsync(1);

        var path = Path.Combine(home.DataOf(1), "verifier.state");
        var bytes = new Fairlead.Resolver.State.DurableFile(path).Load()!;
        var pin = new HomePin(home.Segment.Genesis, home.Segment.Name);
        Assert.True(StateFile.TryRead(bytes, pin, "eu1-b", out var state, out var error), error);
        var held = state.Segments[target.Segment.Genesis];
        Assert.NotNull(held.Seal);
        Assert.Contains(new LeafName(LeafClass.Record, "checkout.shop.svc"), held.Floors.Keys);
        Assert.Equal(target.Segment.Genesis, state.Pins[target.Segment.Name].Genesis);
        Assert.True(state.TimeFloor > 0);

        await home.StartAsync(1);
        var verdict = await client.ResolveAsync(home, 1, "checkout.shop.svc.us1.internal", bounded.Token);
        var accepted = Assert.IsType<Verdict.Accepted>(verdict);
        Assert.Equal(Outcome.Record, accepted.Answer.Outcome);
    }
}
