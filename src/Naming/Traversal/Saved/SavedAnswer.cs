using System.Collections.Immutable;

namespace Fairlead.Naming.Traversal;

/// <summary>
/// An answer with all that is needed to verify it without a network: the query, the answer, every segment's chain from
/// its genesis, and when it was taken. Nothing in it is trusted. Immutable.
/// </summary>
public sealed record SavedAnswer
{
    /// <summary>The query.</summary>
    public required Parsed<Query> Query { get; init; }

    /// <summary>The answer; its hops hold no epochs, as the chains do.</summary>
    public required UnverifiedAnswer Answer { get; init; }

    /// <summary>The chain of each segment on the path, from epoch 0 on.</summary>
    public required ImmutableSortedDictionary<Digest, ImmutableArray<EpochDocument>> Chains { get; init; }

    /// <summary>
    /// The name under which the taker's home stands. No document says it: a reader compares it with what it expects.
    /// </summary>
    public required SegmentName HomeName { get; init; }

    /// <summary>The answers of a set's members, each of which verifies alone; empty for every other answer. None has
    /// members of its own.</summary>
    public ImmutableArray<SavedAnswer> Members { get; init; } = [];

    /// <summary>When the answer was verified by its taker, in unix milliseconds.</summary>
    public required long Time { get; init; }

    /// <summary>Development only: the taker says that it admitted loopback endpoints without a Scope. That is for
    /// people: whether they are admitted is the verifier's own option, as the genesis is.</summary>
    public bool UnsafeAllowLoopbackEndpoints { get; init; }

    /// <summary>Puts an answer and the chains of its segments together.</summary>
    /// <param name="answer">The verified answer.</param>
    /// <param name="raw">The same answer as it came.</param>
    /// <param name="chains">The chain of every segment on its path, from epoch 0 to the newest.</param>
    public static SavedAnswer Of(
        VerifiedAnswer answer, UnverifiedAnswer raw, IReadOnlyDictionary<Digest, ImmutableArray<EpochDocument>> chains)
    {
        ArgumentNullException.ThrowIfNull(answer);
        ArgumentNullException.ThrowIfNull(raw);
        ArgumentNullException.ThrowIfNull(chains);
        return new SavedAnswer
        {
            Query = answer.Query,
            Answer = raw with { Hops = [.. raw.Hops.Select(hop => hop with { Epochs = [] })] },
            Chains = raw.Hops.ToImmutableSortedDictionary(hop => hop.Genesis, hop => chains[hop.Genesis]),
            HomeName = answer.Hops[0].Name,
            Time = answer.VerifiedAt,
            UnsafeAllowLoopbackEndpoints = answer.UnsafeLoopbackAllowed,
        };
    }

    /// <summary>
    /// Verifies from the genesis alone, by a verifier that remembers nothing: every check but those that need memory or
    /// other anchors.
    /// </summary>
    /// <param name="genesis">The home's identity, from the caller and never from a file.</param>
    /// <param name="at">The moment to verify for, in unix milliseconds.</param>
    /// <param name="options">What the caller admits; null for the default. Nothing of it comes from a file.</param>
    public Verdict Verify(Digest genesis, long at, VerifierOptions? options = null)
    {
        options ??= new VerifierOptions();
        var state = VerifierState.Start(new HomePin(genesis, HomeName));
        var cache = new VerifiedCache();

        // The home first: its policy says which tags the others may not carry, and which clock tolerance holds.
        foreach (var (segment, epochs) in Chains.OrderByDescending(chain => chain.Key == genesis))
        {
            SegmentState? held = null;
            foreach (var page in epochs.Chunk(Limits.PageEpochs))
            {
                var refused = state.HomeState?.Newest.Value.Policy.Refuse ?? [];
                var step = EpochChain.Extend(
                    held, segment, null, [.. page], at, state.ClockDelta, refused, cache,
                    isIntroduction: false, trim: false);
                if (!step.IsAccepted)
                {
                    return new Verdict.Refused(step.Refusal.At($"chains[{segment}]"));
                }

                held = step.Segment;
            }

            state = held is null ? state : state.With(held);
        }

        return AnswerVerifier.Verify(state, Query, Answer, at, options, cache);
    }

    /// <summary>
    /// Verifies the answer of one member of this set. It must be one that the same consumer was given, from the same
    /// home and by the same rules as the set: what somebody else may see says nothing of who serves this one.
    /// </summary>
    /// <param name="member">One of <see cref="Members"/>.</param>
    /// <param name="genesis">The home's identity, from the caller and never from a file.</param>
    /// <param name="at">The moment to verify for, in unix milliseconds.</param>
    /// <param name="options">What the caller admits; null for the default.</param>
    /// <returns><c>QueryMismatch</c> where it is not one; else what <see cref="Verify"/> says.</returns>
    public Verdict VerifyMember(SavedAnswer member, Digest genesis, long at, VerifierOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(member);
        var (own, set) = (member.Query.Value, Query.Value);
        var detail = member.HomeName != HomeName ? $"its home is called {member.HomeName}, the set's {HomeName}"
            : own.Home != set.Home ? "not asked of the set's home"
            : own.Subject != set.Subject ? "not asked by the subject that asked for the set"
            : member.UnsafeAllowLoopbackEndpoints != UnsafeAllowLoopbackEndpoints
                ? "taken with another rule for loopback endpoints than the set"
            : null;
        return detail is null
            ? member.Verify(genesis, at, options)
            : new Verdict.Refused(new Refusal(VerificationFailure.QueryMismatch, "member", detail));
    }
}
