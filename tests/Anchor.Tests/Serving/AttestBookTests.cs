using System.Collections.Concurrent;
using Fairlead.Anchor.Serving;
using Fairlead.Naming;
using Fairlead.Rpc;
using Fairlead.TestKit;
using Microsoft.Extensions.Logging.Abstractions;

namespace Fairlead.Anchor.Tests.Serving;

/// <summary>V33 and 4.9 "Sharing": one anchor of four gathers three attests; the test plays the others.</summary>
public sealed class AttestBookTests : IAsyncDisposable
{
    private static readonly ServicePart Name = ServicePart.Parse("checkout.shop.svc");

    private readonly TestSegment _segment = new(new TestSegmentOptions { Attest = 3 });
    private readonly ManualTimeProvider _time =
        new(DateTimeOffset.FromUnixTimeMilliseconds(TestSegmentOptions.Start + 10_000));
    private readonly ConcurrentQueue<string> _asked = new();
    private readonly Dictionary<string, Func<SegmentView, AttestTerms, Envelope>> _others = new(StringComparer.Ordinal);
    private readonly HashSet<string> _excluded = [];
    private readonly SemaphoreSlim _changed = new(0);
    private readonly SegmentView _view;
    private Task _gate = Task.CompletedTask;
    private readonly AttestBook _book;

    public AttestBookTests()
    {
        _view = TestView.Of(_segment, Now);
        _book = new AttestBook(
            new AttestMint(_segment.Seal(0)), AskAsync, (_, anchor) => _excluded.Contains(anchor.Id), _time,
            NullLogger.Instance, pagesMost: 20, gatheringsMost: 16);
        _book.Changed += () => _changed.Release();
        for (var i = 1; i < 4; i++)
        {
            var signer = _segment.Seal(i);
            _others[$"us1-{(char)('a' + i)}"] = (view, terms) =>
                Envelope.Sign(Document.Make(terms.Draft(view, Now)), signer);
        }
    }

    private long Now => _time.GetUtcNow().ToUnixTimeMilliseconds();

    public ValueTask DisposeAsync() => _book.DisposeAsync();

    [Fact]
    public async Task Take_AskedByMany_AsksEachOnceAndHandsOutAWholeSet()
    {
        var gate = new TaskCompletionSource();
        _gate = gate.Task;
        Assert.All(Enumerable.Range(0, 50), _ => Missing(Terms()));
        gate.SetResult();
        await ChangedAsync();
        var set = Whole(Terms());
        Assert.Equal(3, set.Envelopes.Count);
        var kids = set.Envelopes.Select(envelope => envelope.Signatures[0].Kid).ToList();
        Assert.Equal(kids.Distinct().Order(), kids);
        Assert.Contains(_segment.Seal(0).Key.Kid, kids);
        Assert.Equal(["us1-b", "us1-c"], _asked.Order());
    }

    [Fact]
    public async Task Take_OneUnreachable_TakesTheNext()
    {
        _others["us1-b"] = (_, _) => throw new RpcException(new Status(StatusCode.Unavailable, "gone"));
        Missing(Terms());
        await ChangedAsync();
        Assert.Equal(3, Whole(Terms()).Envelopes.Count);
        Assert.Equal(["us1-b", "us1-c", "us1-d"], _asked.Order());
    }

    [Theory]
    [InlineData("deny")]
    [InlineData("other signer")]
    [InlineData("other epoch")]
    [InlineData("expired")]
    [InlineData("long")]
    [InlineData("bad signature")]
    [InlineData("not an attest")]
    public async Task Take_OneOfAnotherMind_IsNotCounted(string lie)
    {
        _others["us1-c"] = (view, terms) => Lie(lie, terms.Draft(view, Now));
        _others["us1-d"] = (_, _) => throw new RpcException(new Status(StatusCode.Unavailable, "gone"));
        Missing(Terms());
        await ChangedAsync();
        Missing(Terms());
    }

