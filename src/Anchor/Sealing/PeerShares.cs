using System.Collections.Concurrent;

namespace Fairlead.Anchor.Sealing;

/// <summary>
/// How much of what each other anchor says may wait for the loop, in messages and in bytes. Whoever says more waits
/// for its own share and takes nobody else's place: at most F anchors may say anything at any rate. Thread-safe.
/// </summary>
internal sealed class PeerShares
{
    /// <summary>Units of one anchor: so many small messages, or one that has all of them.</summary>
    internal const int Units = 256;

    /// <summary>Bytes of a message that one more unit stands for: some ten signatures fit into them, so that what waits
    /// of one anchor is looked at in a moment.</summary>
    internal const int UnitBytes = 4 * 1024;

    private readonly ConcurrentDictionary<string, Share> _shares = new(StringComparer.Ordinal);

    /// <summary>Waits until a message fits into its sender's share.</summary>
    /// <param name="from">The sender, an anchor.</param>
    /// <param name="bytes">Bytes of the message.</param>
    /// <param name="cancellationToken">Ends the waiting; nothing is taken then.</param>
    /// <returns>Gives back what was taken; to be called once, when the message has been handled.</returns>
    internal async ValueTask<Action> TakeAsync(string from, int bytes, CancellationToken cancellationToken)
    {
        var share = _shares.GetOrAdd(from, static _ => new Share());
        var units = Math.Min(Units, 1 + (bytes / UnitBytes));
        var taken = 0;

        // One after the other: two that each had a part would wait for each other.
        await share.Turn.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            for (; taken < units; taken++)
            {
                await share.Free.WaitAsync(cancellationToken).ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException) when (taken > 0)
        {
            share.Free.Release(taken);
            throw;
        }
        finally
        {
            share.Turn.Release();
        }

        return () => share.Free.Release(units);
    }

    private sealed class Share
    {
        internal SemaphoreSlim Turn { get; } = new(1);

        internal SemaphoreSlim Free { get; } = new(Units);
    }
}
