using System.Collections.Immutable;
using Fairlead.Anchor.Home;
using Fairlead.Anchor.Home.Introductions;
using Fairlead.Anchor.Serving;
using Fairlead.Anchor.Tests.Home.Reports;
using Fairlead.Naming;
using Fairlead.Naming.Traversal;
using Fairlead.Resolver.State;
using Fairlead.TestKit;

namespace Fairlead.Anchor.Tests.Home;

/// <summary>An introduction that was kept over a restart is good for its age, however often it could not be looked at
/// (I24). What those who are asked say is the test's.</summary>
public sealed class KeptIntroductionTests : IAsyncDisposable
{
    private static readonly SegmentName Target = SegmentName.Parse("us1.acme.internal");
    private static readonly SegmentName Other = SegmentName.Parse("us2.acme.internal");

    private readonly string _folder = Directory.CreateTempSubdirectory("fairlead-kept-").FullName;
    private readonly EvidenceWorld _world = new();
    private readonly TestSegment _transit = new(new TestSegmentOptions { Name = "acme.internal" });
    private readonly Refusal _away = new(VerificationFailure.Behind, "acme.internal", "nobody of it is there");
    private Func<SegmentView, (Way? Way, Refusal? Refusal)> _said;
    private Func<SegmentView, (Way? Way, Refusal? Refusal)> _repeated;
    private Action<SegmentName> _asked = _ => { };
    private Action<DurableFile, ReadOnlyMemory<byte>> _write = (file, content) => file.Save(content.Span);
    private IntroductionBook? _book;

    public KeptIntroductionTests()
    {
        _said = _ => (null, _away);
        _repeated = view => (Leading(view), null);
        _world.Serve();
        var answer = new UnverifiedAnswer(default, [Hop(_transit)], AnswerResult.Record, []);
        new IntroductionFile(FilePath).Save([], [new(Target, answer), new(Other, answer)]);
    }

    private string FilePath => Path.Combine(_folder, "introductions.state");

    public async ValueTask DisposeAsync()
    {
        if (_book is not null)
        {
            await _book.DisposeAsync();
        }

        await _world.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    /// <summary>The own anchors are not there yet, and those who introduce are dead.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Kept_ThatCannotBeLookedAtNow_HoldsTheNextTime(bool isBug)
    {
        var good = _repeated;
        _repeated = _ => isBug ? throw new FormatException("a bug") : (null, _away);
        Assert.Null(await FindAsync(Target));
        Assert.Null(await FindAsync(Target));

        // Another one that is written to the file takes nothing from it.
        _repeated = good;
        Assert.NotNull(await FindAsync(Other));
        Assert.Equal([Target, Other], Kept);
        _world.Time.Advance(TimeSpan.FromSeconds(1));
        Assert.NotNull(await FindAsync(Target));
        Assert.Equal([Target, Other], Kept);
    }

    /// <summary>The own anchors may be there a moment later, while those who introduce are left alone; and they are not
    /// asked with each question either.</summary>
    [Fact]
    public async Task Kept_ThatCannotBeLookedAtNow_IsLookedAtAfterAPauseAndWalkedMoreRarely()
    {
        var (walked, looked) = (new Dictionary<SegmentName, int>(), 0);
        _said = _ => (null, _away);
        _repeated = _ => (null, _away with { Detail = $"look {++looked}" });
        _asked = target => walked[target] = walked.GetValueOrDefault(target) + 1;

        // So many fail that each is walked every ten seconds only.
        for (var i = 0; i < 320; i++)
        {
            Assert.Null(await FindAsync(SegmentName.Parse($"n{i}.internal")));
        }

        for (var second = 0; second < 12; second++)
        {
            for (var i = 0; i < 10; i++)
            {
                Assert.Null(await FindAsync(Target));
            }

            _world.Time.Advance(TimeSpan.FromSeconds(1));
        }

        Assert.Equal((4, 7), (walked[Target], looked));
    }

    [Fact]
    public async Task Kept_ThatCannotBeLookedAt_IsWalkedInstead()
    {
        _repeated = _ => throw new FormatException("a bug");
        _said = view => (Leading(view), null);
        Assert.NotNull(await FindAsync(Target));
    }

    /// <summary>V39: nobody uses a way that a restart would not know.</summary>
    [Fact]
    public async Task Way_ThatIsNotWrittenYet_IsNotUsed()
    {
        _said = view => (Leading(view), null);
        var (writing, written) = (new TaskCompletionSource(), new TaskCompletionSource());
        _write = (file, content) =>
        {
            writing.SetResult();
            written.Task.Wait();
            file.Save(content.Span);
        };
        var walked = SegmentName.Parse("us3.acme.internal");
        var finding = FindAsync(walked);
        try
        {
            await writing.Task.WaitAsync(TestContext.Current.CancellationToken);
            Assert.False(finding.IsCompleted);
            Assert.Null(_book!.Current(walked));
            Assert.Empty(_book.All);
        }
        finally
        {
            written.SetResult();
        }

        Assert.NotNull(await finding);
        Assert.NotNull(_book.Current(walked));
        Assert.Contains(walked, Kept);
    }

    /// <summary>A disk that is full takes no way from anybody.</summary>
    [Fact]
    public async Task Way_ThatCannotBeWritten_IsUsed()
    {
        _said = view => (Leading(view), null);
        _write = (_, _) => throw new StateException(StateError.StateNotDurable, "the disk is full");
        Assert.NotNull(await FindAsync(SegmentName.Parse("us3.acme.internal")));
    }

    /// <summary>A denial ends it, also for the next start.</summary>
    [Fact]
    public async Task Kept_WhoseTransitDenies_IsOver()
    {
        _repeated = _ => (null, _away);
        _said = view => (Leading(view) with { Result = AnswerResult.Denied }, null);
        Assert.Equal(AnswerResult.Denied, (await FindAsync(Target))?.Result);
        Assert.Equal([Other], Kept);
    }

    private IEnumerable<SegmentName> Kept => new IntroductionFile(FilePath).Load(out _).Keys.Order();

    private async Task<Way?> FindAsync(SegmentName target)
    {
        _book ??= new IntroductionBook(
            _world.Context,
            (view, walked, _) =>
            {
                _asked(walked);
                return Task.FromResult(_said(view));
            },
            (view, _, _, _) => Task.FromResult(_repeated(view)),
            new IntroductionFile(FilePath) { Write = _write });
        return (await _book.FindAsync(target, null, TestContext.Current.CancellationToken)).Way;
    }

    private Way Leading(SegmentView view)
    {
        var now = _world.Context.Now();
        var hop = new RelayedHop(Hop(_transit) with { Epochs = [] }, EpochLog.Of([.. _transit.Chain]));
        var onward = new Onward(
            HopKind.Down, Target, Digest.Sha256("us1"u8), new Floor { Digest = Digest.Sha256("us1"u8), Epoch = 0 }, []);
        return new Way(
            view.Epoch.Digest, [hop], AnswerResult.Record, onward, now + 3_600_000, now + 1_800_000);
    }

    private static UnverifiedHop Hop(TestSegment segment) =>
        new(segment.Genesis, HopKind.Up, [.. segment.Chain], null, [], [], ImmutableArray<Envelope>.Empty);
}