    [Fact]
    public async Task Take_TooFew_IsRetriedAfterAPause()
    {
        _others["us1-c"] = _others["us1-d"] = (_, _) =>
            throw new RpcException(new Status(StatusCode.Unavailable, "gone"));
        Missing(Terms());
        await ChangedAsync();
        var asked = _asked.Count;
        Assert.Contains("2 of 3", Missing(Terms()).Detail, StringComparison.Ordinal);
        Assert.Equal(asked, _asked.Count);
        _others["us1-d"] = (view, terms) => Envelope.Sign(Document.Make(terms.Draft(view, Now)), _segment.Seal(3));
        _time.Advance(TimeSpan.FromMilliseconds(500));
        Missing(Terms());
        await ChangedAsync();
        Assert.Equal(3, Whole(Terms()).Envelopes.Count);
    }

    /// <summary>A clock that leaps ahead and is set right: who could not be asked is asked after the usual pause, and
    /// nothing is handed out that is ahead of the clock.</summary>
    [Fact]
    public async Task Take_AfterALeapOfTheClock_GoesOnAsBefore()
    {
        var answering = _others.ToDictionary(StringComparer.Ordinal);
        foreach (var anchor in answering.Keys)
        {
            _others[anchor] = (_, _) => throw new RpcException(new Status(StatusCode.Unavailable, "gone"));
        }

        _time.Leap(TimeSpan.FromHours(1));
        Missing(Terms());
        await ChangedAsync();
        _time.Leap(TimeSpan.Zero);
        foreach (var (anchor, answer) in answering)
        {
            _others[anchor] = answer;
        }

        _time.Advance(TimeSpan.FromMilliseconds(500));
        Missing(Terms());
        await ChangedAsync();
        var set = Whole(Terms());
        Assert.All(set.Envelopes, one => Assert.InRange(Attest(one).Issued, 0, Now));

        _time.Leap(TimeSpan.FromHours(1));
        Missing(Terms());
        await ChangedAsync();
        Whole(Terms());
        _time.Leap(TimeSpan.Zero);
        Missing(Terms());
        await ChangedAsync();
        Assert.All(Whole(Terms()).Envelopes, one => Assert.InRange(Attest(one).Issued, 0, Now));
    }

    /// <summary>V38: an Attest of an anchor that contradicted itself would spoil the answer of one that did not
    /// (I23).</summary>
    [Fact]
    public async Task Take_OneExcluded_IsNotAskedAndNotHandedOut()
    {
        Missing(Terms());
        await ChangedAsync();
        Whole(Terms());
        _excluded.Add("us1-c");
        Missing(Terms());
        await ChangedAsync();
        var kids = Whole(Terms()).Envelopes.Select(envelope => envelope.Signatures[0].Kid).ToList();
        Assert.DoesNotContain(_segment.Seal(2).Key.Kid, kids);
        Assert.Contains(_segment.Seal(3).Key.Kid, kids);
        Assert.Equal(1, _asked.Count(anchor => anchor == "us1-c"));
    }

    [Fact]
    public async Task Take_HalfOfTheLifeGone_ServesTheOldAndRenewsBehindIt()
    {
        Missing(Terms());
        await ChangedAsync();
        var first = Whole(Terms());
        _time.Advance(TimeSpan.FromMilliseconds(_segment.Newest.Value.Policy.AttestTarget / 2));
        Assert.Equal(first.Expires, Whole(Terms()).Expires);
        await ChangedAsync();
        Assert.True(Whole(Terms()).Expires > first.Expires);
        Assert.Equal(4, _asked.Count);
    }

    [Fact]
    public async Task Take_OfAnotherSubjectOrName_SharesNothing()
    {
        Missing(Terms());
        await ChangedAsync();
        Whole(Terms());
        Missing(Terms(account: "other"));
        await ChangedAsync();
        Missing(AttestTerms.OfTarget(_view, Consumer("frontend"), ServicePart.Parse("cart.shop.svc")));
        await ChangedAsync();

        // A host is decided as its service.
        Whole(AttestTerms.OfTarget(_view, Consumer("frontend"), ServicePart.Parse("h1.checkout.shop.svc")));
    }

