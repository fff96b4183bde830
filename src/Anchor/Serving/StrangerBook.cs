using Fairlead.Naming;

namespace Fairlead.Anchor.Serving;

/// <summary>
/// The rate of those who are not known yet and cost work before they can be (V52). All of them share it, and none can
/// use it up for the others: beside it each address has a small share of its own, so that a first contact is heard
/// whatever other addresses ask. Bounded as <see cref="RateBook"/>. Thread-safe.
/// </summary>
/// <param name="perSecond">What all share in a second, in the long run.</param>
/// <param name="burst">As many at once.</param>
/// <param name="time">The clock.</param>
internal sealed class StrangerBook(int perSecond, int burst, TimeProvider time)
{
    // Some anchors behind one address that ask once and show a page or two; a long chain takes its time.
    private const int SharePerSecond = 1;
    private const int ShareBurst = 16;

    private readonly RateBook _shares = new(SharePerSecond, ShareBurst, time);
    private readonly RateBook _all = new(perSecond, burst, time);

    /// <summary>Takes one question.</summary>
    /// <param name="from">The address that asks; see <see cref="Identities.Caller.From"/>.</param>
    /// <param name="named">With whom it is counted; the default for all others.</param>
    /// <returns><c>RateLimited</c>, or null.</returns>
    internal Refusal? Take(Digest from, Digest named) => _all.Take(named) is null ? null : _shares.Take(from);
}
