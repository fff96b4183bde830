namespace Fairlead.Anchor.Peers;

/// <summary>
/// The streams over which the other anchors speak: one of each, the newest. An honest anchor has one connection to each
/// other one, and a second stream of it means that it gave up the first, which may be half dead here; another one may
/// have as many as it likes, each with a message that waits. Thread-safe.
/// </summary>
internal sealed class PeerStreams
{
    private readonly Lock _gate = new();
    private readonly Dictionary<string, CancellationTokenSource> _newest = new(StringComparer.Ordinal);

    /// <summary>Begins an anchor's stream, and ends the one that it had.</summary>
    /// <param name="from">The anchor.</param>
    /// <param name="call">Ends with the stream's call.</param>
    /// <returns>Cancelled with the call, and by the anchor's next stream; to be ended with the call.</returns>
    internal CancellationTokenSource Begin(string from, CancellationToken call)
    {
        var stream = CancellationTokenSource.CreateLinkedTokenSource(call);
        lock (_gate)
        {
            // Who waits there goes on elsewhere, not within this lock.
            _ = _newest.GetValueOrDefault(from)?.CancelAsync();
            _newest[from] = stream;
        }

        return stream;
    }

    /// <summary>Ends a stream; a newer one stays.</summary>
    internal void End(string from, CancellationTokenSource stream)
    {
        lock (_gate)
        {
            if (_newest.GetValueOrDefault(from) == stream)
            {
                _newest.Remove(from);
            }
        }

        stream.Dispose();
    }
}
