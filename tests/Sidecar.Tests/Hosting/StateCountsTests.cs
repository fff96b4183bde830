using Fairlead.Resolver;
using Fairlead.Sidecar.Admin;
using Fairlead.Sidecar.Tests.Serving;
using Fairlead.TestKit;

namespace Fairlead.Sidecar.Tests.Hosting;

/// <summary>What strangers may ask for as often as they like.</summary>
public sealed class StateCountsTests
{
    [Fact]
    public void Names_AreWalkedOnceInASecond()
    {
        var time = new ManualTimeProvider();
        var walks = 0;
        var counts = new StateCounts(Names, time);
        for (var i = 0; i < 3; i++)
        {
            Assert.Equal("Fresh 1", Newest());
        }

        Assert.Equal(1, walks);
        time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal("Fresh 1 Stale 1", Newest());
        Assert.Equal(2, walks);

        string Newest() => string.Join(' ', counts.Newest.Select(one => $"{one.Key} {one.Value}"));

        IEnumerable<CachedName> Names() => ++walks == 1 ? [CachedNames.Fresh] : [CachedNames.Fresh, CachedNames.Stale];
    }
}
