using System.Collections.Immutable;
using Fairlead.Naming;
using Fairlead.Naming.Traversal;
using Fairlead.Resolver.Anchors;
using Fairlead.Resolver.State;

namespace Fairlead.Resolver.Home;

/// <summary>
/// What one consumer's verifier remembers, in memory and, where a file is given, on disk: an answer is used only after
/// the state that it leads to is durable (V39). Thread-safe.
/// </summary>
public sealed class VerifierMemory
{
    private readonly Lock _gate = new();
    private readonly StateStore? _store;
    private readonly VerifiedCache _cache = new();
    private readonly AttestWatch _watch = new();
    private readonly VerifierOptions _options;

    // Changed under the gate, read without: verifying holds that for long, and everybody reads.
    private volatile VerifierState _state;
    private volatile StateException? _lost;

    /// <summary>Starts from the file, or from nothing.</summary>
    /// <param name="home">The trust root.</param>
    /// <param name="pins">Names that the operator binds; they win over those of the file.</param>
    /// <param name="node">Whose memory it is: the consumer's key. A file of another one is not used.</param>
    /// <param name="options">What verification is told.</param>
    /// <param name="file">The file; null to remember nothing beyond the process.</param>
    /// <exception cref="StateException">The file is there and cannot be used.</exception>
    public VerifierMemory(
        HomePin home,
        IReadOnlyCollection<KeyValuePair<SegmentName, Pin>> pins,
        PublicKey node,
        VerifierOptions options,
        string? file)
    {
        ArgumentNullException.ThrowIfNull(node);
        ArgumentNullException.ThrowIfNull(options);
        _options = options.Help is null ? options with { Help = PoolHelp.Instance } : options;
        _state = VerifierState.Start(home, pins);
        if (file is null)
        {
            return;
        }

        _store = new StateStore(file, node.Kid.ToString());
        _state = _store.Load(home, pins) ?? _state;
        _lost = _store.Lost;
    }

    /// <summary>Told, outside of any lock, of evidence that an answer proved and that counts from now on
    /// (V38).</summary>
    public event Action<Contradiction>? Proven;

    /// <summary>What was fetched of the home's chain before it was cut.</summary>
    internal BegunChains Begun { get; } = new(keepsDocuments: false);

    /// <summary>The bytes that all that is remembered may come to.</summary>
    internal long RoomBytes { get; init; } = StateRoom.MostBytes;

    /// <summary>The state now.</summary>
    public VerifierState State => _state;

    /// <summary>Why the state may be older than the one that was used before a restart; null where it is not, and once
    /// heads were heard.</summary>
    public StateException? Lost => _lost;

    /// <summary>Whether fresh heads are to be heard before the first answer (V41): no seal of the home is known, or a
    /// newer one may have been.</summary>
    public bool NeedsHeads => _state.HomeState?.Seal is null || Lost is not null;

    /// <summary>Takes over a chain that was fetched and verified.</summary>
    public void Adopt(SegmentState segment)
    {
        lock (_gate)
        {
            _state = _state.With(segment);
        }
    }

    /// <summary>Judges heads (V41) and takes over where the home stands.</summary>
    /// <returns><c>NoFreshHead</c>, <c>ClockSkew</c>, or null.</returns>
    /// <param name="held">How many distinct anchors' heads hold.</param>
    public Refusal? Judge(Hex16 nonce, ImmutableArray<OfferedHead> heads, long now, out int held)
    {
        lock (_gate)
        {
            var verdict = HeadCheck.Check(_state, nonce, heads, now, _cache);
            held = verdict.Held;
            if (!verdict.IsAccepted)
            {
                return verdict.Refusal;
            }

            (_state, _lost) = (verdict.Next!, null);
            return null;
        }
    }

    /// <summary>Verifies an answer and makes the state that it leads to durable.</summary>
    /// <returns>The answer, or why it is refused: <c>StateNotDurable</c> where the disk does not take the
    /// state.</returns>
    /// <param name="query">The query as it was asked.</param>
    /// <param name="answer">The answer as it came.</param>
    /// <param name="now">Unix milliseconds.</param>
    /// <param name="chains">What <see cref="CatchUpAsync"/> fetched for it.</param>
    public (VerifiedAnswer? Answer, Refusal? Refusal) Verify(
        Parsed<Query> query, UnverifiedAnswer answer, long now, ImmutableArray<SegmentState> chains = default) =>
        Verify([(query, answer, chains)], now)[0];

    /// <summary>Checks signatures that an answer will stand on, while it is on its way; see
    /// <see cref="AnswerAhead"/>. Changes nothing that is remembered.</summary>
    internal void Prepare(UnverifiedAnswer ahead) => AnswerAhead.Check(State, ahead, _cache, _options.Help);

