using static Fairlead.Naming.VerificationFailure;

namespace Fairlead.Naming.Traversal;

/// <summary>
/// How much a verifier remembers. What it learned of a segment it may not forget again: a pin, a chain or a floor that
/// is given up could be told otherwise (V15, V18, V26, V29). So what a neighbour can have it learn is bounded: when a
/// name is new, the neighbour behind which it is may have taken no more than half of what is still free, and no more
/// than that when a chain goes on, so that what is known has room to grow beside what is new. Chains that no name is
/// bound to yet, and that nothing is proven of, were used for no answer, and make room. Pure, thread-safe.
/// </summary>
public static class StateRoom
{
    /// <summary>The bytes that all of it may come to on disk; what is counted is never less than what is
    /// written.</summary>
    public const long MostBytes = 48L * 1024 * 1024;

    private const long OfSegment = 1024;
    private const long OfEpochInChain = 68;
    private const long OfFloor = 512;
    private const long OfSignature = 256;
    private const long OfPin = 512;
    private const long OfDomain = 384;
    private const int DepthMax = 32;

    // By how much what is free must be larger than what a neighbour has.
    private const int OfNames = 2;
    private const int OfChains = 1;

    /// <summary>The next state, as far as there is room for it.</summary>
    /// <param name="before">The state that it comes after.</param>
    /// <param name="after">The next state, every check passed.</param>
    /// <param name="refusal"><c>StateNotDurable</c>, with the segment that there is no room for; of the one name where
    /// there is room for the chains that came with it, since those come but once on a stream.</param>
    /// <param name="most">The bytes that all of it may come to.</param>
    /// <returns>The next state, maybe without chains that were used for nothing. Where there is no room, what goes on
    /// without the name: the chains, or <paramref name="before"/>.</returns>
    public static VerifierState Take(
        VerifierState before, VerifierState after, out Refusal? refusal, long most = MostBytes)
    {
        ArgumentNullException.ThrowIfNull(before);
        ArgumentNullException.ThrowIfNull(after);
        if (Fit(before, after, most, OfNames, out refusal) is { } fits)
        {
            return fits;
        }

        var alone = ChainsAlone(before, after);
        if (Fit(before, alone, most, OfChains, out _) is not { } chains)
        {
            return before;
        }

        refusal = ReferenceEquals(alone, after) ? null : refusal! with { IsOfNameAlone = true };
        return chains;
    }

    private static VerifierState? Fit(
        VerifierState before, VerifierState after, long most, int parts, out Refusal? refusal)
    {
        refusal = null;

        // Below this nobody can have more than its part of what is free.
        if (ReferenceEquals(before, after) || BytesOf(after) <= most / (parts + 1))
        {
            return after;
        }

        refusal = Check(before, after, most, parts);
        if (refusal is null)
        {
            return after;
        }

        var without = WithoutUnused(before, after);
        refusal = Check(before, without, most, parts);
        return refusal is null ? without : null;
    }

    /// <summary>The bytes that a state is counted with.</summary>
    public static long BytesOf(VerifierState state)
    {
        ArgumentNullException.ThrowIfNull(state);
        return state.Segments.Values.Sum(BytesOf) + (OfPin * state.Pins.Count) + (OfDomain * state.Domains.Count);
    }

    private static long BytesOf(SegmentState segment)
    {
        var bytes = OfSegment + (OfEpochInChain * segment.Chain.Length) + (OfFloor * segment.Floors.Count);
        foreach (var epoch in segment.Epochs)
        {
            bytes += InBase64(epoch.Payload.Length);
        }

        foreach (var piece in segment.Misuse.Evidence)
        {
            bytes += BytesOf(piece.First) + BytesOf(piece.Second);
        }

        return bytes + BytesOf(segment.Vote);
    }

    private static long BytesOf(Envelope? envelope) =>
        envelope is null ? 0 : InBase64(envelope.Payload.Length) + (OfSignature * envelope.Signatures.Length);

    private static long InBase64(int bytes) => 8 + ((bytes + 2) / 3 * 4L);

    private static Refusal? Check(VerifierState before, VerifierState after, long most, int parts)
    {
        var neighbours = new Neighbours(after);
        var free = most - BytesOf(after);
        Dictionary<Digest, long>? taken = null;
        foreach (var (genesis, segment) in after.Segments)
        {
            if (genesis == after.Home.Genesis
                || (before.Segments.TryGetValue(genesis, out var held)
                    && (ReferenceEquals(held, segment) || BytesOf(segment) <= BytesOf(held))))
            {
                continue;
            }

            taken ??= neighbours.Taken();
            if (taken[neighbours.Of(genesis)] is var own && own > free / parts)
            {
                return new Refusal(
                    StateNotDurable, genesis.ToString(),
                    $"{own} bytes are remembered of what is behind the same neighbour, and {free} are free");
            }
        }

        return null;
    }

    // What a stream says once, and what was known before: nothing that is new by this name.
    private static VerifierState ChainsAlone(VerifierState before, VerifierState after)
    {
        var segments = after.Segments;
        foreach (var (genesis, segment) in after.Segments)
        {
            var held = before.Segments.GetValueOrDefault(genesis);
            if (!ReferenceEquals(held, segment))
            {
                var known = segment.Floors.RemoveRange(
                    segment.Floors.Keys.Where(leaf => held?.Floors.ContainsKey(leaf) != true));
                segments = ReferenceEquals(known, segment.Floors)
                    ? segments
                    : segments.SetItem(genesis, segment with { Floors = known });
            }
        }

        return ReferenceEquals(segments, after.Segments) && ReferenceEquals(before.Pins, after.Pins)
            && ReferenceEquals(before.Domains, after.Domains) ? after : after with
        {
            Segments = segments,
            Pins = before.Pins,
            Domains = before.Domains,
        };
    }

    private static VerifierState WithoutUnused(VerifierState before, VerifierState after)
    {
        var bound = after.Pins.Values.Select(pin => pin.Genesis).ToHashSet();
        var unused = after.Segments.Where(one => !bound.Contains(one.Key) && one.Value.Misuse.Epoch < 0
            && ReferenceEquals(before.Segments.GetValueOrDefault(one.Key), one.Value)).Select(one => one.Key);
        return after with { Segments = after.Segments.RemoveRange(unused) };
    }

    // Behind which neighbour of the home each segment is, by who introduced it; what no name is bound to is behind one
    // that is nobody.
    private sealed class Neighbours(VerifierState state)
    {
        private readonly Dictionary<Digest, Digest?> _sources = SourcesOf(state);

        internal Digest Of(Digest genesis)
        {
            if (!_sources.TryGetValue(genesis, out var source))
            {
                return default;
            }

            for (var i = 0; i < DepthMax && source is { } next && next != state.Home.Genesis; i++)
            {
                (genesis, source) = (next, _sources.GetValueOrDefault(next));
            }

            return genesis;
        }

        internal Dictionary<Digest, long> Taken()
        {
            var taken = new Dictionary<Digest, long>();
            foreach (var (genesis, segment) in state.Segments)
            {
                var neighbour = Of(genesis);
                taken[neighbour] = taken.GetValueOrDefault(neighbour) + BytesOf(segment);
            }

            return taken;
        }

        private static Dictionary<Digest, Digest?> SourcesOf(VerifierState state)
        {
            var sources = new Dictionary<Digest, Digest?>();
            foreach (var pin in state.Pins.Values)
            {
                sources.TryAdd(pin.Genesis, pin.Source);
            }

            return sources;
        }
    }
}
