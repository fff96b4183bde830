namespace Fairlead.Governance;

/// <summary>
/// Which seals of other segments the leader witnesses. They ride on heartbeats, so that neighbours do not wake each
/// other, and cost no liveness: after an attempt that failed the heartbeat goes without them, and what a refusal named
/// waits. Where changes leave no heartbeat they have a seal of their own as often as that, when no change waits.
/// </summary>
internal sealed class WitnessChoice(SealCore core)
{
    private readonly Dictionary<EntryName, long> _paused = [];
    private readonly HashSet<EntryName> _doubted = [];
    private bool _bare;
    private long _since;

    /// <summary>From when on they do not wait for the heartbeat any more, by the clock that never goes back.</summary>
    internal long Due => core.Witnesses is null ? SealCore.Never : _since + core.Heartbeat;

    /// <summary>A term begins.</summary>
    internal void Start() => _since = core.Elapsed;

    /// <summary>The witnesses to put and to drop with a heartbeat; none after a failed attempt.</summary>
    internal void Choose(List<Entry> puts, List<EntryName> drops)
    {
        _since = core.Elapsed;
        if (_bare)
        {
            return;
        }

        var time = Math.Max(core.Now, core.Chain.Issued);
        var state = core.Chain.State;
        foreach (var seen in core.Witnesses?.Seen ?? [])
        {
            if (puts.Count < SealLimits.WitnessesPerSeal && Fresh(seen, state, time) is { } entry
                && !puts.Exists(put => put.Name == entry.Name))
            {
                puts.Add(entry);
            }
        }

        drops.AddRange(state.Witnesses
            .Where(held => held.IsDroppable(time, core.Delta) && !puts.Exists(put => put.Name == held.Name))
            .Select(held => held.Name));
        var room = SealLimits.Witnesses - state.Witnesses.Count() + drops.Count;
        foreach (var put in puts.Where(put => state.Find(put.Name) is null).Skip(Math.Max(0, room)).ToList())
        {
            puts.Remove(put);
        }
    }

    /// <summary>A refusal of a proposal names witnesses that its sender cannot check.</summary>
    internal void Doubted(Proposal slot, IEnumerable<SignedEntry> named)
    {
        foreach (var one in named.Take(SealLimits.WitnessesPerSeal))
        {
            _doubted.UnionWith(slot.Candidate.Puts
                .Where(put => put.IsWitness && put.Leaf.Span.SequenceEqual(one.Document.Payload.Span))
                .Select(put => put.Name));
        }
    }

    /// <summary>A slot is given up: where it held witnesses, the next goes without.</summary>
    internal void Failed(Proposal slot)
    {
        if (!slot.HasWitnesses)
        {
            return;
        }

        _bare = true;
        foreach (var over in _paused.Where(one => one.Value <= core.Elapsed).ToList())
        {
            _paused.Remove(over.Key);
        }

        foreach (var name in _doubted)
        {
            _paused[name] = core.Elapsed + SealLimits.WitnessPause;
        }

        _doubted.Clear();
    }

    /// <summary>A seal is certified: the next heartbeat may bear witness again.</summary>
    internal void Certified()
    {
        _bare = false;
        _doubted.Clear();
    }

    private Entry? Fresh(SeenSeal seen, LeafState state, long time) =>
        WitnessReader.Make(seen) is { } source
        && WitnessReader.Read(source, core.Reader.KeyOf, out var entry, out var seal) is null
        && entry!.Witness!.Segment != core.Genesis
        && WitnessJudge.Times(entry, seal!.Value, time, core.Delta) is null
        && (state.Find(entry.Name) is not { } held || entry.IsAbove(held)) && !IsPaused(entry.Name)
            ? entry
            : null;

    private bool IsPaused(EntryName name) => _paused.TryGetValue(name, out var until) && core.Elapsed < until;
}
