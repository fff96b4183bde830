namespace Fairlead.Naming.Traversal;

/// <summary>
/// Epochs that lie between what a verifier holds of a segment and what an answer shows of it: more than one answer may
/// bring (V36), so that they are fetched page by page. Immutable.
/// </summary>
/// <param name="Hop">The hop of that segment, from 0.</param>
/// <param name="Segment">The segment.</param>
/// <param name="From">The number of the first epoch that is missing.</param>
/// <param name="Before">The number of the epoch behind the gap, which the answer brings.</param>
public sealed record ChainGap(int Hop, Digest Segment, long From, long Before)
{
    /// <summary>The first gap of an answer; null for none. Says nothing of whether the segment belongs there: a
    /// verifier that refused the answer for this gap found all before it good.</summary>
    /// <param name="state">What the verifier remembers.</param>
    /// <param name="answer">The answer as it came.</param>
    public static ChainGap? First(VerifierState state, UnverifiedAnswer answer)
    {
        ArgumentNullException.ThrowIfNull(state);
        ArgumentNullException.ThrowIfNull(answer);
        for (var i = 0; i < answer.Hops.Length; i++)
        {
            var hop = answer.Hops[i];
            var next = (state.Segments.GetValueOrDefault(hop.Genesis)?.NewestNumber ?? -1) + 1;
            foreach (var document in hop.Epochs)
            {
                // An introducing seal's epoch goes before those that continue the chain (V16).
                if (!Document.TryParse<Epoch>(document.Payload, out var epoch, out _))
                {
                    break;
                }

                if (epoch.Value.Number > next)
                {
                    return new ChainGap(i, hop.Genesis, next, epoch.Value.Number);
                }

                next = Math.Max(next, epoch.Value.Number + 1);
            }
        }

        return null;
    }

    /// <summary>Whether a verifier that found all before this gap good refused the answer for it.</summary>
    /// <param name="verdict">What it said.</param>
    public bool IsAllThatFails(Verdict verdict) =>
        verdict is Verdict.Refused { Refusal: { Failure: VerificationFailure.EpochGap } refusal }
        && refusal.Where.StartsWith($"hops[{Hop}].", StringComparison.Ordinal);
}
