using Fairlead.Naming;

namespace Fairlead.Resolver.Home;

/// <summary>
/// Which anchors are behind with which segments. Where one tells later than another what is new, each answer that it
/// gives meanwhile is refused (V16, V18), and nobody did wrong: it is a lag. It is a trouble once the seal that it
/// showed first is over, and it has shown nothing newer since: what it serves is then older than a seal may be (V19).
/// Thread-safe.
/// </summary>
internal sealed class LagBook
{
    // More than a resolver has names of segments and anchors at once; what is forgotten is judged anew.
    private const int LagsMax = 4_096;

    private readonly Lock _gate = new();
    private readonly Dictionary<(string Anchor, Digest Segment), Lag> _lags = [];

    /// <summary>An answer of an anchor was late.</summary>
    /// <param name="anchor">The anchor.</param>
    /// <param name="segment">The segment that the answer is about.</param>
    /// <param name="until">The end of the seal that it stands on, in unix milliseconds, whoever says so.</param>
    /// <param name="validity">The longest that a seal of that segment lives, in milliseconds.</param>
    /// <param name="now">Unix milliseconds.</param>
    /// <returns>Whether it is a trouble.</returns>
    internal bool IsTrouble(string anchor, Digest segment, long until, long validity, long now)
    {
        lock (_gate)
        {
            // One that was late long ago and caught up unseen begins anew; one that did not shows a seal that is over.
            var isKnown = _lags.TryGetValue((anchor, segment), out var lag) && now - lag.Last <= validity;
            if (!isKnown && _lags.Count >= LagsMax)
            {
                _lags.Clear();
            }

            lag = new Lag(isKnown ? lag.Ends : Math.Min(until, now + validity), now);
            _lags[(anchor, segment)] = lag;
            return lag.Ends <= now || until <= now;
        }
    }

    /// <summary>An answer of an anchor was taken: it is not behind.</summary>
    internal void Clear(string anchor, Digest segment)
    {
        lock (_gate)
        {
            _lags.Remove((anchor, segment));
        }
    }

    private readonly record struct Lag(long Ends, long Last);
}
