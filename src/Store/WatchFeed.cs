using System.Runtime.CompilerServices;

namespace Fairlead.Store;

/// <summary>The changes of a range from a revision on, and the revision up to which they were looked for: what comes
/// later is asked for anew.</summary>
internal delegate ValueTask<(IReadOnlyList<WatchBatch> Batches, long Scanned)> ReadChanges(
    long startRevision, CancellationToken cancellationToken);

/// <summary>The loop of a watch, which all stores share: read what there is, hand it out, wait for more.</summary>
internal static class WatchFeed
{
    /// <summary>Follows a range as <see cref="IStore.WatchAsync"/> promises.</summary>
    /// <param name="range">The keys; checked when the enumeration begins, as the start is.</param>
    /// <param name="startRevision">The first revision wanted.</param>
    /// <param name="limits">The store's limits.</param>
    /// <param name="changes">Raised after every change.</param>
    /// <param name="read">Reads changes. It may return a part of them, as long as it says how far it looked.</param>
    /// <param name="cancellationToken">Ends the watch.</param>
    internal static async IAsyncEnumerable<WatchBatch> FollowAsync(
        KeyRange range,
        long startRevision,
        StoreLimits limits,
        ChangeSignal changes,
        ReadChanges read,
        [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(startRevision, 1);
        RequestRules.Check(range, limits);
        for (var next = startRevision; ;)
        {
            // Taken before the look: a change that comes after it ends the wait.
            var changed = changes.Next;
            var (batches, scanned) = await read(next, cancellationToken).ConfigureAwait(false);
            foreach (var batch in batches)
            {
                cancellationToken.ThrowIfCancellationRequested();
                yield return batch;
            }

            if (scanned < next)
            {
                await changed.WaitAsync(cancellationToken).ConfigureAwait(false);
            }

            next = Math.Max(next, scanned + 1);
        }
    }
}
