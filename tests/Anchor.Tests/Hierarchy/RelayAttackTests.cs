using Fairlead.Anchor.Tests.Cluster;
using Fairlead.Naming;
using Fairlead.Naming.Traversal;
using Fairlead.Protocol;
using Fairlead.Protocol.V1;
using Fairlead.TestKit.Processes;

namespace Fairlead.Anchor.Tests.Hierarchy;

/// <summary>Introductions through several transits that no route leads to (V48), and transits that relay something
/// else than they were told.</summary>
public sealed class RelayAttackTests : IAsyncDisposable
{
    private const string Name = "orders.shop.svc.shard.db.corp.internal";
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(4);

    private readonly HierarchyWorld _world = new();
    private readonly CancellationTokenSource _bounded =
        CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);

    public async ValueTask DisposeAsync()
    {
        await _world.DisposeAsync();
        _bounded.Dispose();
    }

    /// <summary>Up, over to a peer, and down twice: each segment reads by its own words how the path came to the one
    /// before it. What a transit adds, leaves out, swaps or invents leads nowhere, and binds nothing.</summary>
    [Fact]
    public async Task Transits_BehindAPeer_AreRelayedAndNothingElseIs()
    {
        _bounded.CancelAfter(Patience);
        byte[][] home = [_world.Eu1.Segment.Tls(0).Key.Point.ToArray()];
        (_world.HeardByCorp.Unreachable, _world.HeardByDb.Unreachable) = (home, home);
        await _world.StartAsync(_world.Acme, _world.Eu1, _world.Corp, _world.Db, _world.Shard);
        await _world.Client.SealAsync(_world.Shard, 0, "orders.shop.svc", _bounded.Token);

        // The last first, so that nothing of the path is known by then.
        await AlteredAsync(_world.HeardByCorp, hops => Enumerable.Repeat(hops[0], 1 + Limits.Hops));
        await AlteredAsync(_world.Heard, hops => [hops[0], hops[2], hops[1]]);
        await AlteredAsync(_world.Heard, hops => [hops[0], Of(_world.Us1, hops[1]), hops[2]]);
        await AlteredAsync(_world.Heard, hops => [hops[0], hops[0], hops[2]]);
        await AlteredAsync(_world.Heard, hops => [hops[1], hops[2]]);
        Assert.Empty(_world.Eu1[0].Status("eu1-a").Introductions);
        await AlteredAsync(_world.Heard, hops => [hops[0], hops[1], hops[1]]);
        await AlteredAsync(_world.Heard, hops => [hops[0], hops[1], Of(_world.Shard, hops[2])]);

        _world.Heard.Altering = null;
        var answer = await _world.ResolveAsync(Name, _bounded.Token);
        Assert.Equal(
            "Home eu1.acme.internal, Up acme.internal, Peer corp.internal, Down db.corp.internal, "
            + "Down shard.db.corp.internal",
            HierarchyWorld.PathOf(answer));
        Assert.Equal(Outcome.Record, answer.Outcome);
        var relayed = _world.HeardByDb.Messages.OfType<IntroduceRequest>().Last();
        Assert.Equal([Kind.Up, Kind.Peer], relayed.Via.Select(hop => hop.Kind));
    }

    // The name is asked for all the while, until some altered answers were refused; by the home also when its pod does
    // not ask any more, and so the path stays altered until it is altered otherwise.
    private async Task AlteredAsync(Overheard heard, Func<IReadOnlyList<Hop>, IEnumerable<Hop>> alter)
    {
        var before = heard.Altered;
        heard.Altering = answer =>
        {
            var hops = alter([.. answer.Hops]).ToList();
            answer.Hops.Clear();
            answer.Hops.AddRange(hops);
        };
        foreach (var other in new[] { _world.Heard, _world.HeardByCorp }.Where(other => other != heard))
        {
            other.Altering = null;
        }

        using var asking = CancellationTokenSource.CreateLinkedTokenSource(_bounded.Token);
        var resolving = _world.ResolveAsync(Name, asking.Token);
        await Eventually.HoldsAsync(
            () => Task.FromResult(heard.Altered), count => count >= before + 2 || resolving.IsCompleted, Patience,
            _bounded.Token);
        Assert.False(resolving.IsCompleted, resolving.Exception?.ToString() ?? "an altered path was taken");
        await asking.CancelAsync();
        await Assert.ThrowsAnyAsync<Exception>(() => resolving);
    }

    private static Hop Of(AnchorCluster cluster, Hop hop)
    {
        var other = hop.Clone();
        other.Genesis = WireWriter.ToBytes(cluster.Segment.Genesis);
        return other;
    }
}
