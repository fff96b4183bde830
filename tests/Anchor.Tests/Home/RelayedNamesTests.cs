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

    /// <summary>V52: who asks for more names than there is room for has a share, of all and of one segment, and the
    /// others are followed.</summary>
    [Theory]
    [InlineData(1, RelayedNames.SegmentMost)]
    [InlineData(5, RelayedNames.Most)]
    public void Names_OfOneSubjectBeyondItsShare_AreRefused_AndThoseOfOthersAreNot(int segments, int most)
    {
        var first = Use(0, "first");
        var followed = Enumerable.Range(0, RelayedNames.Most)
            .Select(i => Use(0, $"n{i}", $"s{i % segments}.internal")).Count(name => name is not null);
        Assert.InRange(followed, most / 4, most / 2);
        Assert.Null(Use(0, "other", "s0.internal"));
        Assert.Same(first, Use(0, "first"));

        // As many again and again take ever less, and leave a place to one more.
        for (var subject = 1; subject < 10; subject++)
        {
            Assert.NotNull(Use(subject, "checkout", "s0.internal"));
            Assert.Contains(null, Enumerable.Range(0, most).Select(i => Use(subject, $"n{i}", "s0.internal")));
        }

        Assert.NotNull(Use(99, "checkout", "s0.internal"));
    }

    /// <summary>The same of segments, each of which has a session and a way; a segment that is followed already costs
    /// nobody a share.</summary>
    [Fact]
    public void Segments_OfOneSubjectBeyondItsShare_AreRefused_AndThoseOfOthersAreNot()
    {
        var followed = Enumerable.Range(0, RelayedNames.SegmentsMax)
            .Count(i => Use(0, "a", $"s{i}.internal") is not null);
        Assert.InRange(followed, RelayedNames.SegmentsMax / 4, RelayedNames.SegmentsMax / 2);
        Assert.NotNull(Use(1, "a", "s9000.internal"));
        Assert.NotNull(Use(0, "a", "s9000.internal"));
        Assert.Null(Use(0, "a", "s9001.internal"));
    }

    /// <summary>What was dropped makes room anew.</summary>
    [Fact]
    public void Share_OfASubject_IsThereAgainWhenItsNamesAreDropped()
    {
        var names = Enumerable.Range(0, RelayedNames.SegmentMost).Select(i => Use(0, $"n{i}")).OfType<RelayedName>()
            .ToList();
        Assert.Null(Use(0, "other"));
        names.ForEach(_names.Release);
        _time.Advance(2 * RelayedNames.Linger);
        Assert.Equal(names.Count, _names.TakeIdle().Count);
        Assert.Equal(
            names.Count,
            Enumerable.Range(0, RelayedNames.SegmentMost).Count(i => Use(0, $"m{i}") is not null));
    }

    private RelayedName? Use(int subject, string service, string segment = "us1.internal")
    {
        var consumer = new Consumer(Home, Pod with { Account = $"a{subject}" });
        return _names.Use(Query(service, segment, consumer.Subject), consumer).Name;
    }

    private static Parsed<Query> Query(string service) => Query(service, "us1.internal", Pod);

    private static Parsed<Query> Query(string service, string segment, Subject subject) => Document.Make(new Query
    {
        Home = Home,
        Name = FullName.Parse($"{service}.shop.svc.{segment}"),
        Subject = Hashes.Subject(Home, subject),
    });
}
