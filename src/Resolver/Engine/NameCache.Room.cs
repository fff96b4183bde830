using Fairlead.Naming;
using Fairlead.Resolver.Sets;

namespace Fairlead.Resolver;

/// <content>Bounded memory: how many names, how many bytes, and which of them goes first.</content>
public sealed partial class NameCache
{
    private const int TurnedAwayMax = 1024;
    private const int AgainMax = 16;

    // Without the names that are always kept; the second holds those alone that have bytes, since no other one makes
    // room for any.
    private readonly LeavingOrder _leaving;
    private readonly LeavingOrder _leavingForBytes;

    // For which there was no room, with when each is asked for again, the one that has waited the longest first.
    private readonly OrderedDictionary<string, long> _turnedAway = new(StringComparer.Ordinal);
    private long _bytes;

    // Those that are kept as parts of others.
    private int _parts;
    private long _partBytes;
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
            var order = _entries.Count >= _options.NamesMax ? _leaving : _leavingForBytes;
            if (order.Next(null, mayGrownLeave: false) is not { } oldest)
            {
                return false;
            }

            GiveUp(oldest);
        }

        // Whichever way it came, it waits for room no more.
        _turnedAway.Remove(entry.Name);
        _entries.Add(entry.Name, entry);
        _bytes += entry.Bytes;
        Touch(entry);
        return true;
    }

    // Which names are kept may have changed since it was wanted last.
    private void Touch(NameEntry entry)
    {
        _wants++;
        LeaveShare(entry);
        entry.IsKept = _options.IsKept(entry.Name) || JoinShare(entry);
        Place(entry);
    }

    private bool JoinShare(NameEntry entry)
    {
        entry.IsKeptAsPart = _parts < _options.NamesMax / 2 && _partBytes + entry.Bytes <= _options.BytesMax / 2
            && _options.IsKeptPart(entry.Name);
        if (entry.IsKeptAsPart)
        {
            _parts++;
            _partBytes += entry.Bytes;
        }

        return entry.IsKeptAsPart;
    }

    private void LeaveShare(NameEntry entry)
    {
        if (entry.IsKeptAsPart)
        {
            _parts--;
            _partBytes -= entry.Bytes;
            (entry.IsKept, entry.IsKeptAsPart) = (false, false);
        }
    }

    private void Place(NameEntry entry)
    {
        Displace(entry);
        if (!entry.IsKept)
        {
            entry.Place = _leaving.Add(entry, _wants);
            entry.PlaceForBytes = entry.Bytes > 0 ? _leavingForBytes.Add(entry, _wants) : null;
        }
    }

    private static void Displace(NameEntry entry)
    {
        LeavingOrder.Remove(entry.Place);
        LeavingOrder.Remove(entry.PlaceForBytes);
        (entry.Place, entry.PlaceForBytes) = (null, null);
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
            if (entry.Place is not null)
            {
                _wants++;
                Place(entry);
            }
        }
    }

    /// <summary>Charges an entry with its newest answer, and makes room for it where that is needed.</summary>
    /// <returns>False where the entry itself had to go.</returns>
    private bool Charge(NameEntry entry, long bytes)
    {
        _bytes += bytes - entry.Bytes;
        _partBytes += entry.IsKeptAsPart ? bytes - entry.Bytes : 0;
        entry.Bytes = bytes;
        if (entry.IsKeptAsPart && _partBytes > _options.BytesMax / 2)
        {
            LeaveShare(entry);
            _wants++;
            Place(entry);
        }

        if (!entry.IsKept && (bytes > 0) != (entry.PlaceForBytes is not null))
        {
            LeavingOrder.Remove(entry.PlaceForBytes);
            entry.PlaceForBytes = bytes > 0 ? _leavingForBytes.Add(entry, _wants) : null;
        }

        while (_bytes > _options.BytesMax && _leavingForBytes.Next(entry, entry.PlaceForBytes is not null) is { } next)
        {
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
        LeaveShare(entry);
        _bytes -= entry.Bytes;
        _anchors.Detach(entry);
        Displace(entry);
        LeaveLine(entry);
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
