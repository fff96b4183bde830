using Fairlead.Controller.Publishing;
using Fairlead.Naming;

namespace Fairlead.Controller.Tests;

/// <summary>What anchors say without this publisher's signature.</summary>
public sealed partial class PublisherEngineTests
{
    /// <summary>What one anchor may have invented is compared with, and never signed.</summary>
    [Fact]
    public void Load_OfAClaimThatNobodyDesires_IsRenewedOnceItsSourceIsRead()
    {
        var claim = new KnownLeaf(A, FakeMaker.Uid(9), _now - 9_000, _now + 80_000, new TextContent(A, "?"))
        {
            IsClaimed = true,
        };
        _engine.Load([claim], _now);
        Assert.Empty(_engine.Desire(Incomplete, _now));
        Assert.False(_engine.NeedsSources);
        _now = _engine.NextTick(_now)!.Value;
        Assert.Empty(_engine.Tick(_now));
        Assert.True(_engine.NeedsSources);
        Assert.Empty(_maker.Signed);

        // The word of the anchor was of a version that was never signed.
        var source = claim with
        {
            IsClaimed = false, Version = claim.Version - 5, Content = new TextContent(A, "1"),
        };
        var plan = _engine.Load([source], _now, hasSources: true)[0].Publications[0].Plan;
        Assert.False(_engine.NeedsSources);
        Assert.Equal((claim.Uid, "1"), (plan.Uid, ((TextContent)plan.Content!).Text));
        Assert.True(plan.Version > claim.Version);
        Assert.False(plan.Leaf.IsClaimed);
    }

    /// <summary>One anchor may say that what is published was renewed already, to let it lapse.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Load_OfAClaimAboveWhatWasSignedHere_PutsOffNoRenewal(bool isDesired)
    {
        Load();
        SealAll(Desire((A, "1")));
        var own = Assert.Single(_maker.Signed);
        if (!isDesired)
        {
            Assert.Empty(_engine.Desire(Incomplete, _now));
        }

        _now += 50_000;
        var lie = own.Leaf with { Version = _now, Expires = _now + 2_592_000_000, IsClaimed = true };
        Assert.Empty(_engine.Load([lie], _now));
        Assert.True(_engine.NeedsSources);
        Assert.Equal(own.Leaf, _engine.Names(_now).Single().Leaf);
        Assert.Empty(_engine.Load([own.Leaf], _now, hasSources: true));
        Assert.False(_engine.NeedsSources);
        _now = own.Expires - 30_000;
        Assert.Equal(_now + 90_000, _engine.Tick(_now)[0].Publications[0].Plan.Expires);
    }

    /// <summary>One anchor may say that it was withdrawn, or has lapsed, so that nobody renews it.</summary>
    [Theory]
    [InlineData("?", 80_000)]
    [InlineData(null, 80_000)]
    [InlineData("?", -1)]
    public void Load_OfADisputedClaimThatNobodyDesires_AsksForTheSource(string? text, long left)
    {
        var source = new KnownLeaf(A, FakeMaker.Uid(9), _now - 9_000, _now + 80_000, new TextContent(A, "1"));
        var claim = source with
        {
            Version = _now - 5,
            Expires = _now + left,
            Content = text is null ? null : new TextContent(A, text),
            IsClaimed = true,
            IsDisputed = true,
        };
        _engine.Load([claim], _now);
        Assert.Empty(_engine.Desire(Incomplete, _now));
        Assert.True(_engine.NeedsSources);
        Assert.Empty(_engine.Load([source], _now, hasSources: true));
        Assert.False(_engine.NeedsSources);
        Assert.Equal((source.Content, source.Expires), Leaf());

        // Where there is none, the question is over until somebody claims something again.
        var other = Engine(_maker);
        other.Load([claim], _now);
        Assert.Empty(other.Desire(Incomplete, _now));
        Assert.Empty(other.Load([], _now, hasSources: true));
        Assert.False(other.NeedsSources);

        (Content?, long) Leaf() =>
            _engine.Names(_now).Single().Leaf is var leaf ? (leaf.Content, leaf.Expires) : default;
    }

    /// <summary>Anchors may say so, to have every version refused as being ahead of time.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Load_OfAClaimBeyondAnyClock_LiftsNothingAboveTheClock(bool isDisputed)
    {
        var claim = new KnownLeaf(A, FakeMaker.Uid(99), Limits.IntegerMax, Limits.IntegerMax, new TextContent(A, "1"))
        {
            IsClaimed = true, IsDisputed = isDisputed,
        };
        Assert.Empty(_engine.Load([claim], _now));
        Assert.True(_engine.NeedsSources);
        var sends = Desire((A, "1"));
        Assert.Equal((_now + 1, _now + 90_000), Of(sends));
        _engine.Answer(sends[0].Anchor, sends[0].Publications[0], AnchorFate.Refused, "RecordRollback: so", _now);
        _now += 500;
        Assert.Equal((_now + 1, _now + 90_000), Of(_engine.Load([claim], _now)));
        Assert.Empty(_engine.Load([], _now, hasSources: true));
        Assert.False(_engine.NeedsSources);

        static (long, long) Of(IReadOnlyList<Send> sends) =>
            sends[0].Publications[0].Plan is var plan ? (plan.Version, plan.Expires) : default;
    }

