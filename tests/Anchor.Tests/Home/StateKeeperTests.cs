using System.Collections.Concurrent;
using Fairlead.Anchor.Home;
using Fairlead.Naming;
using Fairlead.Naming.Traversal;
using Fairlead.Resolver.State;
using Fairlead.TestKit;

namespace Fairlead.Anchor.Tests.Home;

/// <summary>V39 at a home anchor: durable, then used; one write for what came while another one ran.</summary>
public sealed class StateKeeperTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("fairlead-keeper-").FullName;
    private readonly TestSegment _home = new(new TestSegmentOptions { Name = "eu1.internal" });
    private readonly TestSegment _target = new(new TestSegmentOptions { Name = "us1.internal", FirstKey = 200 });

    private string StatePath => Path.Combine(_folder, "verifier.state");

    private HomePin Pin => new(_home.Genesis, _home.Name);

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task Step_Settled_IsThereAfterARestart()
    {
        await using (var keeper = new StateKeeper(Pin, StatePath, "eu1-a"))
        {
            Assert.Null(await StepAsync(keeper, Chain(_target)));
            Assert.Equal(_target.Newest.Digest, keeper.Durable.Segments[_target.Genesis].Newest.Digest);
        }

        await using var again = new StateKeeper(Pin, StatePath, "eu1-a");
        Assert.Equal(_target.Newest.Digest, again.Durable.Segments[_target.Genesis].Newest.Digest);
    }

    [Fact]
    public async Task Step_Unsettled_IsNotUsed()
    {
        using var gate = new ManualResetEventSlim();
        using var entered = new ManualResetEventSlim();
        await using var keeper = new StateKeeper(Pin, StatePath, "eu1-a");
        keeper.Step(state => state.With(Chain(_home)), _ =>
        {
            entered.Set();
            gate.Wait(TestContext.Current.CancellationToken);
        });
        entered.Wait(TestContext.Current.CancellationToken);
        var second = StepAsync(keeper, Chain(_target));
        Assert.False(keeper.Durable.Segments.ContainsKey(_target.Genesis));
        gate.Set();
        Assert.Null(await second);
        Assert.True(keeper.Durable.Segments.ContainsKey(_target.Genesis));
    }

    [Fact]
    public async Task Steps_WhileAWriteRuns_ShareTheNextOne()
    {
        using var gate = new ManualResetEventSlim();
        using var entered = new ManualResetEventSlim();
        await using var keeper = new StateKeeper(Pin, StatePath, "eu1-a");
        keeper.Step(state => state.With(Chain(_home)), _ =>
        {
            entered.Set();
            gate.Wait(TestContext.Current.CancellationToken);
        });
        entered.Wait(TestContext.Current.CancellationToken);
        var steps = Enumerable.Range(0, 100).Select(_ => StepAsync(keeper, Chain(_target))).ToList();
        gate.Set();
        Assert.All(await Task.WhenAll(steps), Assert.Null);
        Assert.Equal(2, keeper.Writes);
        Assert.Null(await StepAsync(keeper, Chain(_target)));
        Assert.Equal(2, keeper.Writes);
    }

    [Fact]
    [MaliciousInput(96, "state directory read-only: StateNotDurable")]
    public async Task Step_NotDurable_IsLostWithAllThatStoodUponIt()
    {
        var folder = Directory.CreateDirectory(Path.Combine(_folder, "gone"));
        using var gate = new ManualResetEventSlim();
        await using var keeper = new StateKeeper(Pin, Path.Combine(folder.FullName, "verifier.state"), "eu1-a");
        Assert.Null(await StepAsync(keeper, Chain(_home)));
        folder.Delete(recursive: true);
        var lost = await StepAsync(keeper, Chain(_target));
        Assert.Equal(VerificationFailure.StateNotDurable, lost!.Failure);
        Assert.False(keeper.Durable.Segments.ContainsKey(_target.Genesis));
        folder.Create();
        Assert.Null(await StepAsync(keeper, Chain(_target)));
        Assert.True(keeper.Durable.Segments.ContainsKey(_target.Genesis));
    }

    /// <summary>What there is no room for is said of its step alone, and the chain that came with it is kept.</summary>
    [Fact]
    public async Task Step_WithoutRoom_IsLostAlone()
    {
        var one = StateRoom.BytesOf(VerifierState.Start(Pin).With(Chain(_home)));
        await using var keeper = new StateKeeper(Pin, StatePath, "eu1-a") { RoomBytes = 2 * one };
        Assert.Null(await StepAsync(keeper, Chain(_home)));
        var full = await StepAsync(keeper, Chain(_target));
        Assert.Equal(VerificationFailure.StateNotDurable, full?.Failure);
        Assert.False(full!.IsOfNameAlone);
        Assert.False(keeper.Durable.Segments.ContainsKey(_target.Genesis));
        Assert.Null(await StepAsync(keeper, Chain(_home)));
    }

    [Fact]
    public async Task Step_Refused_SettlesNothing()
    {
        var settled = new ConcurrentQueue<Refusal?>();
        await using var keeper = new StateKeeper(Pin, StatePath, "eu1-a");
        keeper.Step(_ => null, settled.Enqueue);
        Assert.Null(await StepAsync(keeper, Chain(_home)));
        Assert.Empty(settled);
    }

    [Theory]
    [InlineData("eu1-b")]
    [InlineData(null)]
    public async Task Start_FromAForeignOrDamagedFile_IsRefused(string? node)
    {
        await using (var keeper = new StateKeeper(Pin, StatePath, "eu1-a"))
        {
            Assert.Null(await StepAsync(keeper, Chain(_home)));
        }

        if (node is null)
        {
            var bytes = await File.ReadAllBytesAsync(StatePath, TestContext.Current.CancellationToken);
            bytes[20] ^= 1;
            await File.WriteAllBytesAsync(StatePath, bytes, TestContext.Current.CancellationToken);
        }

        var refused = Assert.Throws<StateException>(() => new StateKeeper(Pin, StatePath, node ?? "eu1-a"));
        Assert.Equal(StateError.StateCorrupt, refused.Error);
        Assert.Contains(StatePath, refused.Message, StringComparison.Ordinal);
    }

    private static SegmentState Chain(TestSegment segment)
    {
        var verdict =
            EpochChain.Extend(null, segment.Genesis, null, [.. segment.Chain], TestSegmentOptions.Start + 1000);
        Assert.True(verdict.IsAccepted, verdict.Refusal?.ToString());
        return verdict.Segment;
    }

    private static Task<Refusal?> StepAsync(StateKeeper keeper, SegmentState segment)
    {
        var settled = new TaskCompletionSource<Refusal?>(TaskCreationOptions.RunContinuationsAsynchronously);
        keeper.Step(state => state.With(segment), settled.SetResult);
        return settled.Task;
    }
}
