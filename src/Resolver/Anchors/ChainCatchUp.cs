using System.Collections.Immutable;
using Fairlead.Naming;
using Fairlead.Naming.Traversal;

namespace Fairlead.Resolver.Anchors;

/// <summary>
/// What a verifier does with an answer that stands on more new epochs than an answer may bring (V36): it verifies up to
/// the hop whose chain has a gap, fetches the missing epochs page by page from the anchor that gave the answer, and
/// goes on. So nobody can make it fetch the chain of a segment that the path does not lead to. Stateless.
/// </summary>
public static class ChainCatchUp
{
    /// <summary>Fetches what is missing.</summary>
    /// <param name="anchor">The anchor that gave the answer.</param>
    /// <param name="state">What the verifier remembers. It is not changed: the chains count once the answer is
    /// accepted with them.</param>
    /// <param name="answer">The answer as it came.</param>
    /// <param name="options">What verification is told.</param>
    /// <param name="cache">What was verified before.</param>
    /// <param name="time">The clock.</param>
    /// <returns>The chains to verify the answer with, none where nothing is missing; or the first error of a
    /// page.</returns>
    /// <exception cref="Rpc.RpcException">The anchor failed.</exception>
    public static async Task<(ImmutableArray<SegmentState> Chains, Refusal? Refusal)> RunAsync(
        AnchorClient anchor,
        VerifierState state,
        UnverifiedAnswer answer,
        VerifierOptions options,
        VerifiedCache cache,
        TimeProvider time,
        CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(state);
        ArgumentNullException.ThrowIfNull(answer);
        ArgumentNullException.ThrowIfNull(time);
        ImmutableArray<SegmentState> chains = [];
        if (ChainGap.First(state, answer) is null
            || !Document.TryParse<Query>(answer.Query, out var query, out _))
        {
            return (chains, null);
        }

        // Each turn fills a gap of one hop, which has two at most: before its seal's epoch, and before its newest.
        var trial = state;
        for (var i = 0; i < 2 * Limits.Hops && ChainGap.First(trial, answer) is { } gap; i++)
        {
            var verdict = AnswerVerifier.Verify(
                trial, query, answer, time.GetUtcNow().ToUnixTimeMilliseconds(), options, cache);
            if (!gap.IsAllThatFails(verdict))
            {
                return (chains, null); // Whatever else is wrong, verification says.
            }

            var (fetched, refusal) = await ChainFetch.FillAsync(
                anchor,
                gap,
                trial.Segments.GetValueOrDefault(gap.Segment),
                trial.HomeState?.Newest.Value.Policy.Refuse ?? [],
                time,
                trial.ClockDelta,
                cancellationToken).ConfigureAwait(false);
            if (fetched is null)
            {
                return ([], refusal!.At($"hops[{gap.Hop}]"));
            }

            chains = chains.Add(fetched.Segment);
            trial = trial.With(fetched.Segment);
        }

        return (chains, null);
    }
}
