using Fairlead.Anchor.Governing;
using Fairlead.Anchor.Journal;
using Fairlead.Anchor.Peers;
using Fairlead.Anchor.Sealing;
using Fairlead.Governance;
using Fairlead.Naming;
using Fairlead.Naming.Operations;
using Fairlead.Naming.Traversal;
using Fairlead.Naming.Tree;
using Fairlead.Protocol;
using Fairlead.Protocol.V1;
using Fairlead.Rpc;
using Fairlead.TestKit;
using Fairlead.TestKit.Processes;
using Microsoft.Extensions.Logging.Abstractions;

namespace Fairlead.Anchor.Tests.Sealing;

/// <summary>A loop that is further behind than it has room for drops nothing in silence, and one message that meets a
/// bug ends nothing but itself.</summary>
public sealed class SealLoopTests : IAsyncDisposable
{
    private const int InputsMax = 65_536;

    private readonly string _folder = Directory.CreateTempSubdirectory("fairlead-loop-").FullName;
    private readonly TestSegment _segment = new();
    private readonly NoShell _shell = new();
    private readonly SealLoop _loop;

    public SealLoopTests() => _loop = LoopOf(_shell, TimeProvider.System, "");

    public async ValueTask DisposeAsync()
    {
        await _loop.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public void Publish_WhereNoInputFits_IsRateLimitedAtOnce()
    {
        var fates = new List<SealOutput>();
        var entry = new SignedEntry("record", Envelope.None, []);
        _loop.Publish(entry, fates.Add);
        for (var i = 1; i < InputsMax; i++)
        {
            Assert.True(_loop.Post(new SegmentInput.Tick()));
        }

        Assert.Empty(fates);
        var token = _loop.Publish(entry, fates.Add);
        var refused = Assert.IsType<SealOutput.Refused>(Assert.Single(fates));
        Assert.Equal((token, VerificationFailure.RateLimited), (refused.Token, refused.Refusal.Failure));

        // What other anchors say is lost as on the way, and counted.
        Assert.False(_loop.Post(new SegmentInput.Connected("us1-b")));
        Assert.Equal(2, _loop.Dropped);
    }

    [Fact]
    public async Task Hear_BeyondASendersShare_WaitsForItsOwnAndForNobodyElses()
    {
        var message = new SegmentMessage.Governing(null!);
        foreach (var (from, bytes, fits) in
            new[] { ("us1-b", 300, PeerShares.Units), ("us1-c", PeerMethods.MaxMessageBytes, 1) })
        {
            for (var i = 0; i < fits; i++)
            {
                Assert.True(Hear(from, bytes).IsCompletedSuccessfully);
            }
        }

        using var gone = new CancellationTokenSource();
        var given = _loop.HearAsync("us1-c", message, PeerMethods.MaxMessageBytes, gone.Token).AsTask();
        await gone.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => given);
        var waiting = new[] { Hear("us1-b", 300), Hear("us1-c", PeerMethods.MaxMessageBytes), Hear("us1-c", 1) };
        Assert.All(waiting, one => Assert.False(one.IsCompleted));
        Assert.True(Hear("us1-d", 300).IsCompletedSuccessfully);
        _loop.Start();
        await Within(Task.WhenAll(waiting).ContinueWith(_ => true, TaskScheduler.Default));
        Assert.All(waiting, one => Assert.True(one.IsCompletedSuccessfully));
        Assert.Equal(0, _loop.Dropped);

        Task Hear(string from, int bytes) =>
            _loop.HearAsync(from, message, bytes, TestContext.Current.CancellationToken).AsTask();
    }

    /// <summary>However much there is to take, what is due by the clock is done.</summary>
    [Fact]
    public async Task Inputs_WithoutEnd_HoldUpNothingThatIsDue()
    {
        var time = new ManualTimeProvider(DateTimeOffset.FromUnixTimeMilliseconds(TestSegmentOptions.Start));
        var shell = new NoShell();
        await using var loop = LoopOf(shell, time, "flood");
        loop.Start();
        await SaysAgainAsync(shell, time, before: 0);

        // Each that is refused is followed by the next, which is there before the loop looks for it; none of them
        // steps the engine.
        using var isOver = new CancellationTokenSource();
        var flooded = new TaskCompletionSource<bool>();
        Again(null);
        await Within(flooded.Task);
        try
        {
            var before = shell.Said;
            time.Advance(TimeSpan.FromSeconds(10));
            await Eventually.HoldsAsync(
                () => Task.FromResult(shell.Said), said => said > before, TimeSpan.FromSeconds(60),
                TestContext.Current.CancellationToken);
        }
        finally
        {
            await isOver.CancelAsync();
        }

        void Again(SealOutput? refused)
        {
            if (refused is not null)
            {
                flooded.TrySetResult(true);
            }

            if (!isOver.IsCancellationRequested)
            {
                loop.Publish(null!, Again);
            }
        }
    }

