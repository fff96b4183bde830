namespace Fairlead.Controller.Publishing;

/// <summary>What the engine knows about reaching the anchors: load, and pauses after failures.</summary>
internal sealed class AnchorHealth(PublisherOptions options, Random random)
{
    private readonly int[] _inFlight = new int[options.Anchors];
    private readonly int[] _failures = new int[options.Anchors];
    private readonly long[] _pausedUntil = new long[options.Anchors];
    private readonly int _first = random.Next(options.Anchors);

    /// <summary>The anchors that can take more now: those without failures first, from a first one drawn once, so that
    /// the controllers of several clusters or restarts do not all begin with the same.</summary>
    public IEnumerable<int> Usable(long now) => Enumerable.Range(0, options.Anchors)
        .Select(index => (index + _first) % options.Anchors)
        .Where(anchor => _pausedUntil[anchor] <= now && _inFlight[anchor] < options.AnchorInFlightMax)
        .OrderBy(anchor => _failures[anchor] > 0);

    /// <summary>When the next pause ends; null while none is paused.</summary>
    public long? NextEnd(long now)
    {
        long? next = null;
        foreach (var until in _pausedUntil)
        {
            next = until > now && (next is null || until < next) ? until : next;
        }

        return next;
    }

    /// <summary>A document goes to the anchor.</summary>
    public void Sent(int anchor) => _inFlight[anchor]++;

    /// <summary>A document's call ended.</summary>
    public void Ended(int anchor) => _inFlight[anchor]--;

    /// <summary>The anchor answered.</summary>
    public void Answered(int anchor)
    {
        _failures[anchor] = 0;
        _pausedUntil[anchor] = 0;
    }

    /// <summary>The anchor could not be reached: it is left alone for a while.</summary>
    public void Failed(int anchor, long now) => _pausedUntil[anchor] = now + Pause(++_failures[anchor]);

    /// <summary>A pause after so many failures in a row: doubling, and somewhere in the upper half.</summary>
    public long Pause(int failures)
    {
        var max = Math.Min(
            options.RetryDelayMax.TotalMilliseconds,
            options.RetryDelay.TotalMilliseconds * Math.Pow(2, Math.Min(failures - 1, 30)));
        return (long)Math.Max(1, max * (0.5 + (random.NextDouble() / 2)));
    }
}