    [Fact]
    public async Task Take_OfADenial_IsTheOwnWordAlone()
    {
        var segment = new TestSegment(new TestSegmentOptions { Attest = 3, OpenRule = false });
        var terms = AttestTerms.OfTarget(TestView.Of(segment, Now), Consumer("frontend"), Name);
        Assert.False(terms.IsAllowed);
        await using var book = new AttestBook(
            new AttestMint(segment.Seal(0)), AskAsync, static (_, _) => false, _time, NullLogger.Instance);
        Assert.Single(book.Take(TestView.Of(segment, Now), terms, Now, out _)!.Envelopes);
        Assert.Empty(_asked);
    }

    /// <summary>V33: the oldest that is handed out holds for a verifier whose clock is ahead by the tolerance of its
    /// home, which wants as much left, and for what may be kept of a denial. Another segment's tolerance is not
    /// known.</summary>
    [Theory]
    [InlineData(0, true, 10_000)]
    [InlineData(5_000, true, 20_000)]
    [InlineData(30_000, true, 70_000)]
    [InlineData(0, false, 70_000)]
    public void Denial_HandedOut_HoldsForEveryClockThatIsTolerated(long delta, bool isOwn, long life)
    {
        var segment = new TestSegment(new TestSegmentOptions
        {
            OpenRule = false,
            Genesis = epoch => epoch with { Policy = epoch.Policy with { ClockDelta = delta, SealValidity = 100_000 } },
            Leaves = [TestLeaves.Rule("none", RuleEffect.Deny, ["*.svc"])],
        });
        var view = TestView.Of(segment, Now);
        var subject = new Subject { Namespace = "shop", Account = "frontend" };
        var home = isOwn ? segment.Genesis : Digest.Sha256("home"u8);
        var terms = AttestTerms.OfTarget(view, new Consumer(home, subject), Name);
        var mint = new AttestMint(segment.Seal(0));

        var first = mint.Sign(view, terms, Now);
        Assert.Equal(Now + life, first.Expires);
        Assert.Equal(first, mint.Sign(view, terms, Now + 999));
        Assert.Equal(Now + 1_000 + life, mint.Sign(view, terms, Now + 1_000).Expires);
    }

    [Fact]
    public void Denial_WhereAttestsAreShort_LivesNoLongerThanTheyMay()
    {
        var segment = new TestSegment(new TestSegmentOptions
        {
            OpenRule = false,
            Genesis = epoch => epoch with { Policy = epoch.Policy with { AttestTarget = 8_000 } },
        });
        var view = TestView.Of(segment, Now);
        var terms = AttestTerms.OfTarget(view, Consumer("frontend"), Name);
        Assert.Equal(Now + 8_000, new AttestMint(segment.Seal(0)).Sign(view, terms, Now).Expires);
    }

    /// <summary>A neighbour that the Rules allow may invent subjects, and an own pod names: each takes room from itself
    /// alone.</summary>
    [Fact]
    public async Task Take_ForEverOtherSubjects_TakesNothingFromOthers()
    {
        AttestTerms[] mine =
        [
            TermsOf("other home", "a"), TermsOf("other home", "b"), TermsOf(null, "a"),
            AttestTerms.OfTransit(_view, Digest.Sha256("other home"u8), SegmentName.Parse("x.us1.internal")),
        ];
        foreach (var terms in mine)
        {
            await GatheredAsync(terms);
        }

        for (var i = 0; i < 30; i++)
        {
            await GatheredAsync(TermsOf("home", $"invented-{i}"));
            await GatheredAsync(TermsOf(null, "b", $"invented-{i}.shop.svc"));
        }

        Assert.All(mine, terms => Whole(terms));
        Whole(TermsOf("home", "invented-29"));
        Whole(TermsOf("home", "invented-15"));
        Missing(TermsOf("home", "invented-0"));
    }

    /// <summary>What is used stays, however long ago it was gathered.</summary>
    [Fact]
    public async Task Take_BeyondTheRoom_ForgetsWhatWasUsedLeastRecently()
    {
        await GatheredAsync(TermsOf("home", "used"));
        for (var i = 0; i < 30; i++)
        {
            await GatheredAsync(TermsOf("home", $"once-{i}"));
            Whole(TermsOf("home", "used"));
        }
    }

