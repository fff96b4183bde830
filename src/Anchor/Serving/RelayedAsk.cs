using System.Collections.Immutable;
using Fairlead.Anchor.Home.Introductions;
using Fairlead.Naming;
using Fairlead.Protocol;
using Fairlead.Protocol.V1;

namespace Fairlead.Anchor.Serving;

/// <summary>
/// What travels beside the question of an introduction that other segments relay (V48): through which segments it came,
/// the home first, and how many more transits it may go through. Empty where an anchor of the home asks itself.
/// Immutable.
/// </summary>
/// <param name="Visited">The segments that it came through.</param>
/// <param name="HopsLeft">How many transits behind this one may be asked; the target is none.</param>
internal sealed record RelayedAsk(ImmutableArray<Digest> Visited, int HopsLeft)
{
    /// <summary>Whether another segment's anchor asks for a home's.</summary>
    internal bool IsRelayed => Visited.Length > 1;

    /// <summary>The segment whose anchor asks; only where it is relayed.</summary>
    internal Digest By => Visited[^1];

    /// <summary>With whom the question is counted: the segment whose key is proven, whatever hops come along, and the
    /// home.</summary>
    /// <param name="home">The home.</param>
    internal RelayAsker Asker(Digest home) => new(IsRelayed ? By : home, home);

    /// <summary>The segments that it came through and this one, as the next one is told.</summary>
    /// <param name="home">The home.</param>
    /// <param name="via">The introducing hops.</param>
    /// <param name="own">This segment.</param>
    internal static ImmutableArray<Digest> WithOwn(Digest home, IEnumerable<Digest> via, Digest own) =>
        [home, .. via, own];

    /// <summary>Reads and judges it, before anything is verified: a path that comes here twice, or one with more
    /// segments left than a path has, is a loop.</summary>
    /// <param name="request">The request.</param>
    /// <param name="home">The home.</param>
    /// <param name="own">This segment.</param>
    /// <param name="ask">What was read.</param>
    /// <returns><c>LoopDetected</c>, <c>PathBroken</c>, <c>BadEnvelope</c>, or null.</returns>
    internal static Refusal? Read(IntroduceRequest request, Digest home, Digest own, out RelayedAsk ask)
    {
        ask = new RelayedAsk([], 0);
        if (request.Visited.Count >= Limits.Hops)
        {
            return new Refusal(
                VerificationFailure.LoopDetected, "visited", $"{request.Visited.Count} segments before this one");
        }

        var visited = ImmutableArray.CreateBuilder<Digest>(request.Visited.Count);
        foreach (var bytes in request.Visited)
        {
            if (!WireReader.TryRead(bytes, out Digest segment, out var malformed))
            {
                return malformed.At("visited");
            }

            if (segment == own || visited.Contains(segment))
            {
                return new Refusal(
                    VerificationFailure.LoopDetected, "visited", $"the introduction comes twice through {segment}");
            }

            visited.Add(segment);
        }

        // The home, the transits so far, this segment, those behind it, and the target.
        if (request.HopsLeft > Limits.Hops
            || (request.HopsLeft > 0 && 3 + request.Via.Count + (int)request.HopsLeft > Limits.Hops))
        {
            return new Refusal(
                VerificationFailure.LoopDetected, "hops_left",
                $"{request.HopsLeft} more after {request.Via.Count} transits, of {Limits.Hops} at most");
        }

        if (visited.Count > 0 && !IsPath(visited, home, request))
        {
            return new Refusal(
                VerificationFailure.PathBroken, "visited", "not the home and the segments that introduce it");
        }

        ask = new RelayedAsk(visited.ToImmutable(), (int)request.HopsLeft);
        return null;
    }

    // Both are of whoever asks: the hops are verified, and what travels beside them must not say something else.
    private static bool IsPath(ImmutableArray<Digest>.Builder visited, Digest home, IntroduceRequest request) =>
        visited.Count == request.Via.Count + 1 && visited[0] == home
        && visited.Skip(1).Zip(request.Via).All(
            pair => WireReader.TryRead(pair.Second.Genesis, out Digest genesis, out _) && genesis == pair.First);
}
