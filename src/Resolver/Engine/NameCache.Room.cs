using Fairlead.Naming;
using Fairlead.Resolver.Sets;

namespace Fairlead.Resolver;

/// <content>Bounded memory: how many names, how many bytes, and which of them goes first.</content>
public sealed partial class NameCache
{
    private const int TurnedAwayMax = 1024;
    private const int AgainMax = 16;

    // Each from the one that was wanted the longest ago to the last; without the names that are always kept. Where
    // there are many that never had a record they go before those that had: who makes names up puts out few others.
    private readonly LinkedList<NameEntry> _bare = new();
    private readonly LinkedList<NameEntry> _proven = new();

    // For which there was no room, with when each is asked for again, the one that has waited the longest first.
    private readonly OrderedDictionary<string, long> _turnedAway = new(StringComparer.Ordinal);
    private long _bytes;
    private long _now;
    private long _wants;

    /// <summary>How many bytes of answers are held, by the sizes that they were accepted with.</summary>
    public long Bytes => _bytes;

    /// <summary>Takes an entry in, if need be in the place of others.</summary>
    /// <returns>False where there is no room that may be taken.</returns>
    private bool Admit(NameEntry entry)
    {
        while (_entries.Count >= _options.NamesMax || _bytes + entry.Bytes > _options.BytesMax)
        {
            if (NextToGo(null) is not { } oldest)
            {
                return false;
            }

            GiveUp(oldest);
        }

        _entries.Add(entry.Name, entry);
        _bytes += entry.Bytes;
        Touch(entry);
        return true;
    }

    private void Touch(NameEntry entry)
    {
        entry.Place?.List!.Remove(entry.Place);

        entry.WantedAs = ++_wants;

        // Which names are kept may have changed since it was wanted last.
        entry.Place = _options.IsKept(entry.Name) ? null : ListOf(entry).AddLast(entry);
    }

    // Whoever wants a Set uses its members, and says nothing of them.
    private void WantMembers(NameEntry entry, CacheTime now)
    {
        if (entry.Answer?.Set is { } set)
        {
            var host = FullName.Parse(entry.Name).Service?.Host;
            foreach (var member in set.Members)
            {
                if (SetBook.NameOf(member, host) is not { } name)
                {
                    continue;
                }

                if (_entries.TryGetValue(name, out var part))
                {
                    Touch(part);
                }
                else if (_turnedAway.ContainsKey(name))
                {
                    // Any other one may yet come from what was kept over a restart.
                    OnWant(name, now);
                }
            }
        }
    }

    private void Prove(NameEntry entry)
    {
        if (!entry.IsProven)
        {
            entry.IsProven = true;
            if (entry.Place is { } place)
            {
                _bare.Remove(place);
                entry.WantedAs = ++_wants;
                _proven.AddLast(place);
            }
        }
    }

    private LinkedList<NameEntry> ListOf(NameEntry entry) => entry.IsProven ? _proven : _bare;

    /// <summary>Charges an entry with its newest answer, and makes room for it where that is needed.</summary>
    /// <returns>False where the entry itself had to go.</returns>
    private bool Charge(NameEntry entry, long bytes)
    {
        _bytes += bytes - entry.Bytes;
        entry.Bytes = bytes;
        while (_bytes > _options.BytesMax && NextToGo(entry) is { } next)
        {
            GiveUp(next);
            if (next == entry)
            {
                return false;
            }
        }

        return true;
    }

    // The one that grew goes last: whoever wants it now wants it more than those before it.
    private NameEntry? NextToGo(NameEntry? grown)
    {
        var (bare, proven) = (FirstBut(_bare, grown), FirstBut(_proven, grown));
        return bare is null || proven is null ? bare ?? proven ?? (grown?.Place is null ? null : grown)
            : _bare.Count >= _options.BareMax || bare.WantedAs < proven.WantedAs ? bare
            : proven;
    }

    private static NameEntry? FirstBut(LinkedList<NameEntry> list, NameEntry? grown) =>
        (list.First?.Value == grown ? list.First?.Next : list.First)?.Value;

    private void Remove(NameEntry entry)
    {
        _entries.Remove(entry.Name);
        _bytes -= entry.Bytes;
        _anchors.Detach(entry);
        entry.Place?.List!.Remove(entry.Place);
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
            $"{_options.NamesMax} names or {_options.BytesMax} bytes are held; ask for fewer") { IsOfNameAlone = true },
    };
}
