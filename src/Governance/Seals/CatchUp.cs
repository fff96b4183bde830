using Fairlead.Naming;

namespace Fairlead.Governance;

/// <summary>
/// Brings this anchor to a certified state that it did not see proposed, and serves others so. Whoever answers is
/// believed in nothing: the recomputed root must be the certified one.
/// </summary>
internal sealed class CatchUp(SealCore core)
{
    private readonly Dictionary<EntryName, Entry> _pages = [];
    private Envelope? _certificate;
    private StateClaim? _target;
    private EntryName? _after;
    private string _source = "";
    private long _begun;
    private long _asked;
    private long? _rests;
    private int _refused;

    // The newest that came while another was on its way.
    private (string From, Envelope Certificate, StateClaim Seal)? _later;

    /// <summary>When to ask someone else, by the clock that never goes back.</summary>
    internal long? Deadline => _target is null ? null : _rests ?? _asked + (2 * core.Turns.BaseTurn);

    /// <summary>A certificate that is newer than the state in hand.</summary>
    internal void Want(string from, Envelope certificate, StateClaim seal)
    {
        if (_target is { } present && (present.Seq >= seal.Seq || IsKept(present)))
        {
            _later = seal.Seq > Math.Max(present.Seq, _later?.Seal.Seq ?? 0) ? (from, certificate, seal) : _later;
            return;
        }

        Restart(certificate, seal);
        if (_rests is null)
        {
            Ask(from);
        }
    }

    /// <summary>
    /// Asks another anchor where the one asked kept silent; gives up what is certified in hand meanwhile.
    /// </summary>
    internal void Advance()
    {
        if (_target is { } target && target.Seq <= core.Chain.Seq)
        {
            Stop();
        }

        if (_target is null && _later is { } later)
        {
            _later = null;
            if (later.Seal.Seq > core.Chain.Seq)
            {
                Restart(later.Certificate, later.Seal);
                Ask(later.From);
            }
        }

        if (Deadline <= core.Elapsed)
        {
            _rests = null;
            StartOver();
            Ask(NextSource());
        }
    }

    /// <summary>
    /// A part of a state; the certified state once it is whole and right, with the names that changed.
    /// </summary>
    internal (CertifiedCandidate State, IReadOnlyList<EntryName>? Changed)? Receive(string from, SealMessage.State part)
    {
        if (_target is not { } target || _rests is not null || from != _source || !Matches(part, target))
        {
            return null;
        }

        if (part.Puts.Count + part.Drops.Count > SealLimits.Changes || _pages.Count > _target!.Count)
        {
            Refuse(from, new Refusal(VerificationFailure.TooLarge, "state", "more entries than the seal counts"));
            return null;
        }

        foreach (var source in part.Puts)
        {
            if (core.Reader.ReadHeld(source, out var entry) is { } refusal)
            {
                Refuse(from, refusal);
                return null;
            }

            _pages[entry!.Name] = entry;
        }

        if (part.Base is null && part.More)
        {
            if (part.Puts.Count == 0)
            {
                Refuse(from, new Refusal(VerificationFailure.BadEnvelope, "state", "an empty page before the last"));
                return null;
            }

            _after = _pages.Keys.Max();
            Ask(from);
            return null;
        }

        return Complete(from, part);
    }

    /// <summary>Answers another anchor's question as far as the history goes.</summary>
    internal void Serve(string to, SealMessage.Fetch fetch)
    {
        if ((core.Chain.Certified(fetch.Seal) ?? core.Chain.Newest) is not { } target)
        {
            return;
        }

        Digest? have = fetch.Have == default ? null : fetch.Have;
        if (fetch.After is null && core.Chain.Between(have, target) is { } path
            && path.Sum(c => c.Candidate.Puts.Count + c.Candidate.Drops.Count) <= SealLimits.Changes
            && Changes(fetch.Have, target, path) is { } changes)
        {
            core.Send(to, changes);
            return;
        }

        var rest = target.Candidate.State.Page(fetch.After, SealLimits.EntriesPerMessage + 1).ToList();
        var page = EntryPages.First(rest);
        core.Send(to, new SealMessage.State(
            core.Turns.Term, target.Certificate, null, page, [], page.Count < rest.Count));
    }

