using Fairlead.Naming;

namespace Fairlead.Resolver.Tests.Engine;

/// <summary>When an answer outlives its time, and what ends that at once (V58). All on virtual time.</summary>
public sealed class ContinuityTests
{
    private const long Life = 13_000;
    private const long Hour = 3_600_000;

    [Theory]
    [InlineData(600_000L, null, null, 600_000L)]
    [InlineData(600_000L, 60_000L, null, 60_000L)]
    [InlineData(600_000L, 60_000L, 30_000L, 30_000L)]
    [InlineData(2 * Hour, null, null, Hour)]
    [InlineData(2 * Hour, 2 * Hour, null, 2 * Hour)]
    public void Stale_LastsExactlyTheSmallestOfWhatRecordTargetAndHomeAllow(
        long target, long? record, long? home, long expected)
    {
        var world = new CacheWorld(continuity: target, ofRecord: record, ofHome: home);
        world.Want();
        world.Accept(world.Answer());
        var seen = world.RunFailing(3 * Hour, VerificationFailure.Behind);
        Assert.Equal([(Life, NameState.Stale), (Life + expected, NameState.Expired)], seen);
        Assert.NotNull(world.Held().LastRecord);
    }

    [Theory]
    [InlineData(600_000L, 0L, null)]
    [InlineData(0L, 60_000L, null)]
    [InlineData(600_000L, 60_000L, 0L)]
    public void Strict_Name_EndsWithItsTime(long target, long? record, long? home)
    {
        var world = new CacheWorld(continuity: target, ofRecord: record, ofHome: home);
        world.Want();
        world.Accept(world.Answer());
        Assert.Equal([(Life, NameState.Expired)], world.RunFailing(Hour, VerificationFailure.Behind));
    }