    /// <summary>One anchor may say that it ends long after what any policy allows, to have every renewal refused: no
    /// expiry falls.</summary>
    [Fact]
    public void Load_OfADisputedClaimThatOutlivesEverything_LiftsNoExpiry()
    {
        var claim = new KnownLeaf(A, FakeMaker.Uid(99), _now - 7, Limits.IntegerMax, new TextContent(A, "1"))
        {
            IsClaimed = true, IsDisputed = true,
        };
        Assert.Empty(_engine.Load([claim], _now));
        Assert.True(_engine.NeedsSources);
        Assert.Equal(_now + 90_000, Desire((A, "1"))[0].Publications[0].Plan.Expires);

        // It is true where what it was signed under allowed that.
        var source = claim with
        {
            Version = _now - 1, Expires = _now + 200_000, IsClaimed = false, IsDisputed = false,
        };
        var other = Engine(_maker);
        other.Load([source with { IsClaimed = true, IsDisputed = true }], _now);
        Assert.True(other.NeedsSources);
        Assert.Empty(other.Load([source], _now, hasSources: true));
        Assert.Equal(source.Expires, other.Desire(Of((A, "2")), _now)[0].Publications[0].Plan.Expires);
    }

    /// <summary>An end that honest anchors refuse, by however little, would have every version refused.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(30_000)]
    public void Load_OfADisputedClaimThatOutlivesWhatIsSignedNow_LiftsNoExpiry(long more)
    {
        var claim = new KnownLeaf(A, FakeMaker.Uid(99), _now, _now + 90_000 + more, new TextContent(A, "1"))
        {
            IsClaimed = true, IsDisputed = true,
        };
        Assert.Empty(_engine.Load([claim], _now));
        Assert.True(_engine.NeedsSources);
        Assert.Equal(_now + 90_000, Desire((A, "1"))[0].Publications[0].Plan.Expires);
    }

    /// <summary>So would one behind the Credential's, whenever that is heard of.</summary>
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    public void Load_OfADisputedClaimThatOutlivesTheCredential_LiftsNoExpiry(int heardAfter)
    {
        var end = _now + 40_000;
        var claim = new KnownLeaf(A, FakeMaker.Uid(99), _now - 7, _now + 80_000, new TextContent(A, "1"))
        {
            IsClaimed = true, IsDisputed = true,
        };
        Func<IReadOnlyList<Send>>[] steps = [() => _engine.Load([claim], _now), () => Desire((A, "2"))];
        var sends = new List<Send>();
        for (var step = 0; step <= steps.Length; step++)
        {
            sends.AddRange(step == heardAfter ? _engine.Until(end, _now) : []);
            sends.AddRange(step < steps.Length ? steps[step]() : []);
        }

        var plan = sends[^1].Publications[0].Plan;
        Assert.Equal((claim.Uid, end), (plan.Uid, plan.Expires));

        // Once it is signed to end earlier the anchors say whether that is right.
        Assert.Equal(heardAfter < 2, _engine.NeedsSources);
    }

    /// <summary>So would one behind what a policy allows that is heard of later.</summary>
    [Fact]
    public void Require_OfAShorterLife_LowersADisputedEnd()
    {
        var claim = new KnownLeaf(A, FakeMaker.Uid(99), _now - 7, _now + 80_000, new TextContent(A, "1"))
        {
            IsClaimed = true, IsDisputed = true,
        };
        _engine.Load([claim], _now);
        Desire((A, "2"));
        Assert.Equal(_now + 60_000, _engine.Require(2, 60_000, _now)[^1].Publications[0].Plan.Expires);
    }

    /// <summary>One anchor may name another uid, under which the others refuse every version.</summary>
    [Fact]
    public void Load_OfADisputedClaimAgainstWhatWasRefused_AsksForTheSource()
    {
        var source = new KnownLeaf(A, FakeMaker.Uid(9), _now - 9_000, _now + 80_000, new TextContent(A, "1"));
        var lie = source with { Uid = FakeMaker.Uid(99), Version = _now, IsClaimed = true, IsDisputed = true };
        _engine.Load([lie], _now);
        var sends = Desire((A, "2"));
        Assert.False(_engine.NeedsSources);
        Refuse(sends);
        _now += 500;
        sends = _engine.Load([lie with { Version = _now }], _now);
        Assert.True(_engine.NeedsSources);
        Refuse(sends);
        _now += 500;
        var plan = _engine.Load([source], _now, hasSources: true)[0].Publications[0].Plan;
        Assert.Equal(source.Uid, plan.Uid);
        Assert.False(_engine.NeedsSources);

        void Refuse(IReadOnlyList<Send> refused) => _engine.Answer(
            refused[0].Anchor, refused[0].Publications[0], AnchorFate.Refused, "UidChanged: the uid held is 9", _now);
    }

