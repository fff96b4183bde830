using Fairlead.Anchor.Tests.Cluster;
using Fairlead.Anchor.Tests.Governing;
using Fairlead.Naming;
using Fairlead.Naming.Operations;
using Fairlead.Naming.Traversal;
using Fairlead.Protocol.V1;
using Fairlead.Resolver.Home;
using Fairlead.TestKit;
using Fairlead.TestKit.Processes;

namespace Fairlead.Anchor.Tests.Hierarchy;

/// <summary>I24: nobody who was introduced notices what the parent does later, be it newer epochs that everybody hears
/// of and an introduction that it withholds.</summary>
public sealed class LaterEpochTests : IAsyncLifetime
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(6);

    private readonly CancellationTokenSource _bounded =
        CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);

    private CancellationToken Token => _bounded.Token;

    public ValueTask InitializeAsync()
    {
        _bounded.CancelAfter(Patience);
        return ValueTask.CompletedTask;
    }

    public ValueTask DisposeAsync()
    {
        _bounded.Dispose();
        return ValueTask.CompletedTask;
    }

    /// <summary>More epochs than a verifier keeps as documents; then new names, floors of the home and of the target
    /// that are raised to the newest of them, and a restart without the parent.</summary>
    [Fact]
    public async Task Parent_WithNewerEpochsThatIntroducesNobodyAnyMore_IsNotNoticed()
    {
        await using var world = new HierarchyWorld(attestTransit: 500);
        await world.StartAsync(world.Acme, world.Eu1, world.Us1);
        await world.Client.SealAsync(world.Us1, 0, "checkout.shop.svc", Token);
        var pod = world.Memory();
        Assert.Equal(Outcome.Record, (await world.AskAsync(pod, "checkout.shop.svc.us1.acme.internal", Token)).Outcome);

        world.Heard.IsWithholding = true;
        for (var i = 0; i <= SegmentState.MaxDocuments; i++)
        {
            await using var acme = new OperatorClient(world.Acme, 0);
            var epoch = EpochOf(world.Acme).Value.Number + 1;
            await acme.ProposeAsync($"later-{i}", RuleEffect.Allow, "*.elsewhere.internal");
            await EpochClusterTests.SealedAsync(world.Acme, epoch);
        }

        // Before each of these questions the home asks for the chain, which it gets.
        var asked = world.Heard.CountOf(nameof(IntroduceRequest));
        await Eventually.HoldsAsync(
            () => Task.FromResult(world.Heard.CountOf(nameof(IntroduceRequest))),
            count => count >= asked + 2, Patience, Token);
        await ServedAsync(world, pod, "late");

        // V30: the target's floor of the parent, then the home's.
        await RenewAsync(world, world.Us1, 1, 2);
        await ServedAsync(world, pod, "later");
        await RenewAsync(world, world.Eu1);
        await ServedAsync(world, pod, "latest");

        await world.Acme.StopAsync(0);
        await world.Eu1.StopAsync(0);
        await world.Eu1.StartAsync(0);
        await ServedAsync(world, pod, "last");
    }

    /// <summary>An anchor that was away while the parent made an epoch, and its own segment raised its floor to that:
    /// the parent is dead when it comes back, and the others of the segment know the epoch (V30).</summary>
    [Fact]
    public async Task Anchor_ThatNeverMetTheParentsNewestEpoch_HearsOfItFromTheOthers()
    {
        const string Name = "checkout.shop.svc.us1.acme.internal";
        await using var world = new HierarchyWorld(attestTransit: 500, homes: 4);
        await world.StartAsync(world.Acme, world.Eu1, world.Us1);
        await world.Client.SealAsync(world.Us1, 0, "checkout.shop.svc", Token);
        var pod = world.Memory();
        for (var anchor = 0; anchor < 4; anchor++)
        {
            Assert.Equal(Outcome.Record, (await world.AskAsync(pod, Name, Token, anchor)).Outcome);
        }

        await world.Eu1.StopAsync(3);
        await using (var acme = new OperatorClient(world.Acme, 0))
        {
            var epoch = EpochOf(world.Acme).Value.Number + 1;
            await acme.ProposeAsync("later", RuleEffect.Allow, "*.elsewhere.internal");
            await EpochClusterTests.SealedAsync(world.Acme, epoch);
        }

        // Each of the three asks acme for the newest introduction every half second.
        var asked = world.Heard.CountOf(nameof(IntroduceRequest));
        await Eventually.HoldsAsync(
            () => Task.FromResult(world.Heard.CountOf(nameof(IntroduceRequest))),
            count => count >= asked + 12, Patience, Token);
        await RenewAsync(world, world.Eu1, 1, 2);
        await world.Acme.StopAsync(0);

        await world.Eu1.StartAsync(3);
        await EpochClusterTests.SealedAsync(world.Eu1, EpochOf(world.Eu1).Value.Number);
        foreach (var memory in new[] { pod, world.Memory() })
        {
            var answer = await world.AskAsync(memory, Name, Token, anchor: 3);
            Assert.Equal(
                (Outcome.Record, "Home eu1.acme.internal, Up acme.internal, Down us1.acme.internal"),
                (answer.Outcome, HierarchyWorld.PathOf(answer)));
            Assert.Equal(EpochOf(world.Eu1).Digest, answer.Hops[0].Epoch.Digest);
        }
    }

    private static Parsed<Epoch> EpochOf(AnchorCluster cluster) => cluster[0].Views.Current!.Epoch;

    // To a pod that was there before, and to one that knows nothing.
    private async Task ServedAsync(HierarchyWorld world, VerifierMemory pod, string name)
    {
        await world.Client.SealAsync(world.Us1, 0, $"{name}.shop.svc", Token);
        foreach (var memory in new[] { pod, world.Memory() })
        {
            VerifiedAnswer answer;
            do
            {
                answer = await world.AskAsync(memory, $"{name}.shop.svc.us1.acme.internal", Token);
            }
            while (answer.Outcome == Outcome.Absent); // Another anchor of us1 may be a seal behind.

            Assert.Equal(
                (Outcome.Record, "Home eu1.acme.internal, Up acme.internal, Down us1.acme.internal"),
                (answer.Outcome, HierarchyWorld.PathOf(answer)));
        }
    }

    // As it does by itself at a third of its epoch's life, with what it heard of the parent.
    private static async Task RenewAsync(HierarchyWorld world, AnchorCluster cluster, params int[] approving)
    {
        var parent = EpochOf(world.Acme);
        await using var client = new OperatorClient(cluster, 0);
        var ground = await client.GroundAsync();
        var proposal = RenewOperation.Build(
            ground,
            new Dictionary<Digest, ForeignSegment>
            {
                [world.Acme.Segment.Genesis] = new(new Floor(parent.Digest, parent.Value.Number), []),
            },
            ClusterClient.Now,
            () => TestSegment.Bytes16("renewed"));
        await EpochClusterTests.ApproveAsync(cluster, await client.ProposeAsync(proposal), approving);
        await EpochClusterTests.SealedAsync(cluster, ground.Next);
        Assert.Equal(parent.Digest, EpochOf(cluster).Value.Uplinks[0].Floor.Digest);
    }
}
