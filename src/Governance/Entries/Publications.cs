namespace Fairlead.Governance;

/// <summary>Who waits for which accepted entry to be sealed.</summary>
internal sealed class Publications
{
    private readonly Dictionary<EntryName, List<(long Token, Entry Entry)>> _waiting = [];
    private readonly Dictionary<long, EntryName> _names = [];

    internal void Add(long token, Entry entry)
    {
        if (!_waiting.TryGetValue(entry.Name, out var list))
        {
            _waiting.Add(entry.Name, list = []);
        }

        list.Add((token, entry));
        _names[token] = entry.Name;
    }

    internal void Forget(long token)
    {
        if (_names.Remove(token, out var name) && _waiting.TryGetValue(name, out var list))
        {
            list.RemoveAll(w => w.Token == token);
            Trim(name, list);
        }
    }

    /// <summary>Tells those whose entry, or a greater one, a certified state holds.</summary>
    /// <param name="state">The newest certified state.</param>
    /// <param name="seal">Its seal.</param>
    /// <param name="changed">The names to look at; null for all.</param>
    /// <param name="output">Where the fates go.</param>
    internal void Settle(
        LeafState state, Naming.Seal seal, IReadOnlyList<EntryName>? changed, List<SealOutput> output)
    {
        foreach (var name in changed ?? [.. _waiting.Keys.Order()])
        {
            if (state.Find(name) is not { } held || !_waiting.TryGetValue(name, out var list))
            {
                continue;
            }

            foreach (var (token, entry) in list.Where(w => !w.Entry.IsAbove(held)))
            {
                output.Add(entry.Digest == held.Digest
                    ? new SealOutput.Sealed(token, seal.Epoch, seal.Seq)
                    : new SealOutput.Superseded(token, seal.Epoch, seal.Seq));
                _names.Remove(token);
            }

            list.RemoveAll(w => !w.Entry.IsAbove(held));
            Trim(name, list);
        }
    }

    /// <summary>All who wait, and for what.</summary>
    internal IReadOnlyList<(long Token, SignedEntry Entry)> All() =>
        [.. _waiting.OrderBy(w => w.Key).SelectMany(w => w.Value).Select(w => (w.Token, w.Entry.Source))];

    /// <summary>The names that someone waits for.</summary>
    internal IEnumerable<EntryName> Names => _waiting.Keys.Order();

    /// <summary>The accepted entries of a name that someone waits for.</summary>
    internal IReadOnlyList<Entry> Waiting(EntryName name) =>
        _waiting.TryGetValue(name, out var list) ? [.. list.Select(w => w.Entry)] : [];

    /// <summary>Tells those whose entry can no longer be sealed.</summary>
    internal void Refuse(Entry entry, Naming.Refusal refusal, List<SealOutput> output)
    {
        if (!_waiting.TryGetValue(entry.Name, out var list))
        {
            return;
        }

        foreach (var (token, _) in list.Where(w => w.Entry.Digest == entry.Digest))
        {
            output.Add(new SealOutput.Refused(token, refusal));
            _names.Remove(token);
        }

        list.RemoveAll(w => w.Entry.Digest == entry.Digest);
        Trim(entry.Name, list);
    }

    private void Trim(EntryName name, List<(long Token, Entry Entry)> list)
    {
        if (list.Count == 0)
        {
            _waiting.Remove(name);
        }
    }
}
