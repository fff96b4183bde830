using System.Collections.Immutable;
using static Fairlead.Naming.VerificationFailure;

namespace Fairlead.Naming.Traversal;

/// <summary>
/// Verifies a segment's chain page by page, outside answers: at first contact, after a long absence, and by an anchor
/// for its neighbours. Pure, thread-safe.
/// </summary>
public static class EpochChain
{
    /// <summary>Extends what is held by one page.</summary>
    /// <param name="held">The chain so far; null for none.</param>
    /// <param name="genesis">The segment, from a trust root or a verified leaf.</param>
    /// <param name="start">
    /// An operator's floor: an epoch trusted by its digest, where a chain of which nothing is held may start. A chain
    /// from the genesis must contain it once it is long enough; a floor that someone else states is no starting point.
    /// </param>
    /// <param name="page">At most 32 certified epochs, ascending.</param>
    /// <param name="now">One fixed moment, in unix milliseconds.</param>
    /// <param name="delta">The clock tolerance, in milliseconds.</param>
    /// <param name="refused">The tags that the home's policy refuses.</param>
    /// <param name="cache">What was verified before.</param>
    /// <returns>
    /// The chain, of at most 4,096 epochs, or the first error. The newest epoch may be expired (V12): see
    /// <see cref="CheckNewest"/>.
    /// </returns>
    public static ChainVerdict Extend(
        SegmentState? held,
        Digest genesis,
        Floor? start,
        ImmutableArray<EpochDocument> page,
        long now,
        long delta = Limits.DefaultClockDelta,
        ImmutableArray<string> refused = default,
        VerifiedCache? cache = null) =>
        Extend(held, genesis, start, page, now, delta, refused, cache, isIntroduction: false, trim: true);

    internal static ChainVerdict Extend(
        SegmentState? held,
        Digest genesis,
        Floor? start,
        ImmutableArray<EpochDocument> page,
        long now,
        long delta,
        ImmutableArray<string> refused,
        VerifiedCache? cache,
        bool isIntroduction,
        bool trim,
        bool spares = false)
    {
        if (page.Length > Limits.PageEpochs)
        {
            return new ChainVerdict(
                null, new Refusal(TooLarge, "epochs", $"{page.Length} epochs, at most {Limits.PageEpochs}"));
        }

        var epochs = ImmutableArray.CreateBuilder<ParsedEpochDocument>(page.Length);
        foreach (var document in page)
        {
            if (!ParsedEpochDocument.TryParse(document, genesis, out var epoch, out var refusal))
            {
                return new ChainVerdict(null, refusal.At($"epochs[{epochs.Count}]"));
            }

            epochs.Add(epoch);
        }

        // A page of 32 epochs with 16 votes, 32 consents and 16 recovery consents each is the most there can be.
        var (segment, failed) = ChainStep.Extend(new ChainRequest
        {
            Genesis = genesis,
            Held = held,
            Start = start,
            Epochs = epochs.MoveToImmutable(),
            Refused = refused.IsDefault ? [] : refused,
            Now = now,
            Delta = delta,
            Signatures = new SignatureChecks(cache, Limits.PageEpochs * 4 * Limits.Signatures),
            Paging = true,
            IsIntroduction = isIntroduction,
            Spares = spares,
        }, out var evidence);
        return segment is null
            ? new ChainVerdict(null, failed) { Evidence = evidence }
            : new ChainVerdict(trim ? segment with { Epochs = Trim(segment.Epochs) } : segment, null)
            {
                Evidence = evidence,
            };
    }

    /// <summary>V12 and V30 for a chain that is complete.</summary>
    /// <param name="segment">The chain.</param>
    /// <param name="floor">The epoch that it must contain; null for none.</param>
    /// <param name="now">One fixed moment, in unix milliseconds.</param>
    /// <param name="delta">The clock tolerance, in milliseconds.</param>
    /// <returns><see cref="EpochExpired"/>, <see cref="BelowLinkFloor"/>, <see cref="FloorMismatch"/>, or
    /// null.</returns>
    public static Refusal? CheckNewest(
        SegmentState segment, Floor? floor, long now, long delta = Limits.DefaultClockDelta)
    {
        ArgumentNullException.ThrowIfNull(segment);
        var newest = segment.Newest.Value;
        return newest.Expires <= now + delta
            ? new Refusal(EpochExpired, "epochs", $"epoch {segment.NewestNumber} expired at {newest.Expires}")
            : floor is { } least ? ChainStep.Contains(segment, least) : null;
    }

    /// <summary>V63: the server's key is a tls key of the verified newest epoch.</summary>
    /// <param name="segment">The chain.</param>
    /// <param name="key">The key that the TLS connection proved.</param>
    /// <returns><see cref="TransportKeyMismatch"/>, or null.</returns>
    public static Refusal? CheckTransport(SegmentState segment, PublicKey key)
    {
        ArgumentNullException.ThrowIfNull(segment);
        ArgumentNullException.ThrowIfNull(key);
        return segment.HasTransportKey(key)
            ? null
            : new Refusal(TransportKeyMismatch, "tls", $"no tls key of epoch {segment.NewestNumber}");
    }

    private static ImmutableArray<Parsed<Epoch>> Trim(ImmutableArray<Parsed<Epoch>> epochs) =>
        epochs.Length <= SegmentState.MaxDocuments ? epochs : epochs[^SegmentState.MaxDocuments..];
}
