using Fairlead.Naming;

namespace Fairlead.Governance;

/// <summary>
/// The values of a round: what the proposer of the round offers, from half of it on what anyone does, and this anchor's
/// own turn to offer one.
/// </summary>
internal sealed class Proposals(EpochCore core, OperationQueue queue, EpochBallot ballot, Rounds rounds)
{
    private readonly SortedDictionary<string, (long Round, Digest Digest)> _offered = new(StringComparer.Ordinal);
    private long _proposed = -1;

    /// <summary>Remembers the newest value that an anchor proposes.</summary>
    internal void Hear(string from, long round, Digest digest) => _offered[from] = (round, digest);

    /// <summary>Prepares a value of this round if one may be; whether it did.</summary>
    internal bool Prepare()
    {
        if (!core.IsReady || core.Halted || ballot.HasPrepared(core.Round))
        {
            return false;
        }

        var proposer = core.Quorum.Proposer(core.Round);
        foreach (var (from, (round, digest)) in _offered.OrderByDescending(o => o.Key == proposer))
        {
            if (round == core.Round && (from == proposer || core.Elapsed >= rounds.Half)
                && queue.Find(digest) is { } candidate && ballot.MayPrepare(digest) && IsAgreed(digest)
                && ballot.Prepare(candidate, queue.SourceOf(digest)) is not null)
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Proposes once a round, when it is this anchor's turn or anyone's.</summary>
    internal bool Propose()
    {
        if (!core.IsReady || core.Halted || _proposed == core.Round
            || (core.Quorum.Proposer(core.Round) != core.Self
                && (core.Elapsed < rounds.Half || rounds.Half is null || ballot.HasPrepared(core.Round))))
        {
            return false;
        }

        Digest? value = core.Votes.Best?.Digest ?? queue.Eligible().Select(d => (Digest?)d).FirstOrDefault();
        if (value is not { } digest || queue.Find(digest) is not { } candidate)
        {
            return false;
        }

        _proposed = core.Round;
        _offered[core.Self] = (core.Round, digest);
        core.Broadcast(new EpochMessage.Propose(core.Slot, core.Round, candidate.Proposal, core.Votes.Best));
        return true;
    }

    /// <summary>
    /// An operation is prepared where this anchor would; also where T prepared it before, for then T anchors judged it
    /// as they should, and an anchor locked on it can vote for nothing else.
    /// </summary>
    private bool IsAgreed(Digest digest) =>
        queue.IsWilling(digest) || core.Votes.HasPrepared(digest, -1, core.Round);
}
