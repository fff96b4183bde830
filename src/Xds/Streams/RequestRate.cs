namespace Fairlead.Xds.Streams;

/// <summary>
/// How fast the requests of one stream are read: a client that asks without end is asked no faster than it may, and
/// what it says meanwhile waits with it. Not safe for concurrent use.
/// </summary>
/// <remarks>What acknowledges a response and says nothing else costs nothing: there are no more of these than were
/// sent. Others cost one and one for each 16 KiB, which leaves an Envoy that repeats its node in each request (61 kB)
/// two hundred new names a second behind the burst.</remarks>
internal sealed class RequestRate(XdsLimits limits)
{
    private const int BytesPerCost = 1 << 14;

    private readonly TimeSpan _each = TimeSpan.FromSeconds(1) / limits.RequestsPerSecond;
    private TimeSpan _paid;

    /// <summary>Counts one request.</summary>
    /// <returns>When the next one may be read; null for at once.</returns>
    internal TimeSpan? Charge(int bytes, IReadOnlyList<StreamEvent> events, TimeSpan now)
    {
        if (events.Count > 0 && events.All(static one => one is StreamEvent.Acked))
        {
            return null;
        }

        _paid = (_paid > now ? _paid : now) + (_each * (1 + (bytes / BytesPerCost)));
        var ready = _paid - (_each * limits.RequestBurst);
        return ready > now ? ready : null;
    }
}
