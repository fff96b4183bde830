using System.Diagnostics;
using Fairlead.Sidecar.Serving;
using Fairlead.TestKit;

namespace Fairlead.Sidecar.Tests.Serving;

/// <summary>Whom the sidecar told that connections of TCP may go on, and what it costs to know.</summary>
public sealed class ConnectionCheckTests
{
    private const string Name = "ledger.shop.svc.us1.internal";
    private const int Most = 10_000;

    private readonly ManualTimeProvider _time = new();

    [Fact]
    public void Asker_ToldThatItMayGoOn_IsToldAnewOrAsksNoMore()
    {
        var check = new ConnectionCheck(static (_, _, _) => true, _time);
        check.Note(Name, "envoy", "10.1.0.1:9000", mayGoOn: true);
        check.Note("other." + Name, "envoy", "10.1.0.2:9000", mayGoOn: true);
        Assert.True(check.AreTold(Name, one => one == "10.1.0.1:9000"));
        Assert.False(check.AreTold(Name, static _ => false));
        check.Note(Name, "envoy", "10.1.0.1:9000", mayGoOn: false);
        Assert.True(check.AreTold(Name, static _ => false));

        check.Note(Name, "envoy", "10.1.0.1:9000", mayGoOn: true);
        _time.Advance(TimeSpan.FromSeconds(2.9));
        Assert.False(check.AreTold(Name, static _ => false));
        _time.Advance(TimeSpan.FromSeconds(0.1));
        Assert.True(check.AreTold(Name, static _ => false));
    }

    /// <summary>Room is made of who has asked longest ago, and of nobody who still asks.</summary>
    [Fact]
    public void Asker_BeyondTheMost_CountsOnceAnotherAsksNoMore()
    {
        var check = Filled(Most - 1);
        _time.Advance(TimeSpan.FromSeconds(1));
        check.Note(Name, "last", "10.1.0.1:9000", mayGoOn: true);
        check.Note("more." + Name, "more", "10.1.0.1:9000", mayGoOn: true);
        Assert.True(check.AreTold("more." + Name, static _ => false));
        _time.Advance(TimeSpan.FromSeconds(2));
        check.Note("more." + Name, "more", "10.1.0.1:9000", mayGoOn: true);
        Assert.False(check.AreTold("more." + Name, static _ => false));
        Assert.False(check.AreTold(Name, static _ => false));
    }

    /// <summary>A strict name that leaves asks some times, and each new asker is looked for.</summary>
    [Fact]
    public void Asker_AmongTheMost_CostsAboutAsMuchAsAmongFew()
    {
        var (few, most) = (Cost(Filled(10)), Cost(Filled(Most)));
        Assert.True(most < 20 * few, $"{most} and {few} ticks");
    }

    private ConnectionCheck Filled(int askers)
    {
        var check = new ConnectionCheck(static (_, _, _) => true, _time);
        for (var i = 0; i < askers; i++)
        {
            check.Note($"n{i}.shop.svc.us1.internal", "envoy", "10.1.0.1:9000", mayGoOn: true);
        }

        return check;
    }

    private static long Cost(ConnectionCheck check)
    {
        var least = long.MaxValue;
        for (var turn = 0; turn < 20; turn++)
        {
            var start = Stopwatch.GetTimestamp();
            for (var i = 0; i < 20; i++)
            {
                check.Note(Name, $"{turn}.{i}", "10.1.0.1:9000", mayGoOn: true);
                check.AreTold("none." + Name, static _ => true);
            }

            least = Math.Min(least, Stopwatch.GetTimestamp() - start);
        }

        return least;
    }
}
