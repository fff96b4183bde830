using Fairlead.Naming;
using Fairlead.Naming.Traversal;
using Fairlead.Protocol;
using Fairlead.Protocol.V1;

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
    /// <param name="time">The clock.</param>
    /// <param name="delta">The clock tolerance, in milliseconds.</param>
    /// <returns>The chain, or the first error.</returns>
    /// <exception cref="Rpc.RpcException">The anchor cannot be reached.</exception>
    public static async Task<(Fetched? Fetched, Refusal? Refusal)> RunAsync(
        AnchorClient anchor,
        Digest genesis,
        SegmentState? held,
        Floor? start,
        Floor? floor,
        TimeProvider time,
        long delta,
        CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(anchor);
        ArgumentNullException.ThrowIfNull(time);
        var epochs = new List<EpochDocument>();
        var segment = held;
        while (true)
        {
            var from = segment is null ? start?.Epoch ?? 0 : segment.NewestNumber + 1;
            var page = await anchor.EpochsAsync(
                new EpochsRequest
                {
                    Genesis = WireWriter.ToBytes(genesis),
                    From = (ulong)from,
                    Limit = Limits.PageEpochs,
                },
                cancellationToken).ConfigureAwait(false);
            if (!WireReader.TryRead(page.Epochs, out var documents, out var malformed))
            {
                return (null, malformed);
            }

            if (documents.IsEmpty)
            {
                break;
            }

            var verdict = EpochChain.Extend(
                segment, genesis, start, documents, time.GetUtcNow().ToUnixTimeMilliseconds(), delta);
            if (!verdict.IsAccepted)
            {
                return (null, verdict.Refusal);
            }

            segment = verdict.Segment;
            epochs.AddRange(documents);
        }

        if (segment is null)
        {
            return (null, new Refusal(VerificationFailure.EpochUnknown, "epochs", "the anchor gave no epoch"));
        }

        var refusal = EpochChain.CheckNewest(segment, floor, time.GetUtcNow().ToUnixTimeMilliseconds(), delta)
            ?? anchor.Require(segment);
        return refusal is null ? (new Fetched(segment, epochs), null) : (null, refusal);
    }
}
