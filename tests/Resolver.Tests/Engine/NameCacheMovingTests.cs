using Fairlead.Naming;

namespace Fairlead.Resolver.Tests.Engine;

/// <summary>How names leave anchors that fail or lie, and how they come back, on virtual time.</summary>
public sealed class NameCacheMovingTests
{
    private const string A = CacheWorld.Checkout;
    private const string B = CacheWorld.Nobody;

    private static readonly Refusal Lie = CacheWorld.Why(VerificationFailure.ProofMismatch);
    private static readonly Refusal Gone = CacheWorld.Why(VerificationFailure.Behind);

    [Fact]
    public void Refused_Answer_MovesEveryNameOfThatAnchorsStream()
    {
        var world = Two();
        Assert.Equal(
            [new CacheOutput.Leave(0), new CacheOutput.Ask(A, 1), new CacheOutput.Ask(B, 1)],
            world.Step(new CacheInput.Refused(A, 0, Lie)));
        Assert.Equal(VerificationFailure.ProofMismatch, world.Held().Failure!.Failure);
        Assert.Null(world.Held(B).Failure);
    }

    [Theory]
    [InlineData(VerificationFailure.StateNotDurable)]
    [InlineData(VerificationFailure.ClockRollback)]
    public void Refused_ForAFaultOfOurOwn_LeavesTheStreamAndDistrustsNobody(VerificationFailure fault)
    {
        var world = Two();
        Assert.Contains(new CacheOutput.Leave(0), world.Step(new CacheInput.Refused(A, 0, CacheWorld.Why(fault))));
        world.Elapsed = 1_000;
        Assert.Equal(0, world.Want("third.shop.svc.us1.internal"));
    }

    /// <summary>A full disk or a wrong clock refuses whatever anybody says: each anchor is asked once, and then there
    /// is a pause.</summary>
    [Theory]
    [InlineData(VerificationFailure.StateNotDurable)]
    [InlineData(VerificationFailure.ClockRollback)]
    [InlineData(VerificationFailure.FromFuture)]
    public void Refused_AtEveryAnchor_PausesBeforeItIsAskedForAgain(VerificationFailure failure)
    {
        var world = new CacheWorld();
        world.Want();
        var since = 0L;
        foreach (var pause in new[] { 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000 })
        {
            Assert.Equal(CacheWorld.Anchors, RefuseEverywhere(world, failure));
            Assert.Null(world.Cache.AnchorOf(A));
            Assert.Equal(NameState.Unreachable, world.Held().State);
            Assert.InRange(world.Due() - since, pause, Math.Min(30_000, pause * 3 / 2));
            since = world.Due();
            Assert.Single(CacheWorld.Asked(world.TickAt(since)));
        }
    }

    /// <summary>A record or a decision that is over here and not yet by an honest anchor's clock costs its own name
    /// alone.</summary>
    [Theory]
    [InlineData(VerificationFailure.RecordExpired)]
    [InlineData(VerificationFailure.AttestationExpired)]
    public void Refused_ForWhatIsOver_MovesThatNameAndNobodyElse(VerificationFailure over)
    {
        var world = Two();
        Assert.Equal(
            [new CacheOutput.Ask(A, 1)], world.Step(new CacheInput.Refused(A, 0, CacheWorld.Why(over))));
        Assert.Equal(0, world.Cache.AnchorOf(B));
        Assert.Equal(0, world.Want("third.shop.svc.us1.internal"));
    }

    [Fact]
    public void Refused_ForWantOfRoom_MovesThatNameAndNobodyElse()
    {
        var world = Two();
        var full = CacheWorld.Why(VerificationFailure.StateNotDurable) with { IsOfNameAlone = true };
        Assert.Equal([new CacheOutput.Ask(A, 1)], world.Step(new CacheInput.Refused(A, 0, full)));
        Assert.Equal(VerificationFailure.StateNotDurable, world.Held().Failure!.Failure);
        Assert.Equal(0, world.Cache.AnchorOf(B));
        Assert.Equal(0, world.Want("third.shop.svc.us1.internal"));
    }

