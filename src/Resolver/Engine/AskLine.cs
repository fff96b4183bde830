namespace Fairlead.Resolver;

/// <summary>
/// The names of one segment that are asked for, and those that wait for their turn: what has nothing to serve and what
/// is to be renewed in turn, each in the order in which it came. Not thread-safe: one cache owns it.
/// </summary>
/// <param name="segment">The segment's name; that of Sets is one too.</param>
/// <param name="places">How many may be asked for at once.</param>
internal sealed class AskLine(string segment, int places)
{
    private readonly LinkedList<NameEntry> _first = [];
    private readonly LinkedList<NameEntry> _renewals = [];
    private int _taken;
    private bool _isRenewalsTurn;

    internal string Segment { get; } = segment;

    /// <summary>Whether somebody waits who may be asked for.</summary>
    internal bool HasNext => !IsFull && _first.Count + _renewals.Count > 0;

    /// <summary>Whether who comes now waits.</summary>
    internal bool IsFull => _taken >= places;

    /// <summary>Whether nobody is asked for or waits.</summary>
    internal bool IsEmpty => _taken == 0 && _first.Count + _renewals.Count == 0;

    /// <summary>Takes a place; false where there is none, and the name waits then.</summary>
    internal bool TryTake(NameEntry entry)
    {
        if (entry.HasPlace)
        {
            return true;
        }

        if (IsFull)
        {
            entry.Waiting ??= (entry.IsLiving ? _renewals : _first).AddLast(entry);
            return false;
        }

        Leave(entry);
        entry.HasPlace = true;
        _taken++;
        return true;
    }

    /// <summary>It is asked for no more, and waits no more.</summary>
    internal void Leave(NameEntry entry)
    {
        if (entry.HasPlace)
        {
            entry.HasPlace = false;
            _taken--;
        }

        entry.Waiting?.List?.Remove(entry.Waiting);
        entry.Waiting = null;
    }

    /// <summary>The next that waits, where there is a place; it waits no more.</summary>
    internal NameEntry? Next()
    {
        if (!HasNext)
        {
            return null;
        }

        _isRenewalsTurn = _first.Count == 0 || (!_isRenewalsTurn && _renewals.Count > 0);
        var next = (_isRenewalsTurn ? _renewals : _first).First!.Value;
        Leave(next);
        return next;
    }
}
