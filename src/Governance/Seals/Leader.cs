using Fairlead.Naming;

namespace Fairlead.Governance;

/// <summary>
/// The leader's side of a term: cuts a batch as soon as nothing is in flight, merges all that it knows or that a
/// refusal teaches, never retries a slot, and makes certificates of votes (4.3.2 "Leader").
/// </summary>
internal sealed class Leader(SealCore core, Ballot ballot)
{
    private readonly SortedDictionary<long, Proposal> _slots = [];
    private readonly SortedDictionary<EntryName, Entry> _demands = [];
    private readonly WitnessChoice _witnesses = new(core);
    private readonly Dictionary<string, long> _lastOfOthers = new(StringComparer.Ordinal);
    private Proposal? _inFlight;
    private long _term = -1;

    /// <summary>
    /// When the leader must be woken, by the clock that never goes back: its slot fails, a heartbeat is due, or its
    /// next number becomes allowed.
    /// </summary>
    internal long? Deadline { get; private set; }

    private bool Leads => core.Turns.Leader == core.Self && !core.Halted
        && (!core.Fenced || core.IgnoresFence || core.Successor is not null) && !core.Closed
            && core.Chain.Handover is null && core.Chain.IsGrounded;

    /// <summary>The turn of a slot: half of T0, so that a leader tries twice before the others lose patience.</summary>
    private long SlotTurn => Math.Max(SealLimits.ShortestTurn / 2, core.Turns.Turn / 2);

    /// <summary>
    /// Proposes if there is something to say and nothing in flight; the certificate where one vote is enough.
    /// </summary>
    internal CertifiedCandidate? Advance()
    {
        Deadline = null;
        if (_term != core.Turns.Term)
        {
            _term = core.Turns.Term;
            _witnesses.Start();
            _slots.Clear();
            _demands.Clear();
            _inFlight = null;
        }

        if (!Leads || !core.IsReady)
        {
            return null;
        }

        if (_inFlight is { } slot && core.Elapsed < slot.Sent + SlotTurn)
        {
            Deadline = slot.Sent + SlotTurn;
            return null;
        }

        GiveUp(_inFlight);
        List<EntryName> drops = [];
        var puts = core.HandsOverLess && core.Successor is not null ? [] : Batch(out drops);
        if (puts.Count == 0 && drops.Count == 0 && core.Successor is null)
        {
            var isBeat = core.Elapsed >= core.HeartbeatDue;
            if (isBeat || core.Elapsed >= _witnesses.Due)
            {
                _witnesses.Choose(puts, drops);
            }

            if (!isBeat && puts.Count == 0)
            {
                Deadline = Math.Min(core.HeartbeatDue, _witnesses.Due);
                return null;
            }
        }
        else if (core.Successor is not null)
        {
            drops.AddRange(core.Chain.State.Witnesses.Select(held => held.Name));
        }

        return Propose(puts, drops) is { } proposal ? Count(proposal) : null;
    }

    /// <summary>A vote for one of this term's slots; the certificate if it completes one.</summary>
    internal CertifiedCandidate? Vote(QuorumMember from, SealMessage.Vote vote)
    {
        if (!_slots.TryGetValue(vote.Seq, out var slot) || slot.Candidate.Claim.Digest != vote.Seal
            || slot.Votes.ContainsKey(from.Id))
        {
            return null;
        }

        if (core.Quorum.CheckVote(from, vote.Seal, vote.Signature) is { } refusal)
        {
            core.Emit(new SealOutput.Ignored(from.Id, refusal));
            return null;
        }

        _lastOfOthers[from.Id] = Math.Max(vote.Seq, _lastOfOthers.GetValueOrDefault(from.Id, -1));
        ballot.Keep(from, slot.Candidate.Claim, vote.Signature);
        slot.Votes[from.Id] = vote.Signature;
        return Count(slot);
    }

    /// <summary>
    /// A refusal of the slot in flight. What it teaches is merged; a slot that taught something ends at once, and the
    /// next number is above all that anyone said it signed.
    /// </summary>
    internal void Refused(string from, SealMessage.Refuse refuse, IReadOnlyList<Entry> missing)
    {
        var taught = false;
        foreach (var entry in missing)
        {
            if (!_demands.TryGetValue(entry.Name, out var known) || entry.IsAbove(known))
            {
                _demands[entry.Name] = entry;
                taught = true;
            }
        }

        if (refuse.Last <= core.Now - core.EpochIssued + core.Delta
            && refuse.Last > _lastOfOthers.GetValueOrDefault(from, -1))
        {
            _lastOfOthers[from] = refuse.Last;
            taught |= _inFlight is { } current && refuse.Last >= current.Candidate.Seq;
        }

        if (_inFlight is not { } slot || slot.Candidate.Seq != refuse.Seq || !slot.Refusals.Add(from))
        {
            return;
        }

        // Witnesses cost no slot's time: as soon as too few can still vote, the same goes without them.
        var failed = slot.HasWitnesses && slot.Refusals.Count > core.Quorum.Members.Length - core.Quorum.Threshold;
        if (slot.HasWitnesses)
        {
            _witnesses.Doubted(slot, refuse.Missing.Where(one => one.IsWitness));
        }

        if (taught || failed)
        {
            GiveUp(slot);
        }
    }

