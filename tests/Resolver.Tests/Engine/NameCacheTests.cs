using Fairlead.Naming;

namespace Fairlead.Resolver.Tests.Engine;

/// <summary>Every state of a name, and whom the cache asks when, on virtual time.</summary>
public sealed class NameCacheTests
{
    private const long Life = 13_000;

    [Fact]
    public void Want_NewName_IsPendingAndAsksTheFirstAnchor()
    {
        var world = new CacheWorld();
        var outputs = world.Step(new CacheInput.Want(CacheWorld.Checkout));
        var changed = Assert.IsType<CacheOutput.Changed>(outputs[0]);
        Assert.Equal(NameState.Pending, changed.Name.State);
        Assert.Equal(new CacheOutput.Ask(CacheWorld.Checkout, 0), outputs[1]);
        Assert.Equal(2, outputs.Count);
    }

    [Fact]
    public void Want_HeldName_DoesNothing()
    {
        var world = new CacheWorld();
        world.Want();
        Assert.Empty(world.Step(new CacheInput.Want(CacheWorld.Checkout)));
    }

    [Fact]
    public void Want_BeyondTheLimit_IsToldAndNotHeld()
    {
        var world = new CacheWorld(namesMax: 1, kept: [CacheWorld.Checkout]);
        world.Want();
        var changed = Assert.IsType<CacheOutput.Changed>(
            Assert.Single(world.Step(new CacheInput.Want(CacheWorld.Nobody))));
        Assert.Equal(NameState.Unreachable, changed.Name.State);
        Assert.Equal(VerificationFailure.BudgetExceeded, changed.Name.Failure!.Failure);
        Assert.Null(world.Cache.Find(CacheWorld.Nobody));
        Assert.Equal([new CacheOutput.Drop(CacheWorld.Nobody)], world.Step(new CacheInput.Forget(CacheWorld.Nobody)));
    }

    [Fact]
    public void Accepted_Record_IsFreshExactlyToTheEndOfItsTtl()
    {
        var world = new CacheWorld();
        world.Want();
        var changed = Assert.IsType<CacheOutput.Changed>(Assert.Single(world.Accept(world.Answer())));
        Assert.Equal(NameState.Fresh, changed.Name.State);
        Assert.Equal(Life, changed.Name.ExpiresAt - changed.Name.VerifiedAt);
        world.TickAt(Life - 1);
        Assert.Equal(NameState.Fresh, world.Held().State);
        var ended = world.TickAt(Life).OfType<CacheOutput.Changed>().Single();
        Assert.Equal(NameState.Expired, ended.Name.State);
        Assert.False(ended.Name.IsServed);
        Assert.NotNull(ended.Name.Answer);
    }

    [Fact]
    public void Find_NothingChanged_GivesTheSameObjectAndThenTheNewState()
    {
        var world = new CacheWorld();
        world.Want();
        world.Accept(world.Answer());
        var held = world.Held();
        Assert.Same(held, world.Held());
        world.TickAt(Life);
        Assert.Equal(NameState.Expired, world.Held().State);
        Assert.Equal(NameState.Fresh, held.State);
    }

    [Fact]
    public void Accepted_Absence_IsAbsentForTheNegativeTtl()
    {
        var world = new CacheWorld();
        world.Want(CacheWorld.Nobody);
        world.Accept(world.Absent(), name: CacheWorld.Nobody);
        var held = world.Held(CacheWorld.Nobody);
        Assert.Equal(NameState.Absent, held.State);
        Assert.Equal(10_000, held.ExpiresAt - held.VerifiedAt);
        Assert.False(held.IsServed);
    }

    [Fact]
    public void Accepted_DenialOfAServedName_EndsItAtOnce()
    {
        var world = new CacheWorld();
        world.Want();
        world.Accept(world.Answer());
        world.Elapsed = 100;
        var changed = Assert.IsType<CacheOutput.Changed>(Assert.Single(world.Accept(world.Denied())));
        Assert.Equal(NameState.Denied, changed.Name.State);
        Assert.False(changed.Name.IsServed);
    }