    [Fact]
    public async Task Operator_WhomTheLoopLeavesWaiting_HearsSoByTheClockOfTheAnchor()
    {
        var time = new ManualTimeProvider();
        var path = Path.Combine(_folder, "operator.sock");
        var book = new OperationBook("us1-a", _folder, NullLogger.Instance);
        var service = new OperatorService(
            "us1-a", _loop, book, static () => throw new InvalidOperationException(),
            static _ => throw new InvalidOperationException(), time);
        await using var server = await OperatorSocket.StartAsync(
            path, service, TimeProvider.System, NullLoggerFactory.Instance, TestContext.Current.CancellationToken);
        await using var channel = new RpcChannel("unix:" + path);
        using var call = channel.CreateCallInvoker().AsyncUnaryCall(
            OperatorMethods.Withdraw, null, new CallOptions(cancellationToken: TestContext.Current.CancellationToken),
            new WithdrawRequest { Digest = WireWriter.ToBytes(_segment.Genesis) });
        await Eventually.HoldsAsync(
            () => Task.FromResult(time.Armed), armed => armed == 1, TimeSpan.FromMinutes(2),
            TestContext.Current.CancellationToken);
        time.Advance(TimeSpan.FromSeconds(10));
        var busy = await Assert.ThrowsAsync<RpcException>(() => call.ResponseAsync);
        Assert.Equal(StatusCode.Unavailable, busy.StatusCode);
    }

    [Fact]
    public async Task Message_ThatMeetsABug_EndsNothingButItself()
    {
        _loop.Start();
        Assert.True(_loop.Post(new SegmentInput.Receive("us1-b", new SegmentMessage.Governing(null!))));
        Assert.True(_loop.Post(new SegmentInput.Receive("us1-c", new SegmentMessage.Sealing(0, null!))));
        var fate = new TaskCompletionSource<SealOutput>(TaskCreationOptions.RunContinuationsAsynchronously);
        _loop.Publish(null!, fate.SetResult);
        var refused = Assert.IsType<SealOutput.Refused>(await Within(fate.Task));
        Assert.Equal(VerificationFailure.BadEnvelope, refused.Refusal.Failure);

        // Also a question, whose asker hears why.
        await Assert.ThrowsAsync<FormatException>(
            () => Within(_loop.AskAsync<int>(_ => throw new FormatException("a bug"))));
        Assert.Equal(0, await Within(_loop.AskAsync(engine => engine.Seals.Epoch)));
        Assert.Null(_shell.Broken);
    }

    /// <summary>What the loop waits for by a clock that leapt ahead does not wait for the length of the leap.</summary>
    [Fact]
    public async Task Clock_SetRightAfterALeap_HoldsNothingUp()
    {
        var time = new ManualTimeProvider(DateTimeOffset.FromUnixTimeMilliseconds(TestSegmentOptions.Start));
        var shell = new NoShell();
        await using var loop = LoopOf(shell, time, "leap");
        loop.Start();

        // Nobody is there, and so it asks again and again.
        await SaysAgainAsync(shell, time, before: 0);
        time.Leap(TimeSpan.FromHours(1));
        await SaysAgainAsync(shell, time, shell.Said);
        time.Leap(TimeSpan.Zero);
        for (var i = 0; i < 3; i++)
        {
            await SaysAgainAsync(shell, time, shell.Said);
        }
    }

    /// <summary>What was not said by anybody else is this anchor's own: it signs no more.</summary>
    [Fact]
    public async Task OwnInput_ThatMeetsABug_EndsTheSigning()
    {
        _loop.Start();
        _loop.Post(new SegmentInput.OfOperator(null!));
        Assert.NotNull(await Within(_shell.Ended.Task));
    }

