using Fairlead.Naming;

namespace Fairlead.Resolver;

/// <content>Bounded memory: how many names, how many bytes, and which of them goes first.</content>
public sealed partial class NameCache
{
    private const int TurnedAwayMax = 1024;
    private const int AgainMax = 16;

    // From the one that was wanted the longest ago to the last; without the names that are always kept.
    private readonly LinkedList<NameEntry> _wanted = new();

    // For which there was no room, with when each is asked for again, the one that has waited the longest first.
    private readonly OrderedDictionary<string, long> _turnedAway = new(StringComparer.Ordinal);
    private long _bytes;
    private long _now;

    /// <summary>How many bytes of answers are held, by the sizes that they were accepted with.</summary>
    public long Bytes => _bytes;

    /// <summary>Takes an entry in, if need be in the place of others.</summary>
    /// <returns>False where there is no room that may be taken.</returns>
    private bool Admit(NameEntry entry)
    {
        while (_entries.Count >= _options.NamesMax || _bytes + entry.Bytes > _options.BytesMax)
        {
            if (_wanted.First is not { } oldest)
            {
                return false;
            }

            GiveUp(oldest.Value);
        }

        _entries.Add(entry.Name, entry);
        _bytes += entry.Bytes;
        Touch(entry);
        return true;
    }

    private void Touch(NameEntry entry)
    {
        if (entry.Place is { } place)
        {
            _wanted.Remove(place);
        }

        // Which names are kept may have changed since it was wanted last.
        entry.Place = _options.IsKept(entry.Name) ? null : _wanted.AddLast(entry);
    }

    /// <summary>Charges an entry with its newest answer, and makes room for it where that is needed.</summary>
    /// <returns>False where the entry itself had to go.</returns>
    private bool Charge(NameEntry entry, long bytes)
    {
        _bytes += bytes - entry.Bytes;
        entry.Bytes = bytes;
        while (_bytes > _options.BytesMax && _wanted.First is { } oldest)
        {
            // The one that grew goes last: whoever wants it now wants it more than those before it in the list.
            var next = oldest.Value == entry && oldest.Next is { } other ? other.Value : oldest.Value;
            GiveUp(next);
            if (next == entry)
            {
                return false;
            }
        }

        return true;
    }

    private void Remove(NameEntry entry)
    {
        _entries.Remove(entry.Name);
        _bytes -= entry.Bytes;
        _anchors.Detach(entry);
        if (entry.Place is { } place)
        {
            _wanted.Remove(place);
        }

        entry.End();
    }

    private bool HasRoom => _entries.Count < _options.NamesMax && _bytes < _options.BytesMax;

    // Whoever uses it does not want it anew: it is asked for again once there is room that nobody has to leave for it,
    // and not at once, since the room may be what it does not fit into.
    private void Remember(string name)
    {
        if (!_turnedAway.ContainsKey(name))
        {
            if (_turnedAway.Count >= TurnedAwayMax)
            {
                _turnedAway.RemoveAt(0);
            }

            _turnedAway.Add(name, _now + _options.BackoffMax);
        }
    }

    private void AskAgain(CacheTime now)
    {
        for (var i = 0; i < AgainMax && HasRoom && _turnedAway.Count > 0 && _turnedAway.GetAt(0).Value <= _now; i++)
        {
            OnWant(_turnedAway.GetAt(0).Key, now);
        }
    }

    // Whoever still wants it is told why it is gone, and gets it again by wanting it again, or when there is room.
    private void GiveUp(NameEntry entry)
    {
        Remove(entry);
        Remember(entry.Name);
        _outputs.Add(new CacheOutput.Evict(entry.Name));
        _outputs.Add(new CacheOutput.Changed(TurnedAway(entry.Name, entry.LastRecord).View()));
    }

    private NameEntry TurnedAway(string name, Record? last) => new(name)
    {
        State = NameState.Unreachable,
        LastRecord = last,
        Failure = new Refusal(
            VerificationFailure.BudgetExceeded,
            name,
            $"{_options.NamesMax} names or {_options.BytesMax} bytes are held; ask for fewer"),
    };
}
