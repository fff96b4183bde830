using System.Collections.Concurrent;
using Fairlead.Anchor.Tests.Cluster;
using Fairlead.Naming;
using Fairlead.Naming.Operations;
using Fairlead.Naming.Traversal;
using Fairlead.Rpc;
using Fairlead.TestKit.Processes;

namespace Fairlead.Anchor.Tests.Hierarchy;

/// <summary>
/// Both sides agree to every hop (V28), so that a segment ends by itself what it was introduced by, whatever its parent
/// says (4.7). Each anchor is a process of its own.
/// </summary>
public sealed class TargetLeavesTests
{
    private const string Before = "orders.shop.svc.db.corp.internal";
    private const string Later = "later.shop.svc.db.corp.internal";
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(4);

    [Fact]
    public async Task Target_ThatDropsItsIntroducer_IsServedByNobodyAnyMore()
    {
        using var bounded = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        bounded.CancelAfter(Patience);
        await using var world = new HierarchyWorld();
        await using var running = new Processes(world.Acme, world.Eu1, world.Corp, world.Db);
        await running.StartAsync();
        await world.Client.SealAsync(world.Db, 0, "orders.shop.svc", bounded.Token);
        var pod = world.Memory();
        Assert.Equal(
            "Home eu1.acme.internal, Up acme.internal, Peer corp.internal, Down db.corp.internal",
            HierarchyWorld.PathOf(await world.AskAsync(pod, Before, bounded.Token)));

        // Once introduced it needs its parent no more: names that nobody knew before resolve without it.
        await running.KillAsync(world.Corp);
        await world.Client.SealAsync(world.Db, 0, "later.shop.svc", bounded.Token);
        Assert.Equal(Outcome.Record, (await world.AskAsync(pod, Later, bounded.Token)).Outcome);
        await running.StartAsync(world.Corp);

        // Its parent's Link stands, its own epoch names the parent no more.
        await using var @operator = new OperatorClient(world.Db, 0);
        var ground = await @operator.GroundAsync();
        await @operator.ProposeAsync(Leave(ground));
        await @operator.SealedAsync(ground.Next);
        foreach (var (memory, name) in new[] { (pod, Before), (pod, Later), (world.Memory(), Before) })
        {
            Assert.Equal(VerificationFailure.LinkNotAccepted, await EndAsync(world, memory, name, bounded.Token));
        }
    }

    /// <summary>The one anchor of each segment as the real program.</summary>
    private sealed class Processes(params IEnumerable<AnchorCluster> segments) : IAsyncDisposable
    {
        private readonly ConcurrentDictionary<AnchorCluster, ChildProcess> _running = [];

        internal Task StartAsync()
        {
            foreach (var segment in segments)
            {
                segment.WriteFiles();
            }

            return Task.WhenAll(segments.Select(StartAsync));
        }

        internal async Task StartAsync(AnchorCluster segment) =>
            _running[segment] = await segment.StartProcessAsync(0);

        internal async Task KillAsync(AnchorCluster segment)
        {
            Assert.True(_running.TryRemove(segment, out var process));
            await process.DisposeAsync();
        }

        public async ValueTask DisposeAsync()
        {
            foreach (var process in _running.Values)
            {
                await process.DisposeAsync();
            }
        }
    }

    private static EpochProposal Leave(EpochGround ground)
    {
        var epoch = Document.Make(ground.Epoch.Value with
        {
            Number = ground.Next,
            Prev = ground.Epoch.Digest,
            Segment = ground.Genesis,
            Issued = ClusterClient.Now,
            Expires = ClusterClient.Now + ground.Epoch.Value.Expires - ground.Epoch.Value.Issued,
            Op = new EpochOp { Type = OpType.Leave },
            Uplinks = [],
        });
        return new EpochProposal(epoch.Payload, default, [], Envelope.None, Envelope.None);
    }

    // What was on its way when the epoch came is still an answer.
    private static async Task<VerificationFailure?> EndAsync(
        HierarchyWorld world, Resolver.Home.VerifierMemory memory, string name, CancellationToken cancellationToken)
    {
        while (true)
        {
            try
            {
                var answer = await world.AskAsync(memory, name, cancellationToken);
                TestContext.Current.TestOutputHelper?.WriteLine($"{name} {answer.Outcome}");
            }
            catch (RpcException e) when (Protocol.RpcFailures.Read(e) is { } refusal)
            {
                return refusal.Failure;
            }
        }
    }
}
