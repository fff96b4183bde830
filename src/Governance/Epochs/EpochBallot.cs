using System.Collections.Immutable;
using Fairlead.Naming;
using Fairlead.Naming.Operations;

namespace Fairlead.Governance;

/// <summary>
/// This anchor's own votes: journal first, then sign, then say so. It prepares at most one candidate a round, and
/// commits only what T prepared in its present round (4.3.1).
/// </summary>
internal sealed class EpochBallot(EpochCore core)
{
    private readonly Dictionary<(string Phase, long Round), EpochVote> _own = [];
    private long _last = -1;

    /// <summary>The highest commit: what this anchor is locked on.</summary>
    internal (long Round, Digest Digest)? Lock { get; private set; }

    internal bool HasVoted => _own.Count > 0;

    internal bool HasPrepared(long round) => _own.ContainsKey((VotePhase.Prepare, round));

    internal bool HasCommitted(long round) => _own.ContainsKey((VotePhase.Commit, round));

    /// <summary>The latest prepare and commit.</summary>
    internal IReadOnlyList<EpochVote> Latest() =>
        [.. _own.GroupBy(v => v.Key.Phase).Select(g => g.MaxBy(v => v.Key.Round).Value)
            .OrderBy(v => v.Phase, StringComparer.Ordinal)];

    /// <summary>The lock's rule: free, the same, or freed by a later PrepareCert before this round.</summary>
    internal bool MayPrepare(Digest digest) =>
        core.Options.IgnoresLock || Lock is not { } held || held.Digest == digest
        || core.Votes.HasPrepared(digest, held.Round, core.Round);

    /// <summary>Prepares a candidate that <paramref name="source"/> told of.</summary>
    internal EpochVote? Prepare(EpochCandidate candidate, string source) =>
        Cast(VotePhase.Prepare, candidate, source, []);

    /// <summary>Locks, and remembers on disk by what right.</summary>
    internal EpochVote? Commit(EpochCandidate candidate, string source, PrepareCertificate prepared)
    {
        var vote = Cast(VotePhase.Commit, candidate, source, prepared.Signatures);
        if (vote is not null)
        {
            Lock = (core.Round, candidate.Digest);
        }

        return vote;
    }

    /// <summary>
    /// A vote said to be this key's own: if it is and the journal does not know it, the key never signs again (V43).
    /// </summary>
    internal void CheckOwn(EpochVote vote)
    {
        if (vote.Signature.Kid != core.Options.Signer.Key.Kid || core.Quorum.Check(vote, out _) is not null)
        {
            return;
        }

        if (_own.TryGetValue((vote.Phase, vote.Round), out var own))
        {
            if (own.Digest != vote.Digest)
            {
                core.Halt(Conflict($"{vote.Phase} of round {vote.Round} is signed twice"));
            }
        }
        else if (!core.Options.CommitsAnyRound)
        {
            core.Halt(new Refusal(
                VerificationFailure.JournalBehind,
                "journal",
                $"{vote.Phase} of round {vote.Round} is signed but not in the journal"));
        }
    }

    /// <summary>Takes up what the journal says is signed; why the key may not sign any more where it contradicts
    /// itself.</summary>
    internal Refusal? Restore(IEnumerable<ReadOnlyMemory<byte>> journal, OperationQueue queue)
    {
        foreach (var body in journal)
        {
            if (EpochJournalBody.Decode(body) is not { } entry)
            {
                return Conflict("an entry that no voter wrote");
            }

            if (entry.Slot != core.Slot)
            {
                continue;
            }

            if (entry.Proposal is { } proposal)
            {
                core.Voted.Add(entry.Digest);
                queue.Add(entry.Source ?? core.Self, proposal, null);
            }

            if (entry.Phase == VotePhase.Commit)
            {
                core.Votes.Add(new PrepareCertificate(entry.Round, entry.Digest, entry.Prepared));
                Lock = (entry.Round, entry.Digest);
            }

            if (CheckFree(entry.Phase, entry.Round, entry.Digest) is { } refusal)
            {
                return refusal;
            }

            Sign(entry.Phase, entry.Round, entry.Digest);
            core.Round = Math.Max(core.Round, entry.Round);
        }

        return null;
    }

    private static Refusal Conflict(string detail) => new(VerificationFailure.JournalConflict, "journal", detail);

    private EpochVote? Cast(
        string phase, EpochCandidate candidate, string source, ImmutableArray<SignatureEntry> prepared)
    {
        if (core.Halted)
        {
            return null;
        }

        var isKept = core.Voted.Contains(candidate.Digest);
        if (CheckFree(phase, core.Round, candidate.Digest) is { } refusal)
        {
            core.Halt(refusal);
            return null;
        }

        core.Voted.Add(candidate.Digest);
        core.Emit(new EpochOutput.Journal(new EpochJournalBody(
            core.Slot, phase, core.Round, candidate.Digest, isKept ? null : candidate.Proposal, isKept ? null : source,
            prepared).Encode()));
        var vote = Sign(phase, core.Round, candidate.Digest);
        core.Broadcast(new EpochMessage.Vote(core.Slot, vote));
        return vote;
    }

    /// <summary>Whether (round, phase) is free (I2): the last guard before a signature, whatever was checked
    /// before.</summary>
    private Refusal? CheckFree(string phase, long round, Digest digest) =>
        (_own.TryGetValue((phase, round), out var own) ? own.Digest != digest : round < _last)
            ? Conflict($"{phase} of round {round} is not free: round {_last} is signed")
            : null;

    private EpochVote Sign(string phase, long round, Digest digest)
    {
        var written = core.Options.CommitsAnyRound && phase == VotePhase.Commit ? 0 : round;
        var signed = core.Options.Signer.Sign(core.Quorum.Document(phase, written, digest).Digest);
        var vote = new EpochVote(phase, written, digest, new SignatureEntry(core.Options.Signer.Key.Kid, signed));
        _own[(phase, round)] = vote;
        _last = Math.Max(_last, round);
        core.Votes.Add(core.Self, vote);
        return vote;
    }
}
