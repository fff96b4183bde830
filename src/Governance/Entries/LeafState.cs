using System.Collections.Immutable;
using Fairlead.Naming.Tree;

namespace Fairlead.Governance;

/// <summary>
/// The state that a seal certifies: the op-made leaves of its epoch and one entry per published name. A change shares
/// everything else with the state before it. Immutable, thread-safe.
/// </summary>
public sealed class LeafState
{
    private readonly ImmutableSortedDictionary<EntryName, Entry> _entries;

    private LeafState(ImmutableSortedDictionary<EntryName, Entry> entries, SparseTree tree)
    {
        _entries = entries;
        Tree = tree;
    }

    /// <summary>Op-made leaves and entries.</summary>
    public SparseTree Tree { get; }

    /// <summary>The entries, ascending by name.</summary>
    public IEnumerable<Entry> Entries => _entries.Values;

    /// <summary>How many entries there are.</summary>
    public int EntryCount => _entries.Count;

    /// <summary>The state of an epoch before anything was published.</summary>
    /// <param name="operationMade">The tree of the epoch's op-made leaves.</param>
    public static LeafState Start(SparseTree operationMade) =>
        new(ImmutableSortedDictionary<EntryName, Entry>.Empty, operationMade);

    /// <summary>The entry of a name, or null.</summary>
    public Entry? Find(EntryName name) => _entries.GetValueOrDefault(name);

    /// <summary>The next entries behind a name, ascending.</summary>
    /// <param name="after">Where the page before ended; null for the first.</param>
    /// <param name="limit">The most entries to return.</param>
    public IReadOnlyList<Entry> Page(EntryName? after, int limit)
    {
        var page = new List<Entry>();
        foreach (var (name, entry) in _entries)
        {
            if (after is { } start && name <= start)
            {
                continue;
            }

            if (page.Count == limit)
            {
                break;
            }

            page.Add(entry);
        }

        return page;
    }

    /// <summary>This state with some entries put and some names dropped.</summary>
    /// <param name="puts">Entries that take the place of whatever their names held.</param>
    /// <param name="drops">Names whose entries go.</param>
    internal LeafState Apply(IEnumerable<Entry> puts, IEnumerable<EntryName> drops)
    {
        var entries = _entries.ToBuilder();
        var tree = Tree;
        foreach (var name in drops)
        {
            if (entries.Remove(name, out var old))
            {
                tree = tree.Remove(old.Key);
            }
        }

        foreach (var put in puts)
        {
            if (entries.TryGetValue(put.Name, out var old) && old.Key != put.Key)
            {
                tree = tree.Remove(old.Key);
            }

            entries[put.Name] = put;
            tree = tree.Put(put.Key, put.Commitment);
        }

        return new LeafState(entries.ToImmutable(), tree);
    }

    /// <summary>
    /// Whether every entry of another state meets an equal or greater one here or may be dropped at t; otherwise the
    /// first that does not.
    /// </summary>
    internal Entry? FirstNotDominated(LeafState other, long time, long delta) =>
        other.Entries.FirstOrDefault(e =>
            !e.IsDroppable(time, delta) && (Find(e.Name) is not { } mine || e.IsAbove(mine)));
}
