using System.Collections.Immutable;
using Fairlead.Naming.Tree;

namespace Fairlead.Governance;

/// <summary>
/// The state that a seal certifies: the op-made leaves of its epoch and one entry per published name. A change shares
/// everything else with the state before it. Immutable, thread-safe.
/// </summary>
public sealed class LeafState
{
    // A set in place of a dictionary: only that can be entered at a name without a walk from its start.
    private static readonly ImmutableSortedSet<Slot> Empty = ImmutableSortedSet<Slot>.Empty
        .WithComparer(Comparer<Slot>.Create(static (left, right) => left.Name.CompareTo(right.Name)));

    private readonly ImmutableSortedSet<Slot> _entries;

    private LeafState(ImmutableSortedSet<Slot> entries, SparseTree tree)
    {
        _entries = entries;
        Tree = tree;
    }

    /// <summary>Op-made leaves and entries.</summary>
    public SparseTree Tree { get; }

    /// <summary>The entries, ascending by name.</summary>
    public IEnumerable<Entry> Entries => _entries.Select(slot => slot.Entry!);

    /// <summary>How many entries there are.</summary>
    public int EntryCount => _entries.Count;

    /// <summary>The state of an epoch before anything was published.</summary>
    /// <param name="operationMade">The tree of the epoch's op-made leaves.</param>
    public static LeafState Start(SparseTree operationMade) =>
        new(Empty, operationMade);

    /// <summary>The entry of a name, or null.</summary>
    public Entry? Find(EntryName name) =>
        _entries.TryGetValue(new Slot(name, null), out var held) ? held.Entry : null;

    /// <summary>The next entries behind a name, ascending; each costs O(log n), wherever the page begins.</summary>
    /// <param name="after">Where the page before ended, held or not; null for the first.</param>
    /// <param name="limit">The most entries to return.</param>
    public IEnumerable<Entry> Page(EntryName? after, int limit)
    {
        var at = 0;
        if (after is { } name)
        {
            var index = _entries.IndexOf(new Slot(name, null));
            at = index < 0 ? ~index : index + 1;
        }

        for (var left = limit; left > 0 && at < _entries.Count; left--)
        {
            yield return _entries[at++].Entry!;
        }
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
            if (Find(entries, name) is { } old)
            {
                entries.Remove(new Slot(name, old));
                tree = tree.Remove(old.Key);
            }
        }

        foreach (var put in puts)
        {
            if (Find(entries, put.Name) is { } old)
            {
                entries.Remove(new Slot(put.Name, old));
                tree = old.Key == put.Key ? tree : tree.Remove(old.Key);
            }

            entries.Add(new Slot(put.Name, put));
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

    private static Entry? Find(ImmutableSortedSet<Slot>.Builder entries, EntryName name) =>
        entries.TryGetValue(new Slot(name, null), out var held) ? held.Entry : null;

    // Ordered by its name alone; without an entry it is only looked for.
    private readonly record struct Slot(EntryName Name, Entry? Entry);
}
