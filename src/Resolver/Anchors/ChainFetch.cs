using System.Collections.Immutable;
using Fairlead.Naming;
using Fairlead.Naming.Traversal;
using Fairlead.Rpc;

namespace Fairlead.Resolver.Anchors;

/// <summary>
/// First contact with a segment: fetches its chain page by page, verifies it from the pin, and then holds the
/// connection to the tls keys of the newest epoch (V63). Stateless.
/// </summary>
public static class ChainFetch
{
    /// <summary>What was fetched and verified.</summary>
    /// <param name="Segment">The chain.</param>
    /// <param name="Epochs">The epochs that came, as they came, ascending.</param>
    public sealed record Fetched(SegmentState Segment, IReadOnlyList<EpochDocument> Epochs);

    /// <summary>Fetches what extends a chain.</summary>
    /// <param name="anchor">An anchor of the segment.</param>
    /// <param name="genesis">The segment.</param>
    /// <param name="held">What is held; null for nothing.</param>
    /// <param name="start">The operator's floor, where the chain may start there; null for the genesis.</param>
    /// <param name="floor">The epoch that the chain must contain; null for none.</param>
    /// <param name="begun">Where a fetch that was cut is gone on with; null for nowhere.</param>
    /// <param name="time">The clock.</param>
    /// <param name="delta">The clock tolerance, in milliseconds.</param>
    /// <returns>The chain, or the first error.</returns>
    /// <exception cref="RpcException">The anchor cannot be reached, or gives no more pages.</exception>
    public static async Task<(Fetched? Fetched, Refusal? Refusal)> RunAsync(
        AnchorClient anchor,
        Digest genesis,
        SegmentState? held,
        Floor? start,
        Floor? floor,
        BegunChains? begun,
        TimeProvider time,
        long delta,
        CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(anchor);
        ArgumentNullException.ThrowIfNull(time);
        var (segment, epochs, failed) = await PagesAsync(
            anchor, genesis, held, start, long.MaxValue, [], begun, time, delta, cancellationToken)
            .ConfigureAwait(false);
        if (failed is not null)
        {
            return (null, failed);
        }

        if (segment is null)
        {
            return (null, new Refusal(VerificationFailure.EpochUnknown, "epochs", "the anchor gave no epoch"));
        }

        var refusal = EpochChain.CheckNewest(segment, floor, time.GetUtcNow().ToUnixTimeMilliseconds(), delta)
            ?? anchor.Require(segment);
        return refusal is null ? (new Fetched(segment, epochs), null) : (null, refusal);
    }

    /// <summary>Fetches what extends a chain from an anchor of another segment that relays it.</summary>
    /// <param name="anchor">The anchor.</param>
    /// <param name="genesis">The segment whose chain it is.</param>
    /// <param name="held">What is held; null for nothing.</param>
    /// <param name="floor">The epoch that the chain must contain; null for none.</param>
    /// <param name="time">The clock.</param>
    /// <param name="delta">The clock tolerance, in milliseconds.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <returns>The chain, or the first error.</returns>
    /// <exception cref="RpcException">The anchor cannot be reached, or does not relay that segment.</exception>
    public static async Task<(Fetched? Fetched, Refusal? Refusal)> RelayedAsync(
        AnchorClient anchor,
        Digest genesis,
        SegmentState? held,
        Floor? floor,
        TimeProvider time,
        long delta,
        CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(anchor);
        ArgumentNullException.ThrowIfNull(time);
        var (segment, epochs, failed) = await PagesAsync(
            anchor, genesis, held, null, long.MaxValue, [], null, time, delta, cancellationToken)
            .ConfigureAwait(false);
        failed ??= segment is null
            ? new Refusal(VerificationFailure.EpochUnknown, "epochs", "the anchor gave no epoch")
            : EpochChain.CheckNewest(segment, floor, time.GetUtcNow().ToUnixTimeMilliseconds(), delta);
        return failed is null ? (new Fetched(segment!, epochs), null) : (null, failed);
    }

    /// <summary>Fetches what fills a gap of an answer, from an anchor that relays the segment.</summary>
    /// <param name="anchor">The anchor.</param>
    /// <param name="gap">The gap.</param>
    /// <param name="held">What is held; null for nothing.</param>
    /// <param name="refused">The tags that the home's policy refuses.</param>
    /// <param name="time">The clock.</param>
    /// <param name="delta">The clock tolerance, in milliseconds.</param>
    /// <returns>The chain up to the answer's first epoch, or the first error.</returns>
    /// <exception cref="RpcException">The anchor cannot be reached, or does not show that segment.</exception>
    public static async Task<(Fetched? Fetched, Refusal? Refusal)> FillAsync(
        AnchorClient anchor,
        ChainGap gap,
        SegmentState? held,
        ImmutableArray<string> refused,
        TimeProvider time,
        long delta,
        CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(anchor);
        ArgumentNullException.ThrowIfNull(gap);
        ArgumentNullException.ThrowIfNull(time);
        if (gap.Before > Limits.ChainEpochs)
        {
            return (null, new Refusal(
                VerificationFailure.BudgetExceeded, "epochs", $"epoch {gap.Before}, at most {Limits.ChainEpochs}"));
        }

        var (segment, epochs, refusal) = await PagesAsync(
            anchor, gap.Segment, held, null, gap.Before, refused, null, time, delta, cancellationToken)
            .ConfigureAwait(false);
        return refusal is not null ? (null, refusal)
            : segment is null || segment.NewestNumber < gap.Before - 1
                ? (null, new Refusal(
                    VerificationFailure.EpochGap, "epochs", $"the anchor gave none before {gap.Before}"))
                : (new Fetched(segment, epochs), null);
    }

    // Ends with an empty page, or with the last epoch before the given one. A beginning that this anchor contradicts
    // may be a liar's, and is worth no more than nothing.
    private static async Task<(SegmentState? Segment, List<EpochDocument> Epochs, Refusal? Refusal)> PagesAsync(
        AnchorClient anchor,
        Digest genesis,
        SegmentState? held,
        Floor? start,
        long before,
        ImmutableArray<string> refused,
        BegunChains? begun,
        TimeProvider time,
        long delta,
        CancellationToken cancellationToken)
    {
        var beginning = begun?.Find(genesis, held);
        var segment = beginning?.Segment ?? held;
        List<EpochDocument> epochs = [.. beginning?.Epochs ?? []];
        Refusal? failed;
        try
        {
            failed = await ChainPages.ReadAsync(
                anchor, genesis, segment is null ? start?.Epoch ?? 0 : segment.NewestNumber + 1, before, epochs, Take,
                time, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception e) when (e is RpcException or OperationCanceledException)
        {
            if (segment is not null && segment != held)
            {
                begun?.Keep(held, segment, epochs);
            }

            throw;
        }

        begun?.Drop(genesis, held);
        return failed is null ? (segment, epochs, null)
            : beginning is null ? (null, epochs, failed)
            : await PagesAsync(
                anchor, genesis, held, start, before, refused, null, time, delta, cancellationToken)
                .ConfigureAwait(false);

        (long Next, Refusal? Refusal) Take(ImmutableArray<EpochDocument> page)
        {
            var verdict = EpochChain.Extend(
                segment, genesis, start, page, time.GetUtcNow().ToUnixTimeMilliseconds(), delta, refused);
            segment = verdict.Segment ?? segment;
            return (segment is null ? 0 : segment.NewestNumber + 1, verdict.Refusal);
        }
    }
}
