using Fairlead.Naming;

namespace Fairlead.Resolver.Tests.Engine;

/// <summary>Of many names of one segment a few are asked for at once, and no other segment's wait for them.</summary>
public sealed class AskLineTests
{
    private const int Places = 8;
    private const long Patience = 2_000;

    private static readonly string[] Names =
        [.. Enumerable.Range(0, 30).Select(i => $"n{i:00}.shop.svc.us1.internal")];

    [Fact]
    public void Names_BeyondThePlaces_AreAskedForInTheirOrderAsOthersAreAnswered()
    {
        var world = Crowded();
        var asked = Names[..Places].ToList();
        for (var i = 0; i < Names.Length; i++)
        {
            var outputs = world.Accept(world.Denied(), name: Names[i]);
            var next = CacheWorld.Asked(outputs).ToList();
            Assert.Equal(i + Places < Names.Length ? 1 : 0, next.Count);
            asked.AddRange(next.Select(one => one.Name));
        }

        Assert.Equal(Names, asked);
    }

    /// <summary>Time runs for who is asked, and not for who waits.</summary>
    [Fact]
    public void Name_ThatWaits_BlamesNoAnchor()
    {
        var world = Crowded();
        world.Elapsed = Patience - 1;
        Assert.Equal([Names[Places]], Asked(world.Accept(world.Denied(), name: Names[0])));
        var late = world.TickAt(Patience);
        Assert.Equal(
            Names[1..Places].Select(name => (name, 1)).Order(), CacheWorld.Asked(late).Order());
        Assert.Equal(0, world.Cache.AnchorOf(Names[Places]));
        Assert.Equal(NameState.Pending, world.Held(Names[^1]).State);
        Assert.Null(world.Cache.AnchorOf(Names[^1]));
    }

    /// <summary>The anchors of one segment that answer nothing hold up that segment's names alone.</summary>
    [Fact]
    public void Segment_ThatIsSilent_HoldsUpNoOther()
    {
        var world = Crowded();
        Assert.Equal(0, world.Want("one.shop.svc.ap1.internal"));
        Assert.Equal(0, world.Want("shared.shop.svc.clusterset.local"));
    }

    /// <summary>A name for which every anchor failed pauses, and another one has its place.</summary>
    [Fact]
    public void Name_ThatFailedEverywhere_GivesItsPlaceAway()
    {
        var world = Crowded();
        var outputs = world.FailEverywhere(VerificationFailure.Behind, Names[0]);
        Assert.Equal(Names[Places], Asked(outputs)[^1]);
        Assert.Equal(NameState.Unreachable, world.Held(Names[0]).State);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(Places)]
    public void Forgotten_Name_NeitherKeepsAPlaceNorTakesOne(int which)
    {
        var world = Crowded();
        var freed = Asked(world.Step(new CacheInput.Forget(Names[which])));
        Assert.Equal(which == 0 ? [Names[Places]] : [], freed);
        var all = Names.Except([Names[which]]).ToList();
        for (var i = 0; i + Places < all.Count; i++)
        {
            Assert.Equal([all[i + Places]], Asked(world.Accept(world.Denied(), name: all[i])));
        }
    }

    /// <summary>Wanted and forgotten again and again, names that wait leave nothing behind.</summary>
    [Fact]
    public void Names_ThatComeAndGo_AreAskedForOnceTheirTurnComes()
    {
        var world = Crowded();
        for (var i = 0; i < 1_000; i++)
        {
            Assert.Empty(Asked(world.Step(new CacheInput.Want("again.shop.svc.us1.internal"))));
            Assert.Empty(Asked(world.Step(new CacheInput.Forget("again.shop.svc.us1.internal"))));
        }

        Assert.Equal([Names[Places]], Asked(world.Accept(world.Denied(), name: Names[0])));
    }

    /// <summary>An anchor that is silent costs a name that waits behind others no more than the hedge delay either, and
    /// what another anchor answered makes room.</summary>
    [Fact]
    public void Name_ThatWaitsBehindOnesThatASilentAnchorHolds_IsAskedOfOthersInTime()
    {
        var world = Crowded();
        var hedged = world.TickAt(200).OfType<CacheOutput.Hedge>().ToList();
        Assert.Equal(Names.Order(), hedged.Select(hedge => hedge.Name).Order());
        Assert.All(hedged, hedge => Assert.Equal(0, hedge.Anchor));
        var next = world.Step(new CacheInput.Hedged(Names[^1], world.Denied()));
        Assert.Equal(NameState.Denied, world.Held(Names[^1]).State);
        Assert.Empty(Asked(next));
        Assert.Equal([Names[Places]], Asked(world.Step(new CacheInput.Hedged(Names[0], world.Denied()))));
    }

    /// <summary>Names that were answered long ago and are to be proven anew, all at once, are asked for by the same
    /// bound.</summary>
    [Fact]
    public void Names_ThatAreSettledAndAskedForAgain_KeepToThePlaces()
    {
        var world = new CacheWorld(namesMax: 100, asksMax: Places);
        foreach (var name in Names)
        {
            world.Step(new CacheInput.Want(name));
            world.Accept(world.Denied(), name: name);
        }

        var busy = new HashSet<string>();
        for (var round = 0; round < 20; round++)
        {
            foreach (var (_, name, _) in world.RunTo(world.Elapsed + 500))
            {
                busy.Add(name);
            }

            Assert.True(busy.Count <= Places, $"{busy.Count} are asked for at once");
            if (busy.FirstOrDefault() is { } first)
            {
                // One that pushes its own renewal meanwhile has no place to give.
                var settled = Names.First(name => !busy.Contains(name));
                busy.UnionWith(Asked(world.Accept(world.Denied(), world.Cache.AnchorOf(settled) ?? 0, settled)));
                Assert.True(busy.Count <= Places, $"{busy.Count} are asked for at once");
                busy.Remove(first);
                busy.UnionWith(Asked(world.Accept(world.Denied(), world.Cache.AnchorOf(first)!.Value, first)));
            }
        }
    }

    /// <summary>What is served and to be renewed takes its turn with what is served nothing yet.</summary>
    [Fact]
    public void Renewal_AmongNamesThatWait_ComesNextButOne()
    {
        var world = new CacheWorld(namesMax: 100, asksMax: Places);
        world.Want();
        world.Accept(world.Answer());
        Array.ForEach(Names, name => world.Step(new CacheInput.Want(name)));
        var due = world.RunTo(Patience * 5).Select(one => one.Name).ToList();
        Assert.DoesNotContain(CacheWorld.Checkout, due);
        var asked = new List<string>();
        while (!asked.Contains(CacheWorld.Checkout) && asked.Count < Names.Length)
        {
            var busy = Names.First(name => world.Cache.AnchorOf(name) is not null && !asked.Contains(name));
            asked.AddRange(Asked(world.Accept(
                world.Denied(), world.Cache.AnchorOf(busy)!.Value, busy)));
            asked.Add(busy);
        }

        Assert.Contains(CacheWorld.Checkout, asked);
    }

    // All are wanted, and the first few of them asked for.
    private static CacheWorld Crowded()
    {
        var world = new CacheWorld(namesMax: 100, asksMax: Places);
        var asked = Names.SelectMany(name => Asked(world.Step(new CacheInput.Want(name)))).ToList();
        Assert.Equal(Names[..Places], asked);
        return world;
    }

    private static List<string> Asked(IEnumerable<CacheOutput> outputs) =>
        [.. CacheWorld.Asked(outputs).Select(one => one.Name)];
}
