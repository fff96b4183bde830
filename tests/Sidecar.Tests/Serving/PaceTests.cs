using Fairlead.Sidecar.Serving;
using Fairlead.Sidecar.Translation;
using Fairlead.TestKit;
using Fairlead.Xds;

namespace Fairlead.Sidecar.Tests.Serving;

/// <summary>What costs as much as all names together is not done for each of them.</summary>
public sealed class PaceTests
{
    private static readonly TimeSpan Apart = TimeSpan.FromMilliseconds(100);

    private readonly ManualTimeProvider _time = new();

    [Fact]
    public void Many_InARow_AreTheFirstAtOnceAndOneForTheOthersInTime()
    {
        var late = 0;
        Pace pace = null!;
        pace = new Pace(_time, () =>
        {
            pace.Done();
            late++;
        });
        Assert.True(pace.Take(Apart));
        Assert.DoesNotContain(true, Enumerable.Range(0, 50).Select(_ => pace.Take(Apart)));
        _time.Advance(Apart - TimeSpan.FromMilliseconds(1));
        Assert.Equal(0, late);
        _time.Advance(TimeSpan.FromMilliseconds(1));
        Assert.Equal(1, late);
        Assert.False(pace.Take(Apart));
        _time.Advance(Apart);
        Assert.Equal(2, late);
        _time.Advance(Apart);
        Assert.True(pace.Take(Apart));
        Assert.Equal(2, late);
    }

    /// <summary>The routes of a thousand imports are made a few times while all of them come up, and whole in the
    /// end.</summary>
    [Fact]
    public void Routes_OfAThousandImportsThatComeUp_AreMadeAFewTimes()
    {
        const int count = 1_000;
        var names = Enumerable.Range(0, count).Select(i => $"n{i:000}.shop.svc.us1.internal").ToHashSet();
        var feed = new ViewFeed(
            Audience.Envoy, names, static (_, _) => { }, hold: (TimeSpan.FromSeconds(10), _time));
        feed.Publish(Served("n000.shop.svc.us1.internal"));
        feed.EndPatience();
        var versions = new HashSet<string?>();
        foreach (var name in names)
        {
            feed.Publish(Served(name));
            versions.Add(Routes(feed)?.Version);
        }

        Assert.InRange(versions.Count, 1, 3);
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.DoesNotContain(Routes(feed)!.Version, versions);
        var whole = new ViewFeed(Audience.Envoy, names, static (_, _) => { });
        foreach (var name in names)
        {
            whole.Publish(Served(name));
        }

        Assert.Equal(Routes(whole)!.Version, Routes(feed)!.Version);
    }

    /// <summary>A cluster that goes takes its route with it at once: no request is led to one that is not
    /// there.</summary>
    [Fact]
    public void Routes_ToAClusterThatGoes_GoWithIt()
    {
        var names = Enumerable.Range(0, 100).Select(i => $"n{i:000}.shop.svc.us1.internal").ToHashSet();
        var feed = new ViewFeed(
            Audience.Envoy, names, static (_, _) => { }, hold: (TimeSpan.FromSeconds(10), _time));
        foreach (var name in names)
        {
            feed.Publish(Ready(name, 80));
        }

        var primed = Routes(feed)!.Version;
        feed.Publish(Ready("n000.shop.svc.us1.internal", 80, 81));
        var more = Routes(feed)!.Version;
        Assert.NotEqual(primed, more);

        // One more port has time, one that is another has none.
        feed.Publish(Ready("n001.shop.svc.us1.internal", 80, 81));
        Assert.Equal(more, Routes(feed)!.Version);
        feed.Publish(Ready("n002.shop.svc.us1.internal", 8080));
        Assert.NotEqual(more, Routes(feed)!.Version);
        Assert.Null(feed.View.Current.Find(ResourceType.Cluster, "n002.shop.svc.us1.internal:80"));
        Assert.Empty(feed.View.Current.Dangling());
    }

    private static ServedName Ready(string name, params int[] ports) => ServedName.Without(
        name, Reasons.Absent, [.. ports.Select(port => new ServedPort(null, port, "http"))]) with { Reason = null };

    private static ServedName Served(string name) =>
        ServedName.Without(name, Reasons.Absent, [new ServedPort("http", 80, "http")]);

    private static Resource? Routes(ViewFeed feed) =>
        feed.View.Current.Find(ResourceType.Route, WellKnown.Routes);
}