    [Fact]
    public void Lost_Stream_MovesEveryNameAndIsOneFailure()
    {
        var world = Two();
        Assert.Equal([(A, 1), (B, 1)], CacheWorld.Asked(world.Step(new CacheInput.Lost(0, Gone))));
        world.Elapsed = 999;
        Assert.Equal(1, world.Want("third.shop.svc.us1.internal"));
        world.Elapsed = 1_000;
        Assert.Equal(0, world.Want("fourth.shop.svc.us1.internal"));
    }

    [Fact]
    public void Failed_OfOneName_SaysNothingOfTheAnchorsOtherNames()
    {
        var world = Two();
        Assert.Equal([(A, 1)], CacheWorld.Asked(world.Step(new CacheInput.Failed(A, 0, Gone))));
        Assert.Equal(0, world.Want("third.shop.svc.us1.internal"));
    }

    [Fact]
    public void Return_AfterALostStream_ComesWithinSevenSecondsByOneNameFirst()
    {
        var world = Two();
        world.Accept(world.Answer());
        world.Step(new CacheInput.Lost(0, Gone));
        Answer(world, A, 1);
        Answer(world, B, 1);
        var first = world.RunTo(7_000).First(ask => ask.Anchor == 0);
        Assert.InRange(first.At, 5_000, 7_000);

        var again = Two();
        again.Step(new CacheInput.Lost(0, Gone));
        Answer(again, A, 1);
        Answer(again, B, 1);
        var back = NextReturn(again);
        Assert.Single(back);
        again.Reseal();
        Answer(again, back[0].Name, 0);
        var other = back[0].Name == A ? B : A;
        Assert.Contains((other, 0), again.RunTo(again.Elapsed + 4_000).Select(ask => (ask.Name, ask.Anchor)));
    }

    [Fact]
    public void Return_WithWhatIsHeldAlready_Stays()
    {
        var world = Two();
        world.Step(new CacheInput.Lost(0, Gone));
        Answer(world, A, 1);
        Answer(world, B, 1);
        var (_, name, _) = Assert.Single(NextReturn(world));
        var held = world.Held(name).Answer!;
        Assert.Empty(CacheWorld.Asked(world.Accept(held, 0, name)));
        Assert.Null(world.Held(name).Failure);
    }

    [Fact]
    public void Return_ToALiar_CostsItTwiceTheDistrust()
    {
        var world = new CacheWorld();
        world.Want();
        world.Step(new CacheInput.Refused(A, 0, Lie));
        Answer(world, A, 1);
        var (at, _, _) = NextReturn(world)[0];
        Assert.InRange(at, 60_000, 62_000);
        Assert.Equal([(A, 1)], CacheWorld.Asked(world.Step(new CacheInput.Refused(A, 0, Lie))));
        Answer(world, A, 1);
        var (next, _, _) = NextReturn(world)[0];
        Assert.InRange(next - at, 120_000, 122_000);
    }

    [Fact]
    public void Return_OfANameThatTheFirstAnchorCannotServe_ComesEverLater()
    {
        var world = new CacheWorld();
        world.Want();
        var pauses = new List<long>();
        for (var i = 0; i < 6; i++)
        {
            var left = world.Elapsed;
            world.Step(new CacheInput.Failed(A, 0, Gone));
            Answer(world, A, 1);
            pauses.Add(NextReturn(world)[0].At - left);
        }

        for (var i = 0; i < pauses.Count; i++)
        {
            Assert.InRange(pauses[i], Math.Min(60_000, 5_000 << i), Math.Min(60_000, 5_000 << i) + 2_000);
        }
    }

    /// <summary>What failed for all of them in one instant is not asked for again in one.</summary>
    [Fact]
    public void Backoff_OfManyNames_IsSpreadOverHalfOfItself()
    {
        var world = new CacheWorld(anchors: 1);
        for (var i = 0; i < 50; i++)
        {
            world.Want($"n{i}.shop.svc.us1.internal");
        }

        Assert.Empty(CacheWorld.Asked(world.Step(new CacheInput.Lost(0, Gone))));
        var asked = world.RunTo(1_500);
        Assert.Equal(50, asked.Select(ask => ask.Name).Distinct().Count());
        Assert.All(asked, ask => Assert.InRange(ask.At, 1_000, 1_500));
        Assert.True(asked.Select(ask => ask.At).Distinct().Count() > 25);
    }