    /// <summary>A seal was certified: slots up to it are over.</summary>
    internal void Certified(long seq)
    {
        foreach (var past in _slots.Keys.TakeWhile(s => s <= seq).ToList())
        {
            _slots.Remove(past);
        }

        if (_inFlight is { } slot && slot.Candidate.Seq <= seq)
        {
            _inFlight = null;
        }

        _demands.Clear();
        _witnesses.Certified();
    }

    private void GiveUp(Proposal? slot)
    {
        if (slot is not null)
        {
            _witnesses.Failed(slot);
            _inFlight = null;
        }
    }

    private CertifiedCandidate? Count(Proposal slot) =>
        core.Quorum.Certify(slot.Votes.Values) is { } signatures
            ? new CertifiedCandidate(new Envelope(slot.Candidate.Claim.Payload, signatures), slot.Candidate)
            : null;

    /// <summary>
    /// Signed entries that are not certified all, then the oldest others, as far as the state allows them.
    /// </summary>
    private List<Entry> Batch(out List<EntryName> drops)
    {
        var time = core.Now;
        var chosen = new SortedDictionary<EntryName, Entry>();
        foreach (var entry in core.Signed.Above.Concat(_demands.Values))
        {
            if (EntryRules.CheckTime(entry, time, core.Delta) is null
                && EntryRules.CheckOrder(entry, core.Chain.State.Find(entry.Name)) is null
                && (!chosen.TryGetValue(entry.Name, out var known) || entry.IsAbove(known)))
            {
                chosen[entry.Name] = entry;
            }
        }

        var (merged, mergedBytes) = (chosen.Count, chosen.Values.Sum(entry => (long)entry.Bytes));
        var bytes = 0;
        foreach (var entry in core.Pool.InOrder())
        {
            if (chosen.Count - merged >= SealLimits.NewChanges || chosen.Count >= SealLimits.Changes
                || bytes >= SealLimits.NewBytes
                || (chosen.Count > 0 && mergedBytes + bytes + entry.Bytes > SealLimits.MergedBytes))
            {
                break;
            }

            if (EntryRules.CheckTime(entry, time, core.Delta) is null
                && EntryRules.CheckAgainst(entry, core.Chain.State.Find(entry.Name)) is null
                && (!chosen.TryGetValue(entry.Name, out var known) || entry.IsAbove(known)))
            {
                chosen[entry.Name] = entry;
                bytes += entry.Bytes;
            }
        }

        drops = [.. ballot.Expired(time).Where(n => !chosen.ContainsKey(n)).Take(SealLimits.NewChanges)];
        return [.. chosen.Values];
    }

    private Proposal? Propose(List<Entry> puts, IReadOnlyList<EntryName> drops)
    {
        var known = _lastOfOthers.Values.Append(core.Signed.Last).Append(core.Chain.Seq);
        var seq = known.Append(_slots.Count == 0 ? -1 : _slots.Keys.Last()).Max() + 1;
        if (puts.Exists(p => !p.IsWitness && EntryRules.CheckAgainst(p, core.Chain.State.Find(p.Name)) is not null))
        {
            // Only behind a skipped slot may a merge hold what the prev's state would not admit.
            seq = Math.Max(seq, core.Chain.Seq + 2);
        }

        var time = Math.Max(core.Now, core.Chain.Issued);

        // A number is free only when the clock allows it; half the tolerance may be borrowed, the rest is waited for.
        var earliest = seq + core.EpochIssued - core.Delta;
        time = Math.Max(time, Math.Min(earliest, core.Now + (core.Delta / 2)));
        if (time < earliest || time > core.Now + core.Delta)
        {
            // What is certified may be ahead of a clock that is set right since.
            Deadline = core.Elapsed + Math.Max(1, Math.Max(earliest - time, time - core.Now - core.Delta));
            return null;
        }

        var expires = Math.Min(time + core.Validity, core.EpochExpires);
        if (expires <= time && core.Successor is null)
        {
            return null;
        }

        var state = core.Chain.State.Apply(puts, drops);
        var seal = SealDocuments.Make(core, seq, time, expires, state);
        var candidate = new Candidate(seal, state, core.Chain.Head, false, puts, drops, core.Elapsed);
        core.Chain.Remember(candidate);
        _inFlight = new Proposal(candidate, core.Elapsed);
        _slots[seq] = _inFlight;
        if (_slots.Count > SealLimits.SignaturesPerTerm)
        {
            _slots.Remove(_slots.Keys.First());
        }

        Deadline = core.Elapsed + SlotTurn;
        var message = new SealMessage.Propose(
            core.Turns.Term, seal.Payload, core.NewestCertificate, [.. puts.Select(p => p.Source)], drops);
        ballot.CastOwn(message, _inFlight);
        core.Broadcast(message);
        return _inFlight;
    }
}
