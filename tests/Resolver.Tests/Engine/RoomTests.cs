using Fairlead.Naming;
using Fairlead.Naming.Traversal;
using Fairlead.TestKit.Answers;

namespace Fairlead.Resolver.Tests.Engine;

/// <summary>Bounded memory: by count and by bytes, the longest unwanted goes first, of many without a record before
/// others.</summary>
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

    /// <summary>Who makes names up puts out others that were made up, beyond a few.</summary>
    [Fact]
    public void Count_AtItsBound_GivesUpWhatNeverHadARecord_WhereThatIsMuch()
    {
        var world = new CacheWorld(namesMax: 6, bareMax: 3);
        foreach (var live in new[] { "a", "b", "c", "d", "e", "f" })
        {
            world.Want(Name(live));
            world.Accept(world.Answer(), name: Name(live));
        }

        // What was denied since has had one.
        world.Accept(world.Denied(), name: Name("d"));
        foreach (var made in Enumerable.Range(0, 20))
        {
            world.Want(Name($"made-{made}"));
            world.Accept(world.Absent(), name: Name($"made-{made}"));
        }

        Assert.Equal(["d", "e", "f", "made-17", "made-18", "made-19"], Held(world));

        // Those that are used are wanted again, and go after those that are not.
        world.Accept(world.Answer(), name: Name("made-17"));
        world.Step(new CacheInput.Want(Name("d")));
        world.Want(Name("new"));
        Assert.Equal(["d", "f", "made-17", "made-18", "made-19", "new"], Held(world));
    }

    [Fact]
    public void Bytes_OfAbsences_PutOutNoRecord_WhereTheyAreMany()
    {
        var world = new CacheWorld(bytesMax: 1_000, bareMax: 2);
        world.Want();
        world.Accept(world.Answer(), bytes: 600);
        foreach (var made in new[] { "a", "b", "c" })
        {
            world.Want(Name(made));
            world.Accept(world.Absent(), name: Name(made), bytes: 200);
        }

        Assert.Equal(["b", "c", "checkout"], Held(world));
    }

    /// <summary>Who holds no bytes makes no room for any.</summary>
    [Fact]
    public void Bytes_AtTheirBound_PutOutNoNameWithoutAny()
    {
        var world = new CacheWorld(bytesMax: 1_000);
        world.Want(Name("waits"));
        foreach (var live in new[] { "a", "b" })
        {
            world.Want(Name(live));
            world.Accept(world.Answer(), name: Name(live), bytes: 600);
        }

        Assert.Equal(["b", "waits"], Held(world));

        // Once it has some it goes like any other.
        world.Accept(world.Absent(), name: Name("waits"), bytes: 300);
        world.Step(new CacheInput.Want(Name("b")));
        world.Want(Name("c"));
        world.Accept(world.Answer(), name: Name("c"), bytes: 300);
        Assert.Equal(["b", "c"], Held(world));
    }

    /// <summary>Its members are used with it, and nobody else wants them.</summary>
    [Fact]
    public void Set_WantedAgain_KeepsItsMembers()
    {
        var sets = new SetWorld();
        var cache = new NameCache(
            new NameCacheOptions { Anchors = 1, NamesMax = 4, BareMax = 3 }, new Random(1));
        var now = new CacheTime(0, sets.World.Now);
        Accept(SetWorld.Name, sets.SetAnswer());
        Accept(SetWorld.First, sets.FirstAnswer());
        Accept(SetWorld.Second, sets.SecondAnswer());
        Accept("a.shop.svc.us1.internal", sets.FirstAnswer());
        cache.Step(new CacheInput.Want(SetWorld.Name), now);
        Accept("b.shop.svc.us1.internal", sets.FirstAnswer());
        Assert.Equal(
            new[] { SetWorld.Name, SetWorld.First, SetWorld.Second, "b.shop.svc.us1.internal" }.Order(),
            cache.Names.Select(held => held.Name).Order());

        // One that had to leave comes back with it.
        foreach (var name in new[] { "c", "d", "e", "f" })
        {
            Accept($"{name}.shop.svc.us1.internal", sets.FirstAnswer());
        }

        Accept(SetWorld.Name, sets.SetAnswer());
        cache.Step(new CacheInput.Want(SetWorld.Name), now);
        Assert.Equal(NameState.Pending, cache.Find(SetWorld.First)?.State);
        Assert.Equal(NameState.Pending, cache.Find(SetWorld.Second)?.State);

        void Accept(string name, VerifiedAnswer answer)
        {
            cache.Step(new CacheInput.Want(name), now);
            cache.Step(new CacheInput.Accepted(name, 0, answer), now);
        }
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

    /// <summary>A stranger chooses the parts of a Set: however many they are, there is room for other names.</summary>
    [Fact]
    public void Count_OfPartsOfKeptNames_IsGivenUpBeyondHalf()
    {
        var world = new CacheWorld(namesMax: 5, parts: [Name("a"), Name("b"), Name("c"), Name("d")], kept: [Name("k")]);
        foreach (var name in new[] { "k", "a", "b", "c", "d", "x", "y" })
        {
            world.Want(Name(name));
        }

        Assert.Equal(["a", "b", "k", "x", "y"], Held(world));

        // Where one of the share is gone another one takes its place.
        world.Step(new CacheInput.Forget(Name("a")));
        foreach (var name in new[] { "c", "z", "v", "w" })
        {
            world.Want(Name(name));
        }

        Assert.Equal(["b", "c", "k", "v", "w"], Held(world));
    }

    [Fact]
    public void Bytes_OfPartsOfKeptNames_AreGivenUpBeyondHalf()
    {
        var world = new CacheWorld(bytesMax: 1_000, parts: [Name("a"), Name("b"), Name("c")]);
        foreach (var name in new[] { "a", "b", "c" })
        {
            world.Want(Name(name));
            world.Accept(world.Answer(), name: Name(name), bytes: 300);
        }

        world.Want(Name("x"));
        world.Accept(world.Answer(), name: Name("x"), bytes: 700);
        Assert.Equal(["a", "x"], Held(world));
        Assert.Equal(1_000, world.Cache.Bytes);

        // One that grows out of the share is one like any other.
        world.Elapsed = 100;
        world.Accept(world.Answer(), name: Name("a"), bytes: 600);
        Assert.Equal(["a"], Held(world));
        world.Want(Name("y"));
        world.Accept(world.Answer(), name: Name("y"), bytes: 500);
        Assert.Equal(["y"], Held(world));
        Assert.Equal(500, world.Cache.Bytes);
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