    [Fact]
    public void Renewal_AnySeed_ComesBetweenSixtyAndEightyPercentOfTheLife()
    {
        var due = new HashSet<long>();
        for (var seed = 0; seed < 40; seed++)
        {
            var world = new CacheWorld(seed);
            world.Want();
            world.Accept(world.Answer());
            Assert.InRange(world.Due(), Life * 6 / 10, Life * 8 / 10);
            due.Add(world.Due());
        }

        Assert.True(due.Count > 20, "renewals are not spread");
    }

    [Fact]
    public void Renewal_WhileItIsUnderWay_IsNotAskedForAgain()
    {
        var world = new CacheWorld();
        world.Want();
        world.Accept(world.Answer());
        var due = world.Due();
        Assert.Equal(0, CacheWorld.AskedAnchor(world.TickAt(due)));
        Assert.Empty(world.TickAt(due + 1));
    }

    [Fact]
    public void Renewal_WithALaterSeal_LastsLonger()
    {
        var world = new CacheWorld();
        world.Want();
        world.Accept(world.Answer());
        world.TickAt(world.Due());
        world.Reseal();
        world.Accept(world.Answer());
        Assert.Equal(Life, world.Held().ExpiresAt - world.Held().VerifiedAt);
        world.TickAt(Life);
        Assert.Equal(NameState.Fresh, world.Held().State);
    }

    [Fact]
    public void Renewal_WithWhatIsHeldAlready_GoesToAnotherAnchor()
    {
        var world = new CacheWorld();
        world.Want();
        var answer = world.Answer();
        world.Accept(answer);
        world.TickAt(world.Due());
        Assert.Equal(1, CacheWorld.AskedAnchor(world.Accept(answer)));
        Assert.Equal(NameState.Fresh, world.Held().State);
    }

    [Fact]
    public void Refused_Answer_AsksTheNextAnchorAndChangesNothingServed()
    {
        var world = new CacheWorld();
        world.Want();
        world.Accept(world.Answer());
        var before = world.Held();
        var outputs = world.Step(new CacheInput.Refused(
            CacheWorld.Checkout, 0, CacheWorld.Why(VerificationFailure.ProofMismatch)));
        Assert.Equal([new CacheOutput.Leave(0), new CacheOutput.Ask(CacheWorld.Checkout, 1)], outputs);
        Assert.Equal(before.State, world.Held().State);
        Assert.Same(before.Answer, world.Held().Answer);
        Assert.Equal(before.ExpiresAt, world.Held().ExpiresAt);
        Assert.Equal(VerificationFailure.ProofMismatch, world.Held().Failure!.Failure);
    }

    [Fact]
    public void Refused_Anchor_IsAskedLastByOtherNames()
    {
        var world = new CacheWorld();
        world.Want();
        world.Step(new CacheInput.Refused(CacheWorld.Checkout, 0, CacheWorld.Why(VerificationFailure.ProofMismatch)));
        Assert.Equal(1, world.Want(CacheWorld.Nobody));
    }

    [Fact]
    public void Silent_Anchor_IsLeftAfterItsPatience()
    {
        var world = new CacheWorld();
        world.Want();
        Assert.Empty(CacheWorld.Asked(world.TickAt(1_999)));
        Assert.Equal(1, CacheWorld.AskedAnchor(world.TickAt(2_000)));
    }

    [Fact]
    public void Failed_Everywhere_IsUnreachableAndBacksOffUpToThirtySeconds()
    {
        var world = new CacheWorld();
        var asked = new List<int> { world.Want() };
        var pauses = new List<long>();
        var unreachable = 0;
        for (var round = 0; round < 8; round++)
        {
            IReadOnlyList<CacheOutput> outputs = [];
            for (var i = 0; i < CacheWorld.Anchors; i++)
            {
                outputs = world.Step(new CacheInput.Failed(
                    CacheWorld.Checkout, asked[^1], CacheWorld.Why(VerificationFailure.Behind)));
                unreachable += outputs.OfType<CacheOutput.Changed>().Count(
                    changed => changed.Name.State == NameState.Unreachable);
                asked.AddRange(outputs.OfType<CacheOutput.Ask>().Select(ask => ask.Anchor));
            }

            Assert.Empty(outputs.OfType<CacheOutput.Ask>());
            pauses.Add(world.Due() - world.Elapsed);
            asked.Add(CacheWorld.AskedAnchor(world.TickAt(world.Due())));
        }

        long[] least = [1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000];
        Assert.All(least.Zip(pauses), pause =>
            Assert.InRange(pause.Second, pause.First, Math.Min(30_000, pause.First * 3 / 2)));
        Assert.Equal(1, unreachable);
        Assert.Equal([0, 1, 2, 3], asked.Take(4));
    }

