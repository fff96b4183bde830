namespace Fairlead.Xds.Streams;

/// <summary>
/// How fast the requests of one stream are read, or of all streams of a connection: a client that asks without end is
/// asked no faster than it may, and what it says meanwhile waits with it. Thread-safe.
/// </summary>
/// <remarks>What acknowledges a response and says nothing else costs nothing: there are no more of these than were
/// sent. Others cost one and one for each 16 KiB, which leaves an Envoy that repeats its node in each request (61 kB)
/// two hundred new names a second behind the burst.</remarks>
/// <param name="burst">How many may come at once.</param>
/// <param name="perSecond">How many in a second after that.</param>
internal sealed class RequestRate(int burst, int perSecond)
{
    private const int BytesPerCost = 1 << 14;

    private readonly Lock _gate = new();
    private readonly TimeSpan _each = TimeSpan.FromSeconds(1) / perSecond;
    private TimeSpan _paid;

    /// <summary>How long it is until the next one may be read, which is not counted.</summary>
    /// <returns>Zero or less for no time.</returns>
    internal TimeSpan Owed(TimeSpan now)
    {
        lock (_gate)
        {
            return _paid - (_each * burst) - now;
        }
    }

    /// <summary>Counts one request.</summary>
    /// <param name="bytes">How large it was.</param>
    /// <param name="events">What it led to.</param>
    /// <param name="now">The time of a clock that is the same each time.</param>
    /// <returns>How long it is until the next one may be read; zero or less for no time.</returns>
    internal TimeSpan Charge(int bytes, IReadOnlyList<StreamEvent> events, TimeSpan now)
    {
        if (events.Count > 0 && events.All(static one => one is StreamEvent.Acked))
        {
            return TimeSpan.Zero;
        }

        lock (_gate)
        {
            _paid = (_paid > now ? _paid : now) + (_each * (1 + (bytes / BytesPerCost)));
            return _paid - (_each * burst) - now;
        }
    }
}
