using System.Collections.Immutable;
using Fairlead.Naming;
using Fairlead.Naming.Tree;

namespace Fairlead.Governance;

/// <summary>
/// The state that a seal certifies: the op-made leaves of its epoch, one entry per published name, and the Witnesses of
/// other segments' seals. A change shares everything else with the state before it. Immutable, thread-safe.
/// </summary>
public sealed class LeafState
{
    // A set and not a dictionary: only a set finds the place of a name in less than a walk from the start.
    private readonly ImmutableSortedSet<Slot> _entries;

    private LeafState(ImmutableSortedSet<Slot> entries, SparseTree tree)
    {
        _entries = entries;
        Tree = tree;
    }

    private readonly record struct Slot(EntryName Name, Entry? Entry);

    /// <summary>Op-made leaves and entries.</summary>
    public SparseTree Tree { get; }

    /// <summary>The entries, Witnesses among them, ascending by name.</summary>
    public IEnumerable<Entry> Entries => _entries.Select(slot => slot.Entry!);

    /// <summary>How many entries there are.</summary>
    public int EntryCount => _entries.Count;

    /// <summary>The Witnesses, ascending by segment; a look at them costs O(log n).</summary>
    public IEnumerable<Entry> Witnesses =>
        After(new EntryName(LeafClass.Witness, "")).TakeWhile(entry => entry.IsWitness);

    /// <summary>The state of an epoch before anything was published.</summary>
    /// <param name="operationMade">The tree of the epoch's op-made leaves.</param>
    public static LeafState Start(SparseTree operationMade) =>
        new(ImmutableSortedSet.Create<Slot>(ByName.Instance), operationMade);

    /// <summary>The entry of a name, or null.</summary>
    public Entry? Find(EntryName name) =>
        _entries.TryGetValue(new Slot(name, null), out var slot) ? slot.Entry : null;

    /// <summary>The next entries behind a name, ascending.</summary>
    /// <param name="after">Where the page before ended; null for the first.</param>
    /// <param name="limit">The most entries to return.</param>
    public IReadOnlyList<Entry> Page(EntryName? after, int limit) => [.. After(after).Take(limit)];

    /// <summary>The entries behind a name, ascending: the first costs O(log n), wherever it is.</summary>
    /// <param name="after">The name; null for all entries.</param>
    public IEnumerable<Entry> After(EntryName? after)
    {
        var index = after is { } name ? _entries.IndexOf(new Slot(name, null)) : -1;

        // A name that is not there has the complement of the place where it would be.
        for (var at = index >= 0 ? index + 1 : after is null ? 0 : ~index; at < _entries.Count; at++)
        {
            yield return _entries[at].Entry!;
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
            tree = Remove(name, null, entries, tree);
        }

        foreach (var put in puts)
        {
            tree = Remove(put.Name, put.Key, entries, tree);
            entries.Add(new Slot(put.Name, put));
            tree = tree.Put(put.Key, put.Commitment);
        }

        return new LeafState(entries.ToImmutable(), tree);
    }

    // A leaf that the entry in its place keeps stays in the tree: putting it is one change and not two.
    private static SparseTree Remove(
        EntryName name,
        Digest? kept,
        ImmutableSortedSet<Slot>.Builder entries,
        SparseTree tree)
    {
        if (!entries.TryGetValue(new Slot(name, null), out var slot))
        {
            return tree;
        }

        entries.Remove(slot);
        return slot.Entry!.Key == kept ? tree : tree.Remove(slot.Entry.Key);
    }

    /// <summary>
    /// Whether every entry of another state meets an equal or greater one here or may be dropped at t; otherwise the
    /// first that does not. Witnesses are outside this order.
    /// </summary>
    internal Entry? FirstNotDominated(LeafState other, long time, long delta) =>
        other.Entries.FirstOrDefault(e =>
            !e.IsWitness && !e.IsDroppable(time, delta) && (Find(e.Name) is not { } mine || e.IsAbove(mine)));

    private sealed class ByName : IComparer<Slot>
    {
        internal static readonly ByName Instance = new();

        public int Compare(Slot x, Slot y) => x.Name.CompareTo(y.Name);
    }
}
