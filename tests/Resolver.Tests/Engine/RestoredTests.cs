using Fairlead.Naming;

namespace Fairlead.Resolver.Tests.Engine;

/// <summary>Answers from before a restart.</summary>
public sealed class RestoredTests
{
    private const long Life = 13_000;
    private const long Hour = 3_600_000;

    [Fact]
    public void Restored_WithinItsTime_IsFreshForWhatIsLeftAndAskedForAtOnce()
    {
        var world = new CacheWorld(continuity: Hour);
        var answer = world.Answer();
        world.Elapsed = 4_000;
        var outputs = world.Step(new CacheInput.Restored(CacheWorld.Checkout, answer, 77));
        var told = Assert.IsType<CacheOutput.Changed>(outputs[0]).Name;
        Assert.Equal((NameState.Fresh, 77L), (told.State, told.SealedSince));
        Assert.Equal(0, CacheWorld.AskedAnchor(outputs));
        Assert.Empty(world.Step(new CacheInput.Want(CacheWorld.Checkout)));
        Assert.Equal([(Life, NameState.Stale)], world.RunFailing(Hour, VerificationFailure.Behind));
    }

    [Fact]
    public void Restored_WithinItsContinuity_IsStaleAndNoLonger()
    {
        var world = new CacheWorld(continuity: 60_000);
        var answer = world.Answer();
        world.Elapsed = Life + 59_000;
        var outputs = world.Step(new CacheInput.Restored(CacheWorld.Checkout, answer, 0));
        Assert.Equal(NameState.Stale, Assert.IsType<CacheOutput.Changed>(outputs[0]).Name.State);
        Assert.Equal(
            [(Life + 60_000, NameState.Expired)], world.RunFailing(Hour, VerificationFailure.Behind));
    }

    [Theory]
    [InlineData(60_000L, null, Life + 60_000)]
    [InlineData(60_000L, 0L, Life)]
    public void Restored_BeyondAllTime_IsNothing(long continuity, long? ofRecord, long elapsed)
    {
        var world = new CacheWorld(continuity: continuity, ofRecord: ofRecord);
        var answer = world.Answer();
        world.Elapsed = elapsed;
        Assert.Empty(world.Step(new CacheInput.Restored(CacheWorld.Checkout, answer, 0)));
        world.Want();
        Assert.Equal(NameState.Pending, world.Held().State);
    }

    [Fact]
    public void Restored_AndAnsweredWithTheSame_IsFresh()
    {
        var world = new CacheWorld(continuity: Hour);
        var answer = world.Answer();
        world.Elapsed = 4_000;
        world.Step(new CacheInput.Restored(CacheWorld.Checkout, answer, 0));
        Assert.DoesNotContain(world.Accept(answer), output => output is CacheOutput.Ask);
        Assert.Equal(NameState.Fresh, world.Held().State);
    }

    [Fact]
    public void Restored_OverAnAnswer_IsNothing()
    {
        var world = new CacheWorld(continuity: Hour);
        var answer = world.Answer();
        world.Want();
        world.Accept(world.Denied());
        Assert.Empty(world.Step(new CacheInput.Restored(CacheWorld.Checkout, answer, 0)));
        Assert.Equal(NameState.Denied, world.Held().State);
    }

    /// <summary>One that left for others and came back from what was kept waits for no room any more.</summary>
    [Fact]
    public void Restored_AfterItWasTurnedAway_IsNotAskedForAsOneThatWaits()
    {
        const string b = "b.shop.svc.us1.internal";
        const string c = "c.shop.svc.us1.internal";
        var world = new CacheWorld(namesMax: 2, continuity: Hour);
        world.Want();
        var answer = world.Answer();
        world.Accept(answer);
        world.Want(b);
        world.Want(c);
        Assert.Null(world.Cache.Find(CacheWorld.Checkout));

        world.Elapsed = 1_000;
        world.Step(new CacheInput.Restored(CacheWorld.Checkout, answer, 0));
        Assert.Equal(NameState.Fresh, world.Held().State);
        Assert.Null(world.Cache.Find(b));
        world.Step(new CacheInput.Forget(c));

        // Only the other one that had to leave is asked for when there is room again.
        var outputs = world.TickAt(31_000);
        Assert.Contains(b, CacheWorld.Asked(outputs).Select(ask => ask.Name));
        Assert.True(world.Due() > 31_000, $"wants to be woken at {world.Due()}, which is over");
    }
}