    /// <summary>After a restart with a clock that is behind.</summary>
    [Theory]
    [InlineData("1")]
    [InlineData("2")]
    public void Load_OfAVersionAheadOfTheClock_IsGoneAboveOnceItsSourceIsRead(string desired)
    {
        var source = new KnownLeaf(
            A, FakeMaker.Uid(99), _now + 3_600_000, _now + 3_690_000, new TextContent(A, "1"));
        Assert.Empty(_engine.Load([source with { IsClaimed = true }], _now));
        var sends = Desire((A, desired));
        _engine.Answer(sends[0].Anchor, sends[0].Publications[0], AnchorFate.Refused, "RecordRollback: so", _now);
        Assert.True(_engine.NeedsSources);
        var again = _engine.Load([source], _now, hasSources: true);
        if (desired == "1")
        {
            Assert.Empty(again);
            Assert.True(_engine.IsSettled);
        }
        else
        {
            var plan = again[0].Publications[0].Plan;
            Assert.Equal((source.Uid, source.Version + 1, source.Expires), (plan.Uid, plan.Version, plan.Expires));
        }
    }

    [Fact]
    public void Load_OwnVersionOfOneAnchorOnly_IsNotSealedYet()
    {
        Load();
        var claim = Desire((A, "1"))[0].Publications[0].Plan.Leaf with { IsClaimed = true };
        Assert.Empty(_engine.Load([claim with { IsDisputed = true }], _now));
        Assert.False(_engine.IsSettled);
        Assert.Empty(_engine.Load([claim], _now));
        Assert.True(_engine.IsSettled);
    }

    /// <summary>Anchors that give no sources have refused it for a version that they hold.</summary>
    [Fact]
    public void Load_OfAClaimAboveWhatWasRefused_IsGoneAboveAndNotTakenForIt()
    {
        Load();
        var sends = Desire((A, "1"));
        var own = sends[0].Publications[0];
        _engine.Answer(sends[0].Anchor, own, AnchorFate.Refused, "RecordRollback: version 5", _now);
        var claim = own.Plan.Leaf with { Version = _now + 7, IsClaimed = true };
        var plan = _engine.Load([claim], _now)[0].Publications[0].Plan;
        Assert.Equal((own.Plan.Uid, _now + 8), (plan.Uid, plan.Version));
    }

    [Fact]
    public void Load_OfAClaimWithoutASource_RenewsNothing()
    {
        var claim = new KnownLeaf(A, FakeMaker.Uid(9), _now - 60_000, _now + 1_000, new TextContent(A, "?"))
        {
            IsClaimed = true,
        };
        _engine.Load([claim], _now);
        Assert.Empty(_engine.Desire(Incomplete, _now));
        Assert.True(_engine.NeedsSources);
        Assert.Empty(_engine.Load([], _now, hasSources: true));
        Assert.Empty(_engine.Tick(_now));
        Assert.False(_engine.NeedsSources);

        // What is desired goes above it all the same.
        var plan = Desire((A, "1"))[0].Publications[0].Plan;
        Assert.Equal((claim.Uid, _now), (plan.Uid, plan.Version));
    }

    /// <summary>An anchor that lags has no source yet of what was published last.</summary>
    [Fact]
    public void Load_WithoutTheSourceOfAClaim_TakesItForInventedWhereItIsDueAndUntilItIsSaidAgain()
    {
        var due = new KnownLeaf(A, FakeMaker.Uid(9), _now - 70_000, _now + 20_000, new TextContent(A, "1"))
        {
            IsClaimed = true,
        };
        var young = due with
        {
            Name = B, Version = _now, Expires = _now + 90_000, Content = new TextContent(B, "1"),
        };
        _engine.Load([due, young], _now);
        Assert.Empty(_engine.Desire(Incomplete, _now));
        Assert.True(_engine.NeedsSources);
        Assert.Empty(_engine.Load([], _now, hasSources: true));
        Assert.Equal([null, young.Content], _engine.Names(_now).Select(status => status.Leaf.Content));

        Assert.Empty(_engine.Load([due, young], _now));
        Assert.True(_engine.NeedsSources);
        var plan = _engine.Load([due with { IsClaimed = false }], _now, hasSources: true)[0].Publications[0].Plan;
        Assert.Equal(due.Content, plan.Content);
    }
}
