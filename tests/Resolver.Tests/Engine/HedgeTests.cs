using Fairlead.Naming;

namespace Fairlead.Resolver.Tests.Engine;

/// <summary>Another anchor is asked beside a silent one while somebody waits.</summary>
public sealed class HedgeTests
{
    private const long Life = 13_000;
    private const long Delay = 200;
    private const long Grace = 2_000;

    [Fact]
    public void Silence_WhileNothingIsServed_AsksOthersExactlyAfterTheDelay()
    {
        var world = new CacheWorld();
        world.Want();
        Assert.Empty(world.TickAt(Delay - 1));
        Assert.Equal([new CacheOutput.Hedge(CacheWorld.Checkout, 0)], world.TickAt(Delay));
        Assert.Empty(world.TickAt(Delay + 1));
    }

    [Fact]
    public void Hedged_Answer_IsServedAndTheNameLeavesTheSilentAnchorAfterItsPatience()
    {
        var world = new CacheWorld();
        world.Want();
        world.TickAt(Delay);
        world.Elapsed = Delay + 10;
        var changed = Assert.IsType<CacheOutput.Changed>(
            Assert.Single(world.Step(new CacheInput.Hedged(CacheWorld.Checkout, world.Answer()))));
        Assert.Equal(NameState.Fresh, changed.Name.State);
        Assert.Equal(0, world.Cache.AnchorOf(CacheWorld.Checkout));
        Assert.Equal([(2_000L, CacheWorld.Checkout, 1)], world.RunTo(2_000));
        Assert.Empty(world.Accept(world.Answer(), anchor: 1).OfType<CacheOutput.Ask>());

        // The next name does not wait for it at all.
        Assert.Equal(1, world.Want(CacheWorld.Nobody));
    }

    /// <summary>Where a thousand names wait the silence is the load's: others are asked for a few at a time, in the
    /// order in which they fell due, and for no name that was answered or forgotten meanwhile.</summary>
    [Fact]
    public void Silence_OfManyNames_AsksOthersForAFewAtATime()
    {
        var world = new CacheWorld(namesMax: 1_000, asksMax: 1_000);
        var names = Enumerable.Range(0, 100).Select(i => $"n{i:00}.shop.svc.us1.internal").ToList();
        names.ForEach(name => world.Want(name));
        var hedged = Hedges(world.TickAt(Delay));
        Assert.Equal(32, hedged.Distinct().Count());
        Assert.Empty(Hedges(world.TickAt(Delay + 1)));

        var waiting = names.Except(hedged).ToList();
        world.Accept(world.Denied(), name: waiting[0]);
        world.Step(new CacheInput.Forget(waiting[1]));
        var left = new List<string>();
        while (hedged.Count > 0)
        {
            var next = Hedges(world.Step(new CacheInput.Hedged(hedged[0], null)));
            Assert.True(next.Count <= 1);
            hedged.RemoveAt(0);
            hedged.AddRange(next);
            left.AddRange(next);
        }

        Assert.Equal(waiting[2..].Order(), left.Order());
    }

    /// <summary>4.7: it was verified while a newer epoch was learned, and is of before that: served no longer than what
    /// was held then, and not beyond.</summary>
    [Fact]
    public void Hedged_Answer_OfBeforeAnEpochThatIsKnown_IsToBeProvenAnew()
    {
        var world = new CacheWorld(continuity: 3_600_000);
        world.Want();
        var before = world.Answer();
        world.TickAt(Delay);
        world.NextEpoch(
            ofHome: false,
            epoch => epoch with { Policy = epoch.Policy with { MaxTtl = epoch.Policy.MaxTtl / 2 } });
        world.Elapsed = Delay + 10;
        world.Step(new CacheInput.Hedged(CacheWorld.Checkout, before));
        Assert.Equal(NameState.Fresh, world.Held().State);
        Assert.Equal(
            [(Delay + 10 + Grace, NameState.Expired)], world.RunFailing(3_600_000, VerificationFailure.Behind));
    }

    [Fact]
    public void Answer_BeforeTheDelay_AsksNobodyElse()
    {
        var world = new CacheWorld();
        world.Want();
        world.Elapsed = Delay - 1;
        world.Accept(world.Answer());
        Assert.Empty(world.TickAt(Delay).OfType<CacheOutput.Hedge>());
    }

    [Fact]
    public void Renewal_OfAServedName_IsNotHedged()
    {
        var world = new CacheWorld();
        world.Want();
        world.Accept(world.Answer());
        world.TickAt(world.Due());
        Assert.Empty(world.TickAt(world.Elapsed + Delay).OfType<CacheOutput.Hedge>());
    }

    [Fact]
    public void Hedged_Answer_ForANameThatIsServedMeanwhile_ChangesNothing()
    {
        var world = new CacheWorld();
        world.Want();
        world.TickAt(Delay);
        world.Accept(world.Answer());
        var held = world.Held();
        Assert.Empty(world.Step(new CacheInput.Hedged(CacheWorld.Checkout, world.Denied())));
        Assert.Same(held, world.Held());
    }

    [Fact]
    public void Delay_IsTheNinetyFifthPercentileOfAnswersWithinItsBounds()
    {
        var world = new CacheWorld();
        Assert.Equal(Delay, world.Cache.HedgeDelay);
        for (var i = 0; i < 40; i++)
        {
            var name = $"n{i}.shop.svc.us1.internal";
            world.Want(name);
            world.Elapsed += i < 36 ? 30 : 60;
            world.Accept(world.Answer(), name: name);
        }

        Assert.Equal(60, world.Cache.HedgeDelay);
        for (var i = 0; i < 200; i++)
        {
            var name = $"m{i}.shop.svc.us1.internal";
            world.Step(new CacheInput.Want(name));
            world.Step(new CacheInput.Accepted(name, 0, world.Answer()));
            world.Step(new CacheInput.Forget(name));
        }

        Assert.Equal(20, world.Cache.HedgeDelay);
        Assert.True(world.Elapsed < Life);
    }

    [Fact]
    public void Resolve_WithOneAnchorSilent_TakesTheDelayLongerAtMostAndNeverFails()
    {
        var healthy = new List<long>();
        var silent = new List<long>();
        foreach (var (times, isSilent) in new[] { (healthy, false), (silent, true) })
        {
            for (var run = 0; run < 100; run++)
            {
                times.Add(Resolve(run, isSilent, 5 + new Random(run).Next(20)));
            }

            times.Sort();
        }

        Assert.True(silent[98] <= healthy[98] + Delay, $"{silent[98]} ms, and {healthy[98]} ms with all anchors");
    }

    // How long a name takes to be fresh where the first anchor answers after a time or never, and the others after it.
    private static long Resolve(int seed, bool isSilent, long takes)
    {
        var world = new CacheWorld(seed);
        world.Want();
        if (isSilent)
        {
            world.RunTo(world.Elapsed + Delay - 1);
            Assert.Single(world.TickAt(Delay).OfType<CacheOutput.Hedge>());
            world.Elapsed += takes;
            world.Step(new CacheInput.Hedged(CacheWorld.Checkout, world.Answer()));
        }
        else
        {
            world.Elapsed += takes;
            world.Accept(world.Answer());
        }

        Assert.Equal(NameState.Fresh, world.Held().State);
        return world.Elapsed;
    }

    private static List<string> Hedges(IReadOnlyList<CacheOutput> outputs) =>
        [.. outputs.OfType<CacheOutput.Hedge>().Select(hedge => hedge.Name)];
}
