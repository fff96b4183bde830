using Fairlead.Anchor.Home;
using Fairlead.Anchor.Serving;
using Fairlead.Naming;
using Fairlead.TestKit;

namespace Fairlead.Anchor.Tests.Home;

/// <summary>A name is followed upstream once for all, and no longer than a while after nobody uses it.</summary>
public sealed class RelayedNamesTests
{
    private static readonly Digest Home = Digest.Sha256("home"u8);
    private static readonly Subject Pod = new() { Namespace = "shop", Account = "frontend" };
    private static readonly Consumer Frontend = new(Home, Pod);

    private readonly ManualTimeProvider _time = new();
    private readonly RelayedNames _names;

    public RelayedNamesTests() => _names = new RelayedNames(_time);

    [Fact]
    public void Use_OfOneName_FollowsItOnce()
    {
        var (first, isNew) = _names.Use(Query("a"), Frontend);
        var (second, isNewAgain) = _names.Use(Query("a"), Frontend);
        Assert.Same(first, second);
        Assert.Equal((true, false, 1), (isNew, isNewAgain, _names.Count));
        Assert.NotSame(first, _names.Use(Query("b"), Frontend).Name);
    }

    [Fact]
    public void Name_ThatNobodyUses_IsDroppedAfterAWhile_ThoughNobodyAsksForAnother()
    {
        var name = _names.Use(Query("a"), Frontend).Name!;
        _names.Use(Query("a"), Frontend);
        _names.Release(name);
        _time.Advance(2 * RelayedNames.Linger);
        Assert.Empty(_names.TakeIdle());

        _names.Release(name);
        _time.Advance(RelayedNames.Linger);
        Assert.Empty(_names.TakeIdle());
        _time.Advance(TimeSpan.FromMilliseconds(1));
        Assert.Equal([name], _names.TakeIdle());
        Assert.Equal(0, _names.Count);
        Assert.NotEqual(name.Id, _names.Use(Query("a"), Frontend).Name!.Id);
    }

    [Fact]
    public void Name_UsedAgainWithinTheWhile_Stays()
    {
        var name = _names.Use(Query("a"), Frontend).Name!;
        _names.Release(name);
        _time.Advance(RelayedNames.Linger / 2);
        Assert.Same(name, _names.Use(Query("a"), Frontend).Name);
        _names.Release(name);
        _time.Advance(RelayedNames.Linger);
        Assert.Empty(_names.TakeIdle());
    }

    [Fact]
    public void Names_BeyondTheMost_AreRefused_AndThoseThatAreFollowedAreNot()
    {
        var first = _names.Use(Query("first"), Frontend).Name;
        for (var i = 1; i < RelayedNames.Most; i++)
        {
            _names.Use(Query($"n{i}"), Frontend);
        }

        Assert.Equal((null, false), _names.Use(Query("other"), Frontend));
        Assert.Equal((first, false), _names.Use(Query("first"), Frontend));
    }

    private static Parsed<Query> Query(string service) => Document.Make(new Query
    {
        Home = Home,
        Name = FullName.Parse($"{service}.shop.svc.us1.internal"),
        Subject = Hashes.Subject(Home, Pod),
    });
}