    /// <summary>An index goes to an anchor of whom nothing is known, and nobody stays with the one before.</summary>
    [Fact]
    public void Anchor_InAnothersPlace_IsNotAvoidedForIt()
    {
        var world = Two();
        world.Accept(world.Answer());
        world.Step(new CacheInput.Refused(B, 0, Lie));
        Assert.Equal(1, world.Cache.AnchorOf(A));
        Assert.Equal(
            [(A, 2), (B, 2)], CacheWorld.Asked(world.Step(new CacheInput.Replaced(1, Gone))));
        Assert.Equal([(A, 1)], CacheWorld.Asked(world.Step(new CacheInput.Failed(A, 2, Gone))));
        world.Step(new CacheInput.Replaced(0, Gone));
        Assert.Equal(0, world.Want("third.shop.svc.us1.internal"));
    }

    [Fact]
    public void Anchors_More_AreAskedAfterTheFirst()
    {
        var world = new CacheWorld(anchors: 1);
        world.Want();
        Assert.Empty(CacheWorld.Asked(world.Step(new CacheInput.Failed(A, 0, Gone))));
        world.Step(new CacheInput.Anchors(2));
        Assert.Equal(0, CacheWorld.AskedAnchor(world.TickAt(world.Due())));
        Assert.Equal([(A, 1)], CacheWorld.Asked(world.Step(new CacheInput.Failed(A, 0, Gone))));
    }

    [Fact]
    public void Tick_AmongTwoThousandNames_LooksAtThoseThatAreDue()
    {
        var world = new CacheWorld(namesMax: 3_000, asksMax: 3_000);
        for (var i = 0; i < 2_000; i++)
        {
            world.Elapsed = i * 2;
            world.Want($"n{i}.shop.svc.us1.internal");
        }

        var due = world.Due();
        var looks = world.Cache.Due.Looks;
        Assert.Single(world.TickAt(due));
        Assert.InRange(world.Cache.Due.Looks - looks, 1, 10);

        // Renewals move moments to and fro; places that are left behind do not pile up.
        for (var i = 0; i < 50; i++)
        {
            world.TickAt(world.Due());
        }

        Assert.InRange(world.Cache.Due.Count, 2_000, 3 * 2_000);
    }

    // How many anchors refuse it, one after the other, until none is asked any more.
    private static int RefuseEverywhere(CacheWorld world, VerificationFailure failure)
    {
        for (var refused = 1; refused < 100; refused++)
        {
            var step = world.Step(new CacheInput.Refused(
                A, world.Cache.AnchorOf(A) ?? throw new InvalidOperationException("nobody is asked"),
                CacheWorld.Why(failure)));
            if (!step.OfType<CacheOutput.Ask>().Any())
            {
                return refused;
            }
        }

        throw new InvalidOperationException("there is no end to it");
    }

    private static CacheWorld Two()
    {
        var world = new CacheWorld();
        world.Want();
        world.Want(B);
        return world;
    }

    private static void Answer(CacheWorld world, string name, int anchor) =>
        Assert.NotEmpty(world.Accept(name == A ? world.Answer() : world.Absent(), anchor, name));

    // Answers every renewal on the way, so that only a return asks the first anchor.
    private static List<(long At, string Name, int Anchor)> NextReturn(CacheWorld world)
    {
        for (var i = 0; i < 1_000; i++)
        {
            var at = world.Due();
            var asked = CacheWorld.Asked(world.TickAt(at)).ToList();
            if (asked.Any(ask => ask.Anchor == 0))
            {
                return [.. asked.Select(ask => (at, ask.Name, ask.Anchor))];
            }

            world.Reseal();
            asked.ForEach(ask => Answer(world, ask.Name, ask.Anchor));
        }

        throw new InvalidOperationException("it never returned");
    }
}