    /// <summary>Fetches the epochs that an answer stands on and does not bring, from the anchor that gave it; see
    /// <see cref="ChainCatchUp"/>. Changes nothing.</summary>
    /// <exception cref="Rpc.RpcException">The anchor failed.</exception>
    public Task<(ImmutableArray<SegmentState> Chains, Refusal? Refusal)> CatchUpAsync(
        AnchorClient anchor, UnverifiedAnswer answer, TimeProvider time, CancellationToken cancellationToken) =>
        ChainCatchUp.RunAsync(anchor, State, answer, _options, _cache, time, cancellationToken);

    /// <summary>
    /// Verifies answers in their order and makes the state that all of them lead to durable at once: the disk is waited
    /// for once, however many came together.
    /// </summary>
    /// <returns>For each the answer, or why it is refused.</returns>
    public IReadOnlyList<(VerifiedAnswer? Answer, Refusal? Refusal)> Verify(
        IReadOnlyList<(Parsed<Query> Query, UnverifiedAnswer Answer, ImmutableArray<SegmentState> Chains)> batch,
        long now)
    {
        ArgumentNullException.ThrowIfNull(batch);
        var results = new (VerifiedAnswer? Answer, Refusal? Refusal)[batch.Count];
        var proven = new List<Contradiction>();
        lock (_gate)
        {
            var next = _state;
            for (var i = 0; i < batch.Count; i++)
            {
                try
                {
                    next = Take(next, batch[i], now, proven, out results[i]);
                }
                catch (Exception e)
                {
                    // A bug that one answer meets ends that answer; the names beside it go on.
                    results[i] = (null, Refusal.Unforeseen("answer", e));
                }
            }

            if (Save(next) is { } fault)
            {
                return [.. results.Select(result => result.Answer is null ? result : (null, fault))];
            }

            _state = next;
        }

        proven.ForEach(evidence => Proven?.Invoke(evidence));
        return results;
    }

    // The state behind one more answer, accepted or not.
    private VerifierState Take(
        VerifierState next,
        (Parsed<Query> Query, UnverifiedAnswer Answer, ImmutableArray<SegmentState> Chains) one,
        long now,
        List<Contradiction> proven,
        out (VerifiedAnswer? Answer, Refusal? Refusal) result)
    {
        var known = one.Chains.IsDefaultOrEmpty
            ? next
            : one.Chains.Aggregate(next, (state, chain) => state.With(chain));
        var verdict = AnswerVerifier.Verify(known, one.Query, one.Answer, now, _options, _cache);
        switch (verdict)
        {
            case Verdict.Accepted accepted:
                next = StateRoom.Take(next, accepted.Next, out var full, RoomBytes);
                result = full is null ? (accepted.Answer, null) : (null, full);
                break;
            case Verdict.Refused refused:
                result = (null, refused.Refusal);
                next = StateRoom.Take(next, refused.Learned ?? next, out _, RoomBytes);
                break;
            default:
                throw new InvalidOperationException("a verdict is one of the two");
        }

        return Accused(Accused(next, verdict.Evidence, proven), _watch.See(verdict), proven);
    }

    /// <summary>Takes evidence that an anchor tells of (V38): it counts once it is durable (V39).</summary>
    /// <returns>Why it changes nothing; null where it counts, be it known before or not.</returns>
    public Refusal? Take(Contradiction evidence)
    {
        lock (_gate)
        {
            var (next, refusal) = Check(evidence);
            if (next is null || (refusal = Save(next)) is not null)
            {
                return refusal;
            }

            _state = next;
            return null;
        }
    }

    // As with answers, a bug that a piece meets ends that piece.
    private (VerifierState? Next, Refusal? Refusal) Check(Contradiction evidence)
    {
        try
        {
            return EvidenceCheck.Check(_state, evidence, _cache);
        }
        catch (Exception e)
        {
            return (null, Refusal.Unforeseen("evidence", e));
        }
    }

    /// <summary>Verifies an answer that was kept over a restart; changes nothing (see
    /// <see cref="HeldAnswers"/>).</summary>
    internal (VerifiedAnswer? Answer, Refusal? Refusal) VerifyKept(
        Parsed<Query> query, UnverifiedAnswer answer, long verifiedAt, long now)
    {
        try
        {
            return HeldAnswers.Verify(State, query, answer, verifiedAt, now, _options, _cache);
        }
        catch (Exception e)
        {
            // A file that met a bug once would meet it at each start.
            return (null, Refusal.Unforeseen("answer", e));
        }
    }

    // What an answer proves against a segment's keys outlives its refusal (V38).
    private VerifierState Accused(VerifierState state, Contradiction? evidence, List<Contradiction> proven)
    {
        if (evidence is null || EvidenceCheck.Check(state, evidence, _cache).Next is not { } next
            || ReferenceEquals(next, state))
        {
            return state;
        }

        proven.Add(evidence);
        return next;
    }

    private Refusal? Save(VerifierState next)
    {
        if (_store is null || ReferenceEquals(next, _state))
        {
            return null;
        }

        try
        {
            _store.Save(next);
            return null;
        }
        catch (StateException e)
        {
            return e.Refuse("state");
        }
    }
}
