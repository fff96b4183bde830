using System.Collections.Immutable;
using Fairlead.Anchor.Home;
using Fairlead.Anchor.Home.Introductions;
using Fairlead.Anchor.Serving;
using Fairlead.Anchor.Tests.Home.Reports;
using Fairlead.Anchor.Tests.Serving;
using Fairlead.Naming;
using Fairlead.Naming.Traversal;
using Fairlead.Protocol.V1;
using Fairlead.TestKit.Processes;
using Microsoft.Extensions.Logging.Abstractions;
using KnownSegment = Fairlead.Anchor.Serving.KnownSegment;
using Query = Fairlead.Naming.Query;
using Subject = Fairlead.Naming.Subject;

namespace Fairlead.Anchor.Tests.Home;

/// <summary>
/// One of a target's four anchors takes what it is asked and says nothing: names that somebody waits for cost the hedge
/// delay more than with all of them, exactly, and nothing fails. By the test's clock, over real connections.
/// </summary>
public sealed class FrozenTargetTests : IAsyncLifetime
{
    private static readonly Subject Pod = new() { Namespace = "shop", Account = "frontend" };
    private static readonly TimeSpan Delay = TimeSpan.FromMilliseconds(HedgeTurns.DelayMax);
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);

    // Milliseconds that are counted by cutting off the rest are exact.
    private static readonly TimeSpan HalfMillisecond = TimeSpan.FromMicroseconds(500);

    private readonly List<FakeTarget> _anchors = [];
    private readonly SemaphoreSlim _changed = new(0);
    private readonly CancellationTokenSource _bounded =
        CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);

    private EvidenceWorld _world = null!;
    private SegmentView _target = null!;
    private AttestBook _attests = null!;
    private AttestBook _ofTarget = null!;
    private IntroductionBook _introductions = null!;
    private HomeRelay _relay = null!;
    private int _names;

    public async ValueTask InitializeAsync()
    {
        _bounded.CancelAfter(Patience);
        for (var i = 0; i < 4; i++)
        {
            _anchors.Add(await FakeTarget.StartAsync(302 + (3 * i), _bounded.Token));
        }
    }

    private void Start(int place = 0)
    {
        _world = new EvidenceWorld(homeAt: [.. _anchors.Select(anchor => anchor.At)], place: place);
        _world.Time.Advance(HalfMillisecond);
        _world.Home.PeerWith(_world.Own);
        _target = TestView.Of(_world.Home, _world.Context.Now());
        (_attests, _ofTarget) = (Book(_world.Own.Seal(0)), Book(_world.Home.Seal(0)));
        foreach (var anchor in _anchors)
        {
            (anchor.Time, anchor.Chain, anchor.Answer) = (_world.Time, () => _world.Home.Chain, ask => Absent(ask));
        }

        var chains = new ChainBook(_world.Context, _world.Verifier);
        var introducing = new Introducing(_world.Context, _world.Verifier, chains);
        _introductions = new IntroductionBook(
            _world.Context, introducing.WalkAsync, introducing.RepeatAsync, new IntroductionFile(null));
        _relay = new HomeRelay(_world.Context, _world.Verifier, _attests, _introductions, chains);
        _world.Serve();
    }

    public async ValueTask DisposeAsync()
    {
        await _relay.DisposeAsync();
        await _introductions.DisposeAsync();
        await _attests.DisposeAsync();
        await _ofTarget.DisposeAsync();
        await _world.DisposeAsync();
        foreach (var anchor in _anchors)
        {
            await anchor.DisposeAsync();
        }

        _bounded.Dispose();
    }

    private long Now => _world.Context.Elapsed();

    [Fact]
    public async Task Names_OfATargetWithOneAnchorFrozen_CostTheDelayMoreAndNeverFail()
    {
        var (asked, others) = await MeetAsync();
        var healthy = new List<long>();
        var frozen = new List<long>();
        for (var takes = 3; takes <= 9; takes++)
        {
            healthy.Add(await ResolveAsync(asked, takes, "open"));
        }

        Assert.All(others, other => Assert.Equal(0, other.Questions));
        _world.Time.Advance(Delay); // Of the healthy ones no turn is left.
        asked.IsFrozen = true;
        var start = Now;
        for (var takes = 3; takes <= 9; takes++)
        {
            frozen.Add(await ResolveAsync(others[0], takes, "resolve", asked));
        }

        Assert.Equal([3, 4, 5, 6, 7, 8, 9], healthy);
        Assert.Equal(healthy.Select(took => took + HedgeTurns.DelayMax), frozen);
        Assert.All(others[1..], other => Assert.Equal(0, other.Questions));

        // Its patience with the stream is over: all that it carried goes on at the next anchor, at once.
        others[0].Takes = TimeSpan.Zero;
        _world.Time.Advance(TimeSpan.FromMilliseconds(start + 3_000 + 1 - Now));
        Use();
        await HeardAsync(others[0], "stream");
        for (var i = 0; i < 16; i++)
        {
            await HeardAsync(others[0], "open");
        }

        Assert.Equal(5, await ResolveAsync(others[0], 5, "open"));
        Assert.All(others[1..], other => Assert.Equal(0, other.Questions));
    }

    [Fact]
    public async Task FirstContact_WithAnAnchorThatIsFrozen_CostsTheDelayMore()
    {
        Start();
        var first = First();
        first.IsFrozen = true;
        var (start, name) = (Now, Use());
        await HeardAsync(first, "epochs");
        await ArmedAsync(Delay);
        _world.Time.Advance(Delay);
        await UntilAsync(() => name.Read().Current is not null);
        Assert.Equal(HedgeTurns.DelayMax, Now - start);
        Assert.Equal(1, _anchors.Sum(anchor => anchor.Questions));
    }

    /// <summary>So no two of a home's anchors meet the same one that is silent.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public async Task Anchor_OfAHome_BeginsAtAnotherOneThanTheOthers(int place)
    {
        Start(place);
        var name = Use();
        await UntilAsync(() => name.Read().Current is not null);
        Assert.Equal([place], Named().Index().Where(one => one.Item.Questions > 0).Select(one => one.Index));
    }

    /// <summary>One that does not even take what it is asked is silent as well: few names are asked beside it at a
    /// time, and the stream is left in the same time.</summary>
    [Fact]
    public async Task Anchor_ThatTakesNoQuestions_IsAskedBesideForAFewNamesAtATimeAndLeft()
    {
        Start();
        var at = _anchors.IndexOf(First());
        var beside = _anchors[(at + 1) % 4];
        First().IsDeaf = true;
        foreach (var other in _anchors.Where(other => other != First()))
        {
            other.IsFrozen = true;
        }

        // All of them are there before it is met, and so they wait from one moment on.
        var met = new TaskCompletionSource();
        First().MayMeet = met.Task;
        var name = Use("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
        for (var i = 1; i < 2_500; i++)
        {
            Use();
        }

        met.SetResult();
        await HeardAsync(First(), "stream");

        // They are asked for since now: what waits for one of them was taken along.
        await Eventually.HoldsAsync(
            () => Task.FromResult(name.Trace), static trace => trace is null, Patience, _bounded.Token);
        _world.Time.Advance(Delay);
        for (var i = 0; i < HedgeTurns.Most; i++)
        {
            await HeardAsync(beside, "resolve");
        }

        Assert.Equal(HedgeTurns.Most, beside.Questions);
        _world.Time.Advance(TimeSpan.FromMilliseconds(3_001));
        name.AskAgain();
        await UntilAsync(() => name.Read().Failure is { Failure: VerificationFailure.Behind });
    }

    /// <summary>What another anchor showed meanwhile may be newer than what the slow one has, from the moment that it
    /// counts: long before whoever asked it beside has heard of its answer.</summary>
    [Fact]
    public async Task Anchor_ThatIsSlowAndBehind_KeepsItsStream()
    {
        var (asked, others) = await MeetAsync();
        var old = _target;
        asked.Answer = ask => Absent(ask, old);
        _target = TestView.Of(_world.Home, _world.Context.Now(), seq: 2);
        asked.Takes = Delay + TimeSpan.FromMilliseconds(1);
        var name = Use();
        using var taken = new ManualResetEventSlim();
        name.Changed += () => taken.Wait(_bounded.Token);
        await HeardAsync(asked, "open");
        await ArmedAsync(Delay);
        _world.Time.Advance(Delay);
        await UntilAsync(() => name.Read().Current is not null);
        Assert.Equal(2, name.Read().Current!.Seal!.Value.Seq);

        // It is asked again with what is known now, and has the newer one as well.
        asked.Answer = ask => Absent(ask, ask.Known[0].SealSeq < 2 ? old : _target);
        asked.Takes = TimeSpan.Zero;
        var first = name.Read().Current;
        _world.Time.Advance(TimeSpan.FromMilliseconds(1));
        await HeardAsync(asked, "open");
        taken.Set();
        await UntilAsync(() => !ReferenceEquals(name.Read().Current, first));
        Assert.Null(name.Read().Failure);
        Assert.Equal(1, others[0].Questions);
        Assert.Equal(3, asked.Questions);
    }

    /// <summary>The same where what the other one showed begins another epoch, which the slow one has not
    /// yet.</summary>
    [Fact]
    public async Task Anchor_ThatHasNotTheNewestEpochYet_KeepsItsStream()
    {
        var (asked, others) = await MeetAsync();
        var old = _target;
        asked.Answer = ask => Absent(ask, old);
        _world.Home.Advance(OpType.Renew);
        _target = TestView.Of(_world.Home, _world.Context.Now(), seq: 2);
        await _ofTarget.DisposeAsync();
        _ofTarget = Book(_world.Home.Seal(0));
        asked.Takes = Delay + TimeSpan.FromMilliseconds(1);
        var name = Use();
        await HeardAsync(asked, "open");
        await ArmedAsync(Delay);
        _world.Time.Advance(Delay);
        await UntilAsync(() => name.Read().Current is not null);
        Assert.Equal(_target.Epoch.Value.Number, name.Read().Current!.Seal!.Value.Epoch);

        asked.Answer = ask => Absent(ask, (long)ask.Known[0].Epoch == old.Epoch.Value.Number ? old : _target);
        asked.Takes = TimeSpan.Zero;
        var first = name.Read().Current;
        _world.Time.Advance(TimeSpan.FromMilliseconds(1));
        await HeardAsync(asked, "open");
        await UntilAsync(() => !ReferenceEquals(name.Read().Current, first));
        Assert.Null(name.Read().Failure);
        Assert.Equal(1, others[0].Questions);
        Assert.Equal(3, asked.Questions);
    }

    /// <summary>Who asks anew knows more than what is held, and waits for it as for a fresh name.</summary>
    [Fact]
    public async Task Name_ThatIsHeldAndBehind_IsAskedOfAnotherAnchorAsWell()
    {
        var (asked, others) = await MeetAsync();
        var name = Use();
        await HeardAsync(asked, "open");
        await UntilAsync(() => name.Read().Current is not null);
        asked.IsFrozen = true;
        _target = TestView.Of(_world.Home, _world.Context.Now(), seq: 2);
        var start = Now;
        name.AskAgain();
        await HeardAsync(asked, "open");
        await ArmedAsync(Delay);
        _world.Time.Advance(Delay);
        await UntilAsync(() => name.Read().Current!.Seal!.Value.Seq == 2);
        Assert.Equal(HedgeTurns.DelayMax, Now - start);
        Assert.Null(name.Read().Failure);
        Assert.Equal(1, others[0].Questions);
    }

    // As the home's own epoch names them.
    private IEnumerable<FakeTarget> Named() => _anchors.OrderBy(anchor => anchor.At.Text, StringComparer.Ordinal);

    private FakeTarget First() => Named().First();

    // The anchor that has the stream, with one name on it, and the others in the order in which they are asked.
    private async Task<(FakeTarget Asked, FakeTarget[] Others)> MeetAsync()
    {
        Start();
        var name = Use();
        await UntilAsync(() => name.Read().Current is not null);
        var at = _anchors.IndexOf(First());
        await HeardAsync(_anchors[at], "open");
        return (_anchors[at], [.. _anchors[(at + 1)..], .. _anchors[..at]]);
    }

    // How long a fresh name takes where an anchor answers after a while, alone or beside one that was asked before it.
    private async Task<long> ResolveAsync(FakeTarget answering, int takes, string by, FakeTarget? silent = null)
    {
        answering.Takes = TimeSpan.FromMilliseconds(takes);
        var start = Now;
        var name = Use();
        if (silent is not null)
        {
            await HeardAsync(silent, "open");
            await ArmedAsync(Delay);
            _world.Time.Advance(Delay);
        }

        await HeardAsync(answering, by);
        if (silent is not null)
        {
            // While it takes its time whoever asks waits for the moment to ask a third one.
            await ArmedAsync(Delay);
        }

        _world.Time.Advance(answering.Takes);
        await UntilAsync(() => name.Read().Current is not null);
        Assert.Null(name.Read().Failure);
        if (silent is not null)
        {
            // And does so no more.
            await ArmedAsync(Delay - answering.Takes, isArmed: false);
        }

        return Now - start;
    }

    private RelayedName Use(string? trace = null)
    {
        var query = Document.Make(new Query
        {
            Home = _world.Own.Genesis,
            Name = FullName.Parse($"n{_names++}.shop.svc.{_world.Home.Name.Text}"),
            Subject = Hashes.Subject(_world.Own.Genesis, Pod),
        });
        var (name, full) = _relay.Use(
            new AskedQuestion(
                query, new Consumer(_world.Own.Genesis, Pod), true,
                ImmutableDictionary<Digest, KnownSegment>.Empty),
            trace);
        Assert.Null(full);
        name!.Changed += () => _changed.Release();
        return name;
    }

    private UnverifiedAnswer Absent(ResolveRequest ask, SegmentView? view = null)
    {
        Assert.True(Document.TryParse<Query>(ask.Query.Memory, out var query, out _));
        var hop = TargetAnswers.Build(
            view ?? _target, _ofTarget, new Consumer(_world.Own.Genesis, Pod), query.Value.Name.Service!, null,
            HopKind.Peer, (long)ask.Known[0].Epoch, _world.Context.Now(), out _)!.Hop;
        return new UnverifiedAnswer(ask.Query.ToByteArray(), [hop], AnswerResult.Negative, []);
    }

    private Task ArmedAsync(TimeSpan due, bool isArmed = true) => Eventually.HoldsAsync(
        () => Task.FromResult(_world.Time.IsArmed(due)), armed => armed == isArmed, Patience, _bounded.Token);

    private async Task HeardAsync(FakeTarget anchor, string question)
    {
        while (await anchor.Heard.ReadAsync(_bounded.Token) != question)
        {
        }
    }

    private async Task UntilAsync(Func<bool> holds)
    {
        while (!holds())
        {
            await _changed.WaitAsync(_bounded.Token);
        }
    }

    private static AttestBook Book(ISigner seal) => new(
        new AttestMint(seal), static (_, _, _, _) => throw new NotSupportedException("nobody"),
        static (_, _) => false, TimeProvider.System, NullLogger.Instance);
}
