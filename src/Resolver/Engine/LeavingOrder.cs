namespace Fairlead.Resolver;

/// <summary>
/// Names in the order in which they have to leave: those that were wanted the longest ago first, and where there are
/// many that never had a record, these before those that had: who makes names up puts out few others. Not thread-safe.
/// </summary>
/// <param name="bareMax">How many without a record are many.</param>
internal sealed class LeavingOrder(int bareMax)
{
    private readonly LinkedList<Seat> _bare = new();
    private readonly LinkedList<Seat> _proven = new();

    /// <summary>Puts a name behind all of its kind.</summary>
    /// <param name="entry">The name.</param>
    /// <param name="wantedAs">Which want of all it was wanted by last.</param>
    internal LinkedListNode<Seat> Add(NameEntry entry, long wantedAs) =>
        (entry.IsProven ? _proven : _bare).AddLast(new Seat(entry, wantedAs));

    /// <summary>Takes a name out; null for one that is in none.</summary>
    internal static void Remove(LinkedListNode<Seat>? place) => place?.List?.Remove(place);

    /// <summary>The next to leave, with the one that grew last: whoever wants it now wants it more than those before
    /// it.</summary>
    /// <returns>Null where nobody may have to.</returns>
    internal NameEntry? Next(NameEntry? grown, bool mayGrownLeave)
    {
        var (bare, proven) = (FirstBut(_bare, grown), FirstBut(_proven, grown));
        return bare is null || proven is null ? bare?.Entry ?? proven?.Entry ?? (mayGrownLeave ? grown : null)
            : _bare.Count >= bareMax || bare.Value.WantedAs < proven.Value.WantedAs ? bare.Value.Entry
            : proven.Value.Entry;
    }

    private static Seat? FirstBut(LinkedList<Seat> list, NameEntry? grown) =>
        (list.First is { } first && first.Value.Entry == grown ? first.Next : list.First)?.Value;

    /// <summary>A place in the order.</summary>
    internal readonly record struct Seat(NameEntry Entry, long WantedAs);
}