    [Fact]
    public void Failed_ServedName_IsServedToTheEndOfItsTtl()
    {
        var world = new CacheWorld();
        world.Want();
        world.Accept(world.Answer());
        for (var anchor = 0; anchor < CacheWorld.Anchors; anchor++)
        {
            world.Step(new CacheInput.Failed(CacheWorld.Checkout, anchor, CacheWorld.Why(VerificationFailure.Behind)));
        }

        Assert.Equal(NameState.Fresh, world.Held().State);
        while (world.Due() < Life)
        {
            world.TickAt(world.Due());
            Assert.Equal(NameState.Fresh, world.Held().State);
        }

        world.TickAt(Life);
        Assert.Equal(NameState.Expired, world.Held().State);
    }

    [Fact]
    public void Expired_Name_IsFreshAgainWithAnAnswer()
    {
        var world = new CacheWorld();
        world.Want();
        world.Accept(world.Answer());
        world.TickAt(Life);
        world.Reseal();
        world.Accept(world.Answer());
        Assert.Equal(NameState.Fresh, world.Held().State);
        Assert.Null(world.Held().Failure);
    }

    [Fact]
    public void Accepted_AnswerThatHasJustEnded_IsNotServedAndAsksElsewhere()
    {
        var world = new CacheWorld();
        world.Want();
        var answer = world.Answer();
        world.Elapsed = Life;
        Assert.Equal(1, CacheWorld.AskedAnchor(world.Accept(answer)));
        Assert.Equal(NameState.Pending, world.Held().State);
    }

    [Fact]
    public void Word_OfAnAnchorThatWasLeft_IsIgnored()
    {
        var world = new CacheWorld();
        world.Want();
        world.Step(new CacheInput.Failed(CacheWorld.Checkout, 0, CacheWorld.Why(VerificationFailure.Behind)));
        Assert.Empty(world.Step(new CacheInput.Failed(CacheWorld.Checkout, 0,
            CacheWorld.Why(VerificationFailure.Behind))));
        Assert.Empty(world.Step(new CacheInput.Refused(CacheWorld.Checkout, 0,
            CacheWorld.Why(VerificationFailure.SealExpired))));
        Assert.Empty(world.Accept(world.Answer(), anchor: 0));
        Assert.Equal(NameState.Pending, world.Held().State);
    }

    [Fact]
    public void Forget_Name_DropsItAndIgnoresLateWords()
    {
        var world = new CacheWorld();
        world.Want();
        Assert.Equal([new CacheOutput.Drop(CacheWorld.Checkout)],
            world.Step(new CacheInput.Forget(CacheWorld.Checkout)));
        Assert.Empty(world.Accept(world.Answer()));
        Assert.Empty(world.Cache.Names);
        Assert.Null(world.Cache.NextDue());
    }

    [Fact]
    public void LastRecord_OfANameThatBecameAbsentOrDenied_IsKept()
    {
        var world = new CacheWorld();
        world.Want();
        world.Accept(world.Answer());
        var record = world.Held().Answer!.Record;
        world.Elapsed = 100;
        world.Accept(world.Denied());
        Assert.Null(world.Held().Answer!.Record);
        Assert.Same(record, world.Held().LastRecord);
        world.TickAt(world.Held().ExpiresAt - 1_000_000);
        Assert.Equal(NameState.Expired, world.Held().State);
        Assert.Same(record, world.Held().LastRecord);
    }

    [Fact]
    public void SealedSince_OfAnUnchangedRecord_StaysThatOfTheFirstSeal()
    {
        var world = new CacheWorld();
        world.Want();
        world.Accept(world.Answer());
        var since = world.Held().SealedSince;
        world.Elapsed = 5_000;
        world.Reseal();
        world.Accept(world.Answer());
        Assert.NotEqual(0, since);
        Assert.Equal(since, world.Held().SealedSince);
    }
}
