using System.Collections.Immutable;

namespace Fairlead.Naming.Traversal;

/// <summary>What <see cref="AnswerVerifier"/> makes of an answer: accepted as a whole, or refused as a whole.</summary>
public abstract record Verdict
{
    private Verdict()
    {
    }

    /// <summary>What the answer proves against a segment's keys, accepted or not, for <see cref="EvidenceCheck"/>; null
    /// for nothing (V38).</summary>
    public Contradiction? Evidence { get; internal init; }

    /// <summary>The Attests of which the signature was verified, for <see cref="AttestWatch"/>.</summary>
    internal ImmutableArray<HopAttest> Signed { get; init; } = [];

    /// <summary>What becomes of an answer whose check failed in a way that nobody foresaw.</summary>
    /// <inheritdoc cref="Refusal.Unforeseen"/>
    public static Verdict Unforeseen(string where, Exception error) => new Refused(Refusal.Unforeseen(where, error));

    /// <summary>Every check passed.</summary>
    public sealed record Accepted : Verdict
    {
        internal Accepted(VerifiedAnswer answer, VerifierState next)
        {
            Answer = answer;
            Next = next;
        }

        /// <summary>The answer.</summary>
        public VerifiedAnswer Answer { get; }

        /// <summary>The state to make durable before the answer is used (V39).</summary>
        public VerifierState Next { get; }
    }

    /// <summary>The first check that failed; the verifier's state is what it was, but for <see cref="Learned"/>.
    /// </summary>
    public sealed record Refused : Verdict
    {
        internal Refused(Refusal refusal)
        {
            Refusal = refusal;
        }

        /// <summary>The error.</summary>
        public Refusal Refusal { get; }

        /// <summary>
        /// The state with the chains that came with an answer of which a record or a decision is over: that is no lie,
        /// nothing of the answer is used, and its epochs come but once on a stream. Null where the refusal is another,
        /// or no chain went on.
        /// </summary>
        public VerifierState? Learned { get; internal init; }
    }
}