    /// <summary>What changed on the path; null where that is more than a message holds.</summary>
    private SealMessage.State? Changes(Digest have, CertifiedCandidate target, IReadOnlyList<CertifiedCandidate> path)
    {
        var puts = new SortedDictionary<EntryName, Entry>();
        var drops = new SortedSet<EntryName>();
        foreach (var step in path)
        {
            foreach (var drop in step.Candidate.Drops)
            {
                puts.Remove(drop);
                drops.Add(drop);
            }

            foreach (var put in step.Candidate.Puts)
            {
                puts[put.Name] = put;
                drops.Remove(put.Name);
            }
        }

        return puts.Values.Sum(put => (long)put.Bytes) > SealLimits.MessageBytes
            ? null
            : new SealMessage.State(
                core.Turns.Term, target.Certificate, have, [.. puts.Values.Select(p => p.Source)], [.. drops], false);
    }

    // What was asked for is read to the end, and what came after it follows as changes: while much is published the
    // newest would never be whole. No longer than who shows it just in time needs; who has it no more shows the newest
    // instead. How far the numbers are apart says nothing: a leader may skip as many as it likes.
    private bool IsKept(StateClaim present) =>
        _rests is null
        && core.Elapsed - _begun <= 2 * core.Turns.BaseTurn * (1 + (present.Count / SealLimits.EntriesPerMessage));

    /// <summary>Whether the part is of the wanted state; a newer certificate takes its place as the target.</summary>
    private bool Matches(SealMessage.State part, StateClaim target)
    {
        if (!StateClaim.TryParse(part.Seal.Payload, out var seal, out _))
        {
            return false;
        }

        if (seal.Digest == target.Digest)
        {
            return true;
        }

        if (seal.Epoch != core.Epoch || seal.Seq < target.Seq
            || core.Quorum.CheckCertificate(part.Seal, seal.Digest) is not null)
        {
            return false;
        }

        // Pages of another state start over, unless this is its first.
        var first = _after is null;
        Restart(part.Seal, seal);
        if (part.Base is null && !first)
        {
            Ask(_source);
            return false;
        }

        return true;
    }

    private (CertifiedCandidate State, IReadOnlyList<EntryName>? Changed)? Complete(
        string from, SealMessage.State part)
    {
        var target = _target!;
        var isChange = part.Base is not null;
        if (isChange && part.Base != (core.Chain.Head ?? default(Digest)))
        {
            _pages.Clear();
            return null;
        }

        var start = isChange ? core.Chain.State : LeafState.Start(core.OperationTree);
        var drops = isChange ? part.Drops : [];
        var puts = _pages.Values.OrderBy(e => e.Name).ToList();
        var state = start.Apply(puts, drops);
        if (state.Tree.Root != target.Root || state.Tree.Count != target.Count)
        {
            Refuse(from, new Refusal(VerificationFailure.RootMismatch, "state", $"recomputed {state.Tree.Root}"));
            return null;
        }

        var candidate = new Candidate(
            target, state, isChange ? core.Chain.Head : null, !isChange, puts, drops, core.Elapsed);
        var certified = new CertifiedCandidate(_certificate!, candidate);
        Stop();
        return (certified, isChange ? [.. puts.Select(p => p.Name), .. drops] : null);
    }

    /// <summary>
    /// Whoever lies is passed over at once. What comes from everybody, as entries that this version does not know, is
    /// asked for ever more rarely until a state is whole, whatever is certified in between.
    /// </summary>
    private void Refuse(string from, Refusal refusal)
    {
        core.Emit(new SealOutput.Ignored(from, refusal));
        StartOver();
        var rounds = ++_refused - (core.Quorum.Members.Length - 1);
        if (rounds < 0)
        {
            Ask(NextSource());
        }
        else
        {
            _rests = core.Elapsed + Math.Min(core.Turns.BaseTurn << Math.Min(rounds, 7), SealLimits.LongestTurn);
        }
    }

    private void Restart(Envelope certificate, StateClaim seal)
    {
        _certificate = certificate;
        _target = seal;
        _begun = core.Elapsed;
        _after = null;
        _pages.Clear();
    }

    // Nothing is in hand: the newest is as near as any.
    private void StartOver()
    {
        var isLater = _later?.Seal.Seq > _target!.Seq;
        Restart(isLater ? _later!.Value.Certificate : _certificate!, isLater ? _later!.Value.Seal : _target);
        _later = null;
    }

    private void Stop()
    {
        _target = null;
        _certificate = null;
        _after = null;
        _rests = null;
        _refused = 0;
        _pages.Clear();
    }

    private void Ask(string source)
    {
        _source = source;
        _asked = core.Elapsed;
        core.Send(source, new SealMessage.Fetch(
            core.Turns.Term, _target!.Digest, core.Chain.Head ?? default(Digest), _after));
    }

    private string NextSource()
    {
        var others = core.Quorum.Members.Where(m => m.Id != core.Self).Select(m => m.Id).ToList();
        return others[(others.IndexOf(_source) + 1) % others.Count];
    }
}
