using static Fairlead.Naming.VerificationFailure;

namespace Fairlead.Naming.Traversal;

/// <summary>
/// Verifies an answer again that was verified and kept before a restart: every part, as of the moment at which it was
/// verified first, against the chains and floors as they are known now. What is left of its life is the caller's to
/// count from the real time. Pure; changes no state; thread-safe.
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
    /// <returns>The answer, or the first error. <see cref="EpochSuperseded"/> where an epoch on its path has a
    /// successor by now: it takes a new proof.</returns>
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

        return AnswerVerifier.Verify(state.Unordered(), query, answer, verifiedAt, options, cache) switch
        {
            Verdict.Accepted accepted when Order(state, accepted.Answer) is { } refusal => (null, refusal),
            Verdict.Accepted accepted => (accepted.Answer, null),
            Verdict.Refused refused => (null, refused.Refusal),
            _ => throw new InvalidOperationException("a verdict is one of the two"),
        };
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
