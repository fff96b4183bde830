using static Fairlead.Naming.VerificationFailure;

namespace Fairlead.Naming.Traversal;

/// <summary>
/// Verifies an answer again that was verified and kept before a restart: every part, as of the moment at which it was
/// verified first and under the epochs of home and target of then, against chains and floors as they are known now.
/// What newer epochs do to it they do as if there had been no restart (4.7). What is left of its life is the caller's
/// to count from the real time. Pure; changes no state; thread-safe.
/// </summary>
public static class HeldAnswers
{
    /// <summary>Verifies a kept answer.</summary>
    /// <param name="state">What the verifier remembers now; it is not below what it was when the answer was
    /// kept.</param>
    /// <param name="query">The query as it is asked now.</param>
    /// <param name="answer">The answer as it came.</param>
    /// <param name="verifiedAt">When it was verified, as its file says; in unix milliseconds.</param>
    /// <param name="now">The present, in unix milliseconds.</param>
    /// <param name="options">The operator's choices of today.</param>
    /// <param name="cache">What was verified before; null to verify everything again.</param>
    /// <returns>The answer, or the first error. <see cref="EpochSuperseded"/> where a newer epoch asks for a new proof
    /// or ends it, and where the epoch that it stands under is no longer held as a document.</returns>
    public static (VerifiedAnswer? Answer, Refusal? Refusal) Verify(
        VerifierState state,
        Parsed<Query> query,
        UnverifiedAnswer answer,
        long verifiedAt,
        long now,
        VerifierOptions? options = null,
        VerifiedCache? cache = null)
    {
        ArgumentNullException.ThrowIfNull(state);
        if (ClockRules.CheckFloor(state, now) is { } clock)
        {
            return (null, clock);
        }

        if (verifiedAt > now + state.ClockDelta)
        {
            return (null, new Refusal(FromFuture, "answer", $"verified {verifiedAt - now} ms ahead"));
        }

        return AnswerVerifier.Verify(AsOf(state.Unordered(), answer), query, answer, verifiedAt, options, cache) switch
        {
            Verdict.Accepted accepted when (Order(state, accepted.Answer) ?? Superseded(state, accepted.Answer))
                is { } refusal => (null, refusal),
            Verdict.Accepted accepted => (accepted.Answer, null),
            Verdict.Refused refused => (null, refused.Refusal),
            _ => throw new InvalidOperationException("a verdict is one of the two"),
        };
    }

    private static VerifierState AsOf(VerifierState state, UnverifiedAnswer answer)
    {
        var segments = state.Segments;
        for (var i = 0; i < answer.Hops.Length; i++)
        {
            var hop = answer.Hops[i];

            // A hop that only introduces may stand under any epoch of its chain (V16).
            if ((i == 0 || i == answer.Hops.Length - 1) && hop.Seal is { } certificate
                && Document.TryParse<Seal>(certificate.Payload, out var seal, out _)
                && segments.GetValueOrDefault(hop.Genesis)?.AsOf(seal.Value.Epoch) is { } then)
            {
                segments = segments.SetItem(hop.Genesis, then);
            }
        }

        return state with { Segments = segments };
    }

    private static Refusal? Superseded(VerifierState state, VerifiedAnswer answer)
    {
        for (var i = 0; i < answer.Hops.Length; i++)
        {
            var hop = answer.Hops[i];
            if (state.Segments.TryGetValue(hop.Genesis, out var segment)
                && EpochChange.Of(answer, segment) is var effect and (EpochEffect.Recertify or EpochEffect.Ends))
            {
                return new Refusal(
                    EpochSuperseded, $"hops[{i}]",
                    $"epoch {hop.Epoch.Value.Number}; the newest is {segment.NewestNumber}: {effect}");
            }
        }

        return null;
    }

    // Its seals are older than the newest known, or the same. One that is newer was never made durable (V39).
    private static Refusal? Order(VerifierState state, VerifiedAnswer answer)
    {
        for (var i = 0; i < answer.Hops.Length; i++)
        {
            var hop = answer.Hops[i];
            if (hop.Seal?.Position is not { } seal)
            {
                continue;
            }

            var held = state.Segments.GetValueOrDefault(hop.Genesis)?.Seal;
            var order = held is null ? 1 : seal.Order(held);
            if (order == 0 && seal.Digest != held!.Digest)
            {
                return new Refusal(SealEquivocation, $"hops[{i}].seal", $"two seals ({seal.Epoch},{seal.Seq})");
            }

            if (order > 0 && (i == 0 || i == answer.Hops.Length - 1))
            {
                return new Refusal(
                    StateNotDurable, $"hops[{i}].seal", $"({seal.Epoch},{seal.Seq}) lies beyond what is remembered");
            }
        }

        return null;
    }
}