    /// <summary>The other anchors are not asked for all at once, and whoever asks for much leaves room.</summary>
    [Fact]
    public async Task Take_OfMuchAtOnce_AsksForAFewAndLeavesRoomForOthers()
    {
        var gate = new TaskCompletionSource();
        _gate = gate.Task;
        var many = Enumerable.Range(0, 18).Select(i => TermsOf("home", $"pod-{i}")).ToList();
        try
        {
            many.ForEach(terms => Missing(terms));
            Assert.Contains("at once", Missing(many[^1]).Detail, StringComparison.Ordinal);
            Missing(TermsOf("other home", "a"));
            Missing(TermsOf(null, "a"));
            Assert.Equal(many[..6], many.Where(IsGathering));
            Assert.True(IsGathering(TermsOf("other home", "a")));
            Assert.True(IsGathering(TermsOf(null, "a")));
        }
        finally
        {
            gate.SetResult();
        }

        foreach (var terms in many)
        {
            await GatheredAsync(terms);
        }
    }

    private bool IsGathering(AttestTerms terms) => !_book.SettledAsync(_view, terms).IsCompleted;

    private async Task GatheredAsync(AttestTerms terms)
    {
        _book.Take(_view, terms, Now, out _);
        await _book.SettledAsync(_view, terms);
        Whole(terms);
    }

    // Of a pod of another home, or of an own one.
    private AttestTerms TermsOf(string? home, string account, string name = "checkout.shop.svc")
    {
        var genesis = home is null ? _segment.Genesis : Digest.Sha256(System.Text.Encoding.ASCII.GetBytes(home));
        var consumer = new Consumer(genesis, new Subject { Namespace = "shop", Account = account });
        return AttestTerms.OfTarget(_view, consumer, ServicePart.Parse(name));
    }

    private Envelope Lie(string lie, Attest honest) => lie switch
    {
        "deny" =>
            Envelope.Sign(Document.Make(honest with { Decision = RuleEffect.Deny, Rule = null }), _segment.Seal(2)),
        "other signer" => Envelope.Sign(Document.Make(honest), _segment.Seal(3)),
        "other epoch" => Envelope.Sign(Document.Make(honest with { Epoch = 7 }), _segment.Seal(2)),
        "expired" =>
            Envelope.Sign(Document.Make(honest with { Issued = Now - 300_000, Expires = Now }), _segment.Seal(2)),
        "long" => Envelope.Sign(Document.Make(honest with { Expires = Now + 300_001 }), _segment.Seal(2)),
        "bad signature" => Envelope.Sign(Document.Make(honest), _segment.Seal(2)) with
        {
            Payload = Document.Make(honest with { Renew = honest.Renew + 1 }).Payload,
        },
        _ => new Envelope("{}"u8.ToArray(), []),
    };

    private static Attest Attest(Envelope envelope) =>
        Document.TryParse<Attest>(envelope.Payload, out var attest, out var refusal)
            ? attest.Value
            : throw new InvalidOperationException(refusal.ToString());

    private static Consumer Consumer(string account) =>
        new(Digest.Sha256("home"u8), new Subject { Namespace = "shop", Account = account });

    private AttestTerms Terms(string account = "frontend") => AttestTerms.OfTarget(_view, Consumer(account), Name);

    private Refusal Missing(AttestTerms terms)
    {
        Assert.Null(_book.Take(_view, terms, Now, out var refusal));
        Assert.Equal(VerificationFailure.AttestationMissing, refusal!.Failure);
        return refusal;
    }

    private AttestSet Whole(AttestTerms terms)
    {
        var set = _book.Take(_view, terms, Now, out var refusal);
        Assert.True(set is not null, refusal?.ToString());
        return set;
    }

    private async Task ChangedAsync()
    {
        Assert.True(await _changed.WaitAsync(TimeSpan.FromMinutes(2), TestContext.Current.CancellationToken));
        await _book.SettledAsync(_view, Terms());
    }

    private async Task<Envelope> AskAsync(
        string anchor, SegmentView view, AttestTerms terms, CancellationToken cancellationToken)
    {
        _asked.Enqueue(anchor);
        await _gate;
        return _others[anchor](view, terms);
    }
}
