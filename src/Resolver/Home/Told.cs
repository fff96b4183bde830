using System.Collections.Immutable;
using Fairlead.Naming;
using Fairlead.Naming.Traversal;
using Fairlead.Protocol;
using Fairlead.Protocol.V1;

namespace Fairlead.Resolver.Home;

/// <summary>
/// What an anchor is told with a question: how far the asker knows each segment (V64). An anchor that lags behind what
/// the asker learned elsewhere since then is honest; one that falls below what it was told, or showed itself, is not.
/// Immutable, thread-safe.
/// </summary>
internal sealed class Told
{
    private const int KnownMax = 64;

    private readonly ImmutableArray<SegmentState> _segments;

    private Told(ImmutableArray<SegmentState> segments) => _segments = segments;

    /// <summary>What is told to whom is asked for a name of that segment: the home, the target, and others as far as
    /// there is room.</summary>
    internal static Told Of(VerifierState state, SegmentName? target)
    {
        var pinned = target is not null && state.Pins.TryGetValue(target, out var pin) ? pin.Genesis : (Digest?)null;
        return new Told(
        [
            .. state.Segments.Values
                .OrderBy(segment => segment.Genesis == state.Home.Genesis ? 0 : segment.Genesis == pinned ? 1 : 2)
                .ThenBy(segment => segment.Genesis)
                .Take(KnownMax),
        ]);
    }

    /// <summary>The same on the wire.</summary>
    internal IEnumerable<Known> ToKnown() => _segments.Select(WireWriter.ToKnown);

    /// <summary>
    /// Until when a refused answer is only late: it stands on an older epoch or seal than the asker knows by now, and
    /// on none below what the anchor was told.
    /// </summary>
    /// <param name="refusal">Why it was refused.</param>
    /// <param name="answer">The answer.</param>
    /// <param name="shown">The newest home seal that the same stream showed; null for none.</param>
    /// <returns>The first end of its seals, in unix milliseconds; null where it is a fault. No certificate stands
    /// behind it yet, so that a liar may say any.</returns>
    internal long? LateUntil(Refusal refusal, UnverifiedAnswer answer, SealPosition? shown = null)
    {
        if (refusal.Failure is not (VerificationFailure.SealRollback or VerificationFailure.EpochSuperseded))
        {
            return null;
        }

        var end = long.MaxValue;
        for (var i = 0; i < answer.Hops.Length; i++)
        {
            var hop = answer.Hops[i];
            if (hop.Seal is not { } sealing || (i > 0 && i < answer.Hops.Length - 1))
            {
                continue; // One that only introduces may be older than anything.
            }

            if (!Document.TryParse<Seal>(sealing.Payload, out var seal, out _)
                || IsBelow(
                    hop.Genesis,
                    new SealPosition(seal.Value.Epoch, seal.Value.Seq, seal.Digest),
                    i == 0 ? shown : null))
            {
                return null;
            }

            end = Math.Min(end, seal.Value.Expires);
        }

        return end;
    }

    private bool IsBelow(Digest genesis, SealPosition seal, SealPosition? shown)
    {
        var held = _segments.FirstOrDefault(segment => segment.Genesis == genesis);
        return seal.Epoch < (held?.NewestNumber ?? 0)
            || (held?.Seal is { } told && seal.Order(told) < 0)
            || (shown is not null && seal.Order(shown) < 0);
    }
}