    /// <summary>A file that says why its key must not sign is not written anew without it: the next start would
    /// sign.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Journal_OfAKeyThatMustNotSign_StaysAsItIs(bool isUnfit)
    {
        var seal = _segment.SealOf(default, 0, 0, TestSegmentOptions.Start);
        var body = isUnfit ? [9, 9, 9] : new JournalBody(0, seal.Payload, [], []).Encode();
        var journal = Journal(_segment.Seal(0), "due", rotateBytes: 1);
        journal.Append(body);
        var loop = LoopOf(_shell, TimeProvider.System, "due", journal, [body]);
        loop.OnArchived(new CertifiedState(
            _segment.Certify(seal), seal.Value, seal.Digest, LeafState.Start(SparseTree.Empty), null));
        loop.Start();
        Assert.Equal(isUnfit, await Within(loop.AskAsync(engine => engine.Seals.IsHalted)));

        // The turn in which that was answered ends before the loop does, and looks at the journals.
        await loop.DisposeAsync();
        Assert.Equal(isUnfit ? 0 : 1, loop.Rotations);
        using var left = JournalFile.Open(OptionsOf(_segment.Seal(0), "due"));
        Assert.Equal(isUnfit, left.Header.Last is null);
        Assert.Equal(body, left.Replay().Last());
    }

    private static Task<T> Within<T>(Task<T> task) =>
        task.WaitAsync(TimeSpan.FromMinutes(2), TestContext.Current.CancellationToken);

    private static OperationLeaves Leaves(TestSegment segment) => OperationLeaves.Derive(
        segment.Name,
        [.. segment.Chain],
        [.. segment.Manifests.Select(manifest => manifest!.Payload)],
        [[.. segment.Leaves.Select(leaf => (leaf.Class, leaf.Payload))]],
        out _)![^1];

    private SealLoop LoopOf(
        NoShell shell, TimeProvider time, string folder, JournalFile? journal = null, byte[][]? bodies = null) => new(
        new SegmentEngineOptions
        {
            Self = _segment.Newest.Value.Anchors[0].Id,
            Ground = new EpochGround(_segment.Genesis, _segment.Newest, Leaves(_segment), [_segment.Name]),
            Seal = _segment.Seal(0),
            Gov = _segment.Gov(0),
            Openings = static () => default,
            SealJournal = [.. (bodies ?? []).Select(body => new ReadOnlyMemory<byte>(body))],
        },
        (journal ?? Journal(_segment.Seal(0), folder), Journal(_segment.Gov(0), folder)),
        new OperationBook("us1-a", _folder, NullLogger.Instance),
        shell,
        time,
        NullLogger.Instance);

    // Its alarm comes in half a second at the latest, and where the clock was set right that step may only set it anew:
    // time goes on in small steps, each once the loop waits for its alarm again.
    private static async Task SaysAgainAsync(NoShell shell, ManualTimeProvider time, int before)
    {
        for (var i = 0; i < 40; i++)
        {
            await Eventually.HoldsAsync(
                () => Task.FromResult(time.Armed), armed => armed == 1, TimeSpan.FromMinutes(2),
                TestContext.Current.CancellationToken);
            if (shell.Said > before)
            {
                return;
            }

            time.Advance(TimeSpan.FromMilliseconds(50));
        }

        Assert.Fail($"said nothing in two seconds; before: {before}");
    }

    private JournalFile Journal(ISigner key, string folder, long rotateBytes = 1_048_576) =>
        JournalFile.Create(OptionsOf(key, folder) with { RotateBytes = rotateBytes }, 0, 0, new string('0', 64));

    private JournalOptions OptionsOf(ISigner key, string folder) => new(
        Directory.CreateDirectory(Path.Combine(_folder, folder)).FullName,
        _segment.Genesis.ToString(), key.Key.Kid.ToString()) { ChunkBytes = 4096 };

    private sealed class NoShell : ISealShell
    {
        private int _said;

        internal TaskCompletionSource<Exception> Ended { get; } =
            new(TaskCreationOptions.RunContinuationsAsynchronously);

        internal Exception? Broken => Ended.Task.IsCompleted ? Ended.Task.Result : null;

        internal int Said => Volatile.Read(ref _said);

        public void Send(string anchor, SegmentMessage message)
        {
        }

        public void Broadcast(SegmentMessage message) => Interlocked.Increment(ref _said);

        public void OnCertified(CertifiedState state)
        {
        }

        public void OnHeldBefore(CertifiedState state)
        {
        }

        public void OnMoved(SegmentOutput.Moved moved)
        {
        }

        public void OnPublished(SegmentOutput.Published published)
        {
        }

        public void OnEvidence(Contradiction evidence)
        {
        }

        public void OnBroken(Exception error) => Ended.TrySetResult(error);
    }
}