    /// <summary>Clients drop a strict name by themselves: the cache leaves it before that, by a whole notice, and no
    /// client is told to use it to the very end of its answer.</summary>
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(49)]
    [InlineData(200)]
    public void Strict_Name_IsLeftANoticeBeforeClientsDropIt(long early)
    {
        var world = new CacheWorld(notice: 250);
        var answer = world.Answer();
        world.Elapsed = early;
        world.Want();
        world.Accept(answer);
        var (expiresAt, endsAt) = (world.Held().ExpiresAt, world.Held().EndsAt);
        Assert.Equal((250, 0), (endsAt - expiresAt, endsAt % 250));
        Assert.InRange(endsAt, 1_000_000 + Life - 300, 1_000_000 + Life - 50);
        Assert.Equal(
            [(expiresAt - 1_000_000, NameState.Expired)], world.RunFailing(Hour, VerificationFailure.Behind));
    }

    /// <summary>What lives for a moment only is served for most of it.</summary>
    [Theory]
    [InlineData(100)]
    [InlineData(300)]
    [InlineData(500)]
    [InlineData(1_000)]
    public void Strict_Name_WithAShortLife_IsServedForMostOfIt(long left)
    {
        var world = new CacheWorld(notice: 250);
        var answer = world.Answer();
        world.Elapsed = Life - left;
        world.Want();
        world.Accept(answer);
        Assert.Equal(NameState.Fresh, world.Held().State);
        var (now, expiresAt, endsAt) = (1_000_000 + world.Elapsed, world.Held().ExpiresAt, world.Held().EndsAt);
        Assert.InRange(expiresAt, now + (left * 5 / 8), endsAt - 1);
        Assert.InRange(endsAt, now + (left * 3 / 4), now + left - 1);
    }

    [Fact]
    public void Strict_Name_WhosePolicyChanges_IsLeftANoticeBeforeItsNewEnd()
    {
        var world = new CacheWorld(notice: 250);
        world.Want();
        world.Accept(world.Answer());
        world.Elapsed = 3_000;
        world.NextEpoch(ofHome: false, epoch => epoch with { Policy = epoch.Policy with { MaxTtl = 299_000 } });
        Assert.InRange(world.Held().EndsAt, 1_000_000 + 4_700, 1_000_000 + 4_950);
        Assert.Equal(250, world.Held().EndsAt - world.Held().ExpiresAt);
    }

    [Fact]
    public void Other_Name_IsKeptToItsEnd_AndWhatWasStrictIsKnownWhenItIsDenied()
    {
        var other = new CacheWorld(continuity: Hour, notice: 250);
        other.Want();
        other.Accept(other.Answer());
        Assert.Equal((1_000_000 + Life, 1_000_000 + Life), (other.Held().ExpiresAt, other.Held().EndsAt));
        other.Accept(other.Denied());
        Assert.False(other.Held().WasStrict);

        var strict = new CacheWorld(notice: 250);
        strict.Want();
        strict.Accept(strict.Answer());
        strict.Accept(strict.Denied());
        Assert.Equal((false, true), (strict.Held().IsStrict, strict.Held().WasStrict));
    }

    [Theory]
    [InlineData(VerificationFailure.Behind)]
    [InlineData(VerificationFailure.NotSealed)]
    [InlineData(VerificationFailure.RateLimited)]
    [InlineData(VerificationFailure.TransportKeyMismatch)]
    public void Failure_InTransport_LetsTheNameGoOn(VerificationFailure failure)
    {
        var world = new CacheWorld(continuity: Hour);
        world.Want();
        world.Accept(world.Answer());
        world.RunFailing(Life, failure);
        Assert.Equal(NameState.Stale, world.Held().State);
        Assert.True(world.Held().IsServed);
        Assert.Equal(failure, world.Held().Failure!.Failure);
        Assert.Equal(world.Held().ExpiresAt + Hour, world.Held().ServedUntil);
    }

    [Theory]
    [InlineData(VerificationFailure.SubjectUnknown)]
    [InlineData(VerificationFailure.GrantForeignSubject)]
    [InlineData(VerificationFailure.SegmentQuarantined)]
    [InlineData(VerificationFailure.BadEnvelope)]
    public void Failure_OfAnyOtherKind_ForbidsStale(VerificationFailure failure)
    {
        var world = new CacheWorld(continuity: Hour);
        world.Want();
        world.Accept(world.Answer());
        Assert.Equal([(Life, NameState.Expired)], world.RunFailing(Hour, failure));
    }

    [Fact]
    public void Refusal_WhileStale_EndsItOnlyWhenNoOtherAnchorAnswersWell()
    {
        var world = Stale();
        var asked = NextAsk(world);
        world.Step(new CacheInput.Refused(
            CacheWorld.Checkout, asked, CacheWorld.Why(VerificationFailure.ProofMismatch)));
        Assert.Equal(NameState.Stale, world.Held().State);
        Assert.Contains(
            world.FailEverywhere(VerificationFailure.Behind).OfType<CacheOutput.Changed>(),
            changed => changed.Name.State == NameState.Expired);
        Assert.Equal(NameState.Expired, world.Held().State);
    }

    /// <summary>Who is out of reach may come back as it was. One whose answers fail at every anchor is told to whoever
    /// may hold what it said before, and once; what fails for some takes nothing back, and what fails for all in
    /// transport does.</summary>
    [Theory]
    [InlineData(VerificationFailure.ProofMismatch)]
    [InlineData(VerificationFailure.SubjectUnknown)]
    public void Refusal_OfWhatIsNotHeld_IsToldOnceAllFailedSo_AndHolds(VerificationFailure failure)
    {
        var world = new CacheWorld();
        world.Want();
        world.FailEverywhere(VerificationFailure.Behind);
        Assert.Equal((NameState.Unreachable, null), (world.Held().State, world.Held().Refused));

        NextAsk(world);
        for (var left = CacheWorld.Anchors; left > 0; left--)
        {
            Assert.Null(world.Held().Refused);
            var outputs = world.Step(new CacheInput.Failed(
                CacheWorld.Checkout, world.Cache.AnchorOf(CacheWorld.Checkout)!.Value, CacheWorld.Why(failure)));
            Assert.Equal(left == 1 ? 1 : 0, outputs.OfType<CacheOutput.Changed>().Count());
        }

        Assert.Equal((NameState.Unreachable, failure), (world.Held().State, world.Held().Refused!.Failure));
        Assert.Empty(world.RunFailing(world.Elapsed + 100_000, failure));
        FailAtFirst(world, failure);
        Assert.Equal(failure, world.Held().Refused!.Failure);
        Assert.Single(world.RunFailing(world.Elapsed + 100_000, VerificationFailure.Behind));
        Assert.Null(world.Held().Refused);

        var last = NextAsk(world);
        world.Reseal();
        world.Accept(world.Answer(), last);
        Assert.Equal((NameState.Fresh, null), (world.Held().State, world.Held().Refused));
        world.RunFailing(world.Elapsed + Life, failure);
        Assert.Equal((NameState.Expired, null), (world.Held().State, world.Held().Refused));
    }

    /// <summary>Others may hold what is good and be out of reach for a moment: no one anchor's word, a lie or not,
    /// takes from clients what they have.</summary>
    [Theory]
    [InlineData(VerificationFailure.ProofMismatch)]
    [InlineData(VerificationFailure.SubjectUnknown)]
    public void Refusal_ByOneAnchor_WhileTheOthersAreOutOfReach_RefusesNothing(VerificationFailure failure)
    {
        var world = new CacheWorld();
        world.Want();
        world.FailEverywhere(VerificationFailure.Behind);
        for (var round = 0; round < 3; round++)
        {
            FailAtFirst(world, failure);
            Assert.Equal((NameState.Unreachable, null), (world.Held().State, world.Held().Refused));
        }
    }

    /// <summary>What fails here, or is over by one clock and not yet by another, is no lie about the name.</summary>
    [Theory]
    [InlineData(VerificationFailure.StateNotDurable)]
    [InlineData(VerificationFailure.ClockSkew)]
    [InlineData(VerificationFailure.NotSealed)]
    [InlineData(VerificationFailure.RecordExpired)]
    [InlineData(VerificationFailure.AttestationExpired)]
    public void Failure_OfOurOwn_OrOfTheWay_OrOfAClock_RefusesNothing(VerificationFailure failure)
    {
        var world = new CacheWorld();
        world.Want();
        world.FailEverywhere(failure);
        Assert.Equal((NameState.Unreachable, null), (world.Held().State, world.Held().Refused));
    }

    [Fact]
    public void Refusal_ThatAnotherAnchorMakesGood_LeavesNoDoubt()
    {
        var world = Stale();
        var asked = NextAsk(world);
        var outputs = world.Step(new CacheInput.Refused(
            CacheWorld.Checkout, asked, CacheWorld.Why(VerificationFailure.ProofMismatch)));
        world.Reseal();
        world.Accept(world.Answer(), CacheWorld.AskedAnchor(outputs));
        Assert.Equal(NameState.Fresh, world.Held().State);
        var ends = world.Elapsed + Life;
        Assert.Equal([(ends, NameState.Stale)], world.RunFailing(ends, VerificationFailure.Behind));
    }

    [Fact]
    public void Denial_WhileStale_EndsItAtOnceAndIsNeverStaleItself()
    {
        var world = Stale();
        var asked = NextAsk(world);
        world.Accept(world.Denied(), asked);
        Assert.Equal(NameState.Denied, world.Held().State);
        var ends = world.Held().ExpiresAt - 1_000_000;
        Assert.InRange(ends, world.Elapsed + 1, world.Elapsed + 10_000);
        Assert.Equal([(ends, NameState.Expired)], world.RunFailing(ends + Hour, VerificationFailure.Behind));
    }

    [Fact]
    public void Absence_IsNeverStale()
    {
        var world = new CacheWorld(continuity: Hour);
        world.Want(CacheWorld.Nobody);
        world.Accept(world.Absent(), name: CacheWorld.Nobody);
        Assert.Equal(
            [(10_000, NameState.Expired)],
            world.RunFailing(Hour, VerificationFailure.Behind, CacheWorld.Nobody));
    }

    /// <summary>A proof ends what is held, however short a time the policy lets it be kept itself, and however late it
    /// comes; it is asked for anew after a second, and not at once.</summary>
    [Theory]
    [InlineData(0, 0)]
    [InlineData(0, 7)]
    [InlineData(3, 7)]
    public void Verdict_OfNoLife_EndsWhatIsHeldAndIsNotAskedForAllTheTime(long negativeTtl, long late)
    {
        foreach (var isDenial in new[] { false, true })
        {
            var world = new CacheWorld(continuity: Hour);
            world.NextEpoch(
                ofHome: false, epoch => epoch with { Policy = epoch.Policy with { NegativeTtl = negativeTtl } });
            world.Want();
            world.Accept(world.Answer());
            world.Elapsed = 1_000;
            var verdict = isDenial ? world.Denied() : world.Absent();
            world.Elapsed += late;
            var changed = world.Accept(verdict).OfType<CacheOutput.Changed>().Single().Name;
            Assert.Equal(isDenial ? NameState.Denied : NameState.Absent, changed.State);
            Assert.Equal(1_000, changed.ExpiresAt - changed.VerifiedAt);
            var asked = CacheWorld.Asked(world.TickAt(world.Due()));
            Assert.Single(asked);
            Assert.InRange(world.Elapsed - 1_000 - late, 600, 800);
        }
    }

    [Fact]
    public void Absence_OfNoLife_IsAbsentAndNotUnreachable()
    {
        var world = new CacheWorld();
        world.NextEpoch(ofHome: false, epoch => epoch with { Policy = epoch.Policy with { NegativeTtl = 0 } });
        world.Want(CacheWorld.Nobody);
        world.Accept(world.Absent(), name: CacheWorld.Nobody);
        Assert.Equal(NameState.Absent, world.Held(CacheWorld.Nobody).State);
    }

    [Fact]
    public void Stale_IsAskedForWithinThirtySecondsForAsLongAsItIsServed()
    {
        var world = Stale();
        var before = world.Elapsed;
        var pauses = new List<long>();
        while (world.Elapsed < Hour / 2)
        {
            NextAsk(world);
            pauses.Add(world.Elapsed - before);
            before = world.Elapsed;
            world.FailEverywhere(VerificationFailure.Behind);
        }

        Assert.Equal(NameState.Stale, world.Held().State);
        Assert.InRange(pauses.Max(), 1_000, 30_000);
    }

    [Fact]
    public void Silence_WithoutAnyAnswer_IsStaleToo()
    {
        var world = new CacheWorld(continuity: Hour);
        world.Want();
        world.Accept(world.Answer());
        world.RunTo(Life);
        Assert.Equal(NameState.Stale, world.Held().State);
    }

    private static CacheWorld Stale()
    {
        var world = new CacheWorld(continuity: Hour);
        world.Want();
        world.Accept(world.Answer());
        world.RunFailing(Life + 1, VerificationFailure.Behind);
        Assert.Equal(NameState.Stale, world.Held().State);
        return world;
    }

    // A round in which the first that is asked fails so, and all others in transport.
    private static void FailAtFirst(CacheWorld world, VerificationFailure failure)
    {
        world.Step(new CacheInput.Failed(CacheWorld.Checkout, NextAsk(world), CacheWorld.Why(failure)));
        world.FailEverywhere(VerificationFailure.Behind);
    }

    private static int NextAsk(CacheWorld world)
    {
        while (true)
        {
            var asked = CacheWorld.Asked(world.TickAt(world.Due())).ToList();
            if (asked.Count > 0)
            {
                return asked[0].Anchor;
            }
        }
    }
}
