using Fairlead.Naming;

namespace Fairlead.Governance;

/// <summary>
/// This anchor's own signatures: journal first, then sign, then say so. Also what it holds of others' signatures, so
/// that one who comes back with an older journal is told.
/// </summary>
internal sealed class Ballot(SealCore core, ProposalJudge judge)
{
    private readonly Dictionary<string, (StateClaim Claim, Envelope Seal)> _held = new(StringComparer.Ordinal);
    private readonly HashSet<string> _exposed = new(StringComparer.Ordinal);
    private readonly SortedSet<(long Expires, EntryName Name)> _expiries = [];

    /// <summary>
    /// Judges the leader's own proposal by the same rules; without its own vote others may still carry it.
    /// </summary>
    internal void CastOwn(SealMessage.Propose proposal, Proposal slot)
    {
        if (judge.Judge(core.Self, proposal).Refusal is null && Sign(proposal, slot.Candidate) is { } signature)
        {
            slot.Votes[core.Self] = signature;
        }
    }

    /// <summary>Signs a judged proposal; null where the key must not.</summary>
    internal SignatureEntry? Sign(SealMessage.Propose proposal, Candidate candidate)
    {
        if (core.Halted)
        {
            return null;
        }

        if (core.Signed.Use(candidate.Seq, candidate.Claim.Digest) is { } refusal)
        {
            core.Halt(refusal);
            return null;
        }

        var body = new JournalBody(proposal.Term, proposal.Seal, proposal.Puts, proposal.Drops);
        core.Emit(new SealOutput.Journal(body.Encode()));
        core.Signed.Bind(candidate.Seq, candidate.Puts, core.Chain.State);
        var signature = new SignatureEntry(core.Signer.Key.Kid, core.Signer.Sign(candidate.Claim.Digest));
        core.Quorum.KeepOwn(candidate.Claim.Digest, signature);
        return signature;
    }

    /// <summary>Remembers the highest signature seen of another anchor. One that signed two seals in one slot is told
    /// of once (V38).</summary>
    internal void Keep(QuorumMember member, StateClaim seal, SignatureEntry signature)
    {
        var envelope = new Envelope(seal.Payload, [signature]);
        if (!_held.TryGetValue(member.Id, out var held) || held.Claim.Seq < seal.Seq)
        {
            _held[member.Id] = (seal, envelope);
        }
        else if (held.Claim.Seq == seal.Seq && held.Claim.Digest != seal.Digest
            && held.Claim.Seal is not null && seal.Seal is not null && _exposed.Add(member.Id))
        {
            core.Emit(new SealOutput.Evidence(VerificationFailure.AnchorExcluded, held.Seal, envelope));
        }
    }

    /// <summary>The highest signature held of an anchor, or null.</summary>
    internal Envelope? Held(string anchor) => _held.TryGetValue(anchor, out var held) ? held.Seal : null;

    /// <summary>
    /// A signature said to be this key's own: if it is and the journal does not know it, the key never signs again
    /// (V43).
    /// </summary>
    internal void CheckOwn(StateClaim seal, SignatureEntry signature)
    {
        if (seal.Segment == core.Genesis && seal.Epoch == core.Epoch
            && core.Signed.CheckOwn(seal.Seq, seal.Digest) is { } refusal
            && core.Quorum.Find(core.Self) is { } self
            && core.Quorum.CheckVote(self, seal.Digest, signature) is null)
        {
            core.Halt(refusal);
        }
    }

    /// <summary>Watches the expiry of certified entries; Witnesses wake nobody.</summary>
    internal void Watch(IEnumerable<Entry> entries)
    {
        foreach (var entry in entries.Where(entry => !entry.IsWitness))
        {
            _expiries.Add((entry.Expires, entry.Name));
        }
    }

    /// <summary>The names whose certified entries may be dropped at t, the oldest first.</summary>
    internal List<EntryName> Expired(long time)
    {
        var names = new List<EntryName>();
        while (_expiries.Count > 0 && _expiries.Min.Expires + core.Delta < time)
        {
            var (expires, name) = _expiries.Min;
            var held = core.Chain.State.Find(name);
            if (held is null || held.Expires != expires)
            {
                _expiries.Remove((expires, name));
                continue;
            }

            names.AddRange(_expiries
                .TakeWhile(e => e.Expires + core.Delta < time)
                .Where(e => core.Chain.State.Find(e.Name)?.Expires == e.Expires)
                .Select(e => e.Name)
                .Take(SealLimits.NewChanges));
            break;
        }

        return names;
    }
}
