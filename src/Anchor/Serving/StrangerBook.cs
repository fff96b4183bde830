using Fairlead.Anchor.Identities;
using Fairlead.Naming;

namespace Fairlead.Anchor.Serving;

/// <summary>
/// The rate of those who are not known yet and cost work before they can be (V52). All of them share it, and no few of
/// them can use it up for the others: beside it each address has a small share of its own, so that a first contact is
/// heard whatever other addresses ask. The addresses of one IPv6 site have a share together, and so have all shares:
/// what strangers cost is bounded however many addresses they have. Bounded as <see cref="RateBook"/>. Thread-safe.
/// </summary>
/// <param name="perSecond">What all share in a second, in the long run.</param>
/// <param name="burst">As many at once.</param>
/// <param name="time">The clock.</param>
internal sealed class StrangerBook(int perSecond, int burst, TimeProvider time)
{
    /// <summary>What the shares may come to together, as a multiple of what all share.</summary>
    internal const int SharesFactor = 10;

    /// <summary>What an IPv6 site has at once.</summary>
    internal const int SiteBurst = 64;

    // Some anchors behind one address that ask once and show a page or two; a long chain takes its time.
    private const int SharePerSecond = 1;
    private const int ShareBurst = 16;
    private const int SitePerSecond = 4;

    private readonly RateBook _addresses = new(SharePerSecond, ShareBurst, time);
    private readonly RateBook _sites = new(SitePerSecond, SiteBurst, time);
    private readonly RateBook _shares = new(SharesFactor * perSecond, SharesFactor * burst, time);
    private readonly RateBook _all = new(perSecond, burst, time);

    /// <summary>Takes one question, or all of a batch.</summary>
    /// <param name="from">Where it comes from.</param>
    /// <param name="named">With whom it is counted; the default for all others.</param>
    /// <param name="count">How many questions it is.</param>
    /// <returns><c>RateLimited</c>, or null.</returns>
    internal Refusal? Take(CallOrigin from, Digest named, int count = 1) => _all.Take(named, count) is null ? null
        : _addresses.Take(from.Address, count)
            ?? (from.Site == default ? null : _sites.Take(from.Site, count))
            ?? _shares.Take(default, count);
}
