using System.Collections.Immutable;
using Fairlead.Naming;
using Fairlead.Protocol;
using Fairlead.Protocol.V1;
using Fairlead.Rpc;

namespace Fairlead.Resolver.Anchors;

/// <summary>
/// Pages of a segment's epochs from one anchor, the one way in which they are asked for: what is done with a page, and
/// where the next one starts, its taker says. An anchor gives a stranger a burst of pages and then one a second (V52):
/// behind the first page a limit is waited for. Stateless.
/// </summary>
public static class ChainPages
{
    private static readonly TimeSpan PauseMin = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan PauseMax = TimeSpan.FromSeconds(8);

    // As many as share an address get a page each in that time.
    private static readonly TimeSpan PagePatience = TimeSpan.FromSeconds(30);

    /// <summary>Takes one page.</summary>
    /// <param name="page">The page, not empty.</param>
    /// <returns>The number of the epoch that comes next, or why no more is wanted.</returns>
    public delegate (long Next, Refusal? Refusal) Take(ImmutableArray<EpochDocument> page);

    /// <summary>Reads pages until an empty one, or until the last epoch before the given one.</summary>
    /// <param name="anchor">The anchor.</param>
    /// <param name="segment">The segment.</param>
    /// <param name="from">The number of the first epoch wanted.</param>
    /// <param name="before">The number of the first epoch that is not wanted.</param>
    /// <param name="epochs">Where the epochs are added, as they come: there also where a later page fails.</param>
    /// <param name="take">Takes each page.</param>
    /// <param name="time">The clock of the waits.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <returns>The first error, also where an anchor shows the same without end; null for none.</returns>
    /// <exception cref="RpcException">The anchor cannot be reached, does not show that segment, or gives no more
    /// pages.</exception>
    public static async Task<Refusal?> ReadAsync(
        AnchorClient anchor,
        Digest segment,
        long from,
        long before,
        List<EpochDocument> epochs,
        Take take,
        TimeProvider time,
        CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(anchor);
        ArgumentNullException.ThrowIfNull(epochs);
        ArgumentNullException.ThrowIfNull(take);
        ArgumentNullException.ThrowIfNull(time);
        for (var patience = TimeSpan.Zero; from < before; patience = PagePatience)
        {
            var request = new EpochsRequest
            {
                Genesis = WireWriter.ToBytes(segment),
                From = (ulong)from,
                Limit = (uint)Math.Min(Limits.PageEpochs, before - from),
            };
            var page = await AskAsync(anchor, request, patience, time, cancellationToken).ConfigureAwait(false);
            if (!WireReader.TryRead(page.Epochs, out var documents, out var malformed))
            {
                return malformed;
            }

            if (documents.IsEmpty)
            {
                return null;
            }

            var (next, refusal) = take(documents);
            if (refusal is not null)
            {
                return refusal;
            }

            // Whoever shows what is held already, again and again, would be asked without end.
            if (next <= from)
            {
                return new Refusal(
                    VerificationFailure.EpochGap, "epochs", $"asked for {from}, and shown what comes before it");
            }

            from = next;
            epochs.AddRange(documents);
        }

        return null;
    }

    private static async Task<EpochsResponse> AskAsync(
        AnchorClient anchor, EpochsRequest request, TimeSpan patience, TimeProvider time,
        CancellationToken cancellationToken)
    {
        var pause = PauseMin;
        while (true)
        {
            try
            {
                return await anchor.EpochsAsync(request, cancellationToken).ConfigureAwait(false);
            }
            catch (RpcException e) when (
                patience >= pause && RpcFailures.Read(e)?.Failure == VerificationFailure.RateLimited)
            {
                patience -= pause;
            }

            await Task.Delay(pause, time, cancellationToken).ConfigureAwait(false);
            pause = pause * 2 < PauseMax ? pause * 2 : PauseMax;
        }
    }
}
