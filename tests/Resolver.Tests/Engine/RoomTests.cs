using Fairlead.Naming;

namespace Fairlead.Resolver.Tests.Engine;

/// <summary>Bounded memory: by count and by bytes, the longest unwanted goes first.</summary>
public sealed class RoomTests
{
    [Fact]
    public void Count_AtItsBound_GivesUpTheLongestUnwanted()
    {
        var world = new CacheWorld(namesMax: 3);
        foreach (var name in new[] { "a", "b", "c" })
        {
            world.Want(Name(name));
        }

        world.Step(new CacheInput.Want(Name("a")));
        var outputs = world.Step(new CacheInput.Want(Name("d")));
        Assert.Equal(new CacheOutput.Evict(Name("b")), outputs[0]);
        var told = Assert.IsType<CacheOutput.Changed>(outputs[1]).Name;
        Assert.Equal((Name("b"), NameState.Unreachable), (told.Name, told.State));
        Assert.Equal(VerificationFailure.BudgetExceeded, told.Failure!.Failure);
        Assert.Equal(["a", "c", "d"], Held(world));
        world.Want(Name("b"));
        Assert.Equal(["a", "b", "d"], Held(world));
    }

    [Fact]
    public void Count_OfKeptNames_IsNeverGivenUp()
    {
        var world = new CacheWorld(namesMax: 2, kept: [Name("a"), Name("b")]);
        world.Want(Name("a"));
        world.Want(Name("b"));
        var told = Assert.IsType<CacheOutput.Changed>(Assert.Single(world.Step(new CacheInput.Want(Name("c"))))).Name;
        Assert.Equal(VerificationFailure.BudgetExceeded, told.Failure!.Failure);
        Assert.Equal(["a", "b"], Held(world));
    }

    /// <summary>A name that is used goes on to be used: it is asked for when there is room, though nobody wants it
    /// anew.</summary>
    [Fact]
    public void Name_TurnedAway_IsAskedForWhenThereIsRoom()
    {
        var world = new CacheWorld(
            namesMax: 2, kept: [Name("a"), Name("b"), Name("c"), Name("d"), Name("e")]);
        world.Want(Name("a"));
        world.Want(Name("b"));
        world.Step(new CacheInput.Want(Name("c")));
        world.Step(new CacheInput.Want(Name("d")));
        world.Elapsed = 60_000;
        Assert.Empty(CacheWorld.Asked(world.Step(new CacheInput.Want(Name("c")))));

        // Only what nobody holds any more makes room, and the one that waited the longest comes first.
        world.Step(new CacheInput.Forget(Name("c")));
        world.Elapsed = 61_000;
        world.Step(new CacheInput.Forget(Name("a")));
        Assert.Equal(["b", "d"], Held(world));

        // What is forgotten is asked for no more.
        world.Step(new CacheInput.Want(Name("e")));
        world.Step(new CacheInput.Forget(Name("e")));
        world.Elapsed = 200_000;
        world.Step(new CacheInput.Forget(Name("b")));
        world.TickAt(300_000);
        Assert.Equal(["d"], Held(world));
    }

    [Fact]
    public void Bytes_AtTheirBound_GiveUpTheLongestUnwantedUntilThereIsRoom()
    {
        var world = new CacheWorld(bytesMax: 1_000);
        foreach (var name in new[] { "a", "b", "c" })
        {
            world.Want(Name(name));
            world.Accept(world.Answer(), name: Name(name), bytes: 300);
        }

        Assert.Equal(900, world.Cache.Bytes);
        world.Want(CacheWorld.Checkout);
        var outputs = world.Accept(world.Answer(), bytes: 500);
        Assert.Equal(
            [Name("a"), Name("b")], outputs.OfType<CacheOutput.Evict>().Select(evict => evict.Name));
        Assert.Equal(800, world.Cache.Bytes);
        Assert.Equal(NameState.Fresh, world.Held().State);
    }

    [Fact]
    public void Bytes_OfOneAnswerBeyondAllRoom_CostThatNameItself()
    {
        var world = new CacheWorld(bytesMax: 1_000);
        world.Want();
        var outputs = world.Accept(world.Answer(), bytes: 1_001);
        Assert.Equal(new CacheOutput.Evict(CacheWorld.Checkout), outputs[0]);
        Assert.Equal(NameState.Unreachable, Assert.IsType<CacheOutput.Changed>(outputs[1]).Name.State);
        Assert.Equal(2, outputs.Count);
        Assert.Equal((0, 0L), (world.Cache.Count, world.Cache.Bytes));
    }

    [Fact]
    public void Bytes_OfANameThatIsForgottenOrShrinks_AreFree()
    {
        var world = new CacheWorld(bytesMax: 1_000);
        world.Want();
        world.Accept(world.Answer(), bytes: 900);
        world.Elapsed = 100;
        world.Accept(world.Answer(), bytes: 100);
        Assert.Equal(100, world.Cache.Bytes);
        world.Step(new CacheInput.Forget(CacheWorld.Checkout));
        Assert.Equal(0, world.Cache.Bytes);
    }

    private static string Name(string service) => $"{service}.shop.svc.us1.internal";

    private static IEnumerable<string> Held(CacheWorld world) =>
        world.Cache.Names.Select(name => name.Name.Split('.')[0]).Order(StringComparer.Ordinal);
}
