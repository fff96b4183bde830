using Fairlead.Anchor.Identities;
using Fairlead.Anchor.Serving;
using Fairlead.Naming;
using Fairlead.TestKit;

namespace Fairlead.Anchor.Tests.Serving;

/// <summary>What strangers may ask however many addresses they have (V52), on virtual time.</summary>
public sealed class StrangerBookTests
{
    private const int Burst = 100;

    private readonly StrangerBook _book = new(
        10, Burst, new ManualTimeProvider(DateTimeOffset.FromUnixTimeMilliseconds(TestSegmentOptions.Start)));

    public StrangerBookTests()
    {
        // What all share is used up.
        for (var i = 0; i < Burst; i++)
        {
            Assert.Null(_book.Take(default, default));
        }
    }

    /// <summary>A site has 65,536 networks, and asks as one.</summary>
    [Fact]
    public void Networks_OfOneSite_HaveAShareTogether()
    {
        Assert.Equal(
            StrangerBook.SiteBurst, Heard(Enumerable.Range(0, 2_000).Select(i => $"ipv6:[2001:db8:7:{i:x}::1]:1")));
        Assert.Equal(1, Heard(["ipv6:[2001:db8:8:1::1]:1"]));
        Assert.Equal(1, Heard(["ipv4:10.0.0.1:1"]));
    }

    [Fact]
    public void Addresses_WithoutEnd_AreHeardSoOftenTogether()
    {
        var asked = Enumerable.Range(0, 5_000).Select(i => $"ipv4:10.1.{i / 250}.{i % 250}:1");
        Assert.Equal(StrangerBook.SharesFactor * Burst, Heard(asked));

        // Those who name a neighbour have what all of these share, whatever others did.
        Assert.Null(_book.Take(default, Digest.Sha256("neighbour"u8)));
    }

    /// <summary>One socket for both families shows an IPv4 caller as an IPv6 one.</summary>
    [Fact]
    public void Origin_OfAnIpv4AddressAsAnIpv6One_IsThatAddress()
    {
        Assert.Equal(CallOrigin.Of("ipv4:10.0.0.1:1"), CallOrigin.Of("ipv6:[::ffff:10.0.0.1]:2"));
        Assert.NotEqual(CallOrigin.Of("ipv6:[::ffff:10.0.0.1]:1"), CallOrigin.Of("ipv6:[::ffff:10.0.0.2]:1"));
        Assert.Equal(CallOrigin.Of("ipv6:[2001:db8::1]:1").Site, CallOrigin.Of("ipv6:[2001:db8:0:9::1]:1").Site);
        Assert.NotEqual(CallOrigin.Of("ipv6:[2001:db8::1]:1").Site, CallOrigin.Of("ipv6:[2001:db8:1::1]:1").Site);
    }

    private int Heard(IEnumerable<string> from) => from.Count(one => _book.Take(CallOrigin.Of(one), default) is null);
}
