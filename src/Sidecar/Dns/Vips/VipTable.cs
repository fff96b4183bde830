using System.Collections.Immutable;
using System.Net;

namespace Fairlead.Sidecar.Dns;

/// <summary>A name's address. Immutable.</summary>
/// <param name="Name">The service's full name, in lower case.</param>
/// <param name="Address">Its address here.</param>
/// <param name="UsedAt">When it was last given to somebody, in unix milliseconds.</param>
internal sealed record VipEntry(string Name, IPAddress Address, long UsedAt);

/// <summary>
/// Which name has which local address: by hash of the name, then the next free one. A name keeps its address for as
/// long as it is remembered, since clients keep addresses longer than any TTL says. Thread-safe.
/// </summary>
/// <remarks>Invariants: one name, one address; one address, one name; every address lies in the range.</remarks>
internal sealed class VipTable
{
    /// <summary>How long an address is kept for its name when no other is left, in milliseconds: a day.</summary>
    internal const long KeptUnused = 24 * 60 * 60 * 1000;

    private readonly VipRange _range;
    private readonly Lock _gate = new();
    private readonly Dictionary<string, VipEntry> _byName = new(StringComparer.Ordinal);
    private readonly Dictionary<IPAddress, string> _byAddress = [];
    private readonly HashSet<string> _unsaved = new(StringComparer.Ordinal);

    /// <summary>A table that starts from what was saved.</summary>
    /// <param name="range">The addresses to give.</param>
    /// <param name="saved">What an earlier table held. Entries outside of the range, and the later of two that clash,
    /// are left out.</param>
    internal VipTable(VipRange range, IEnumerable<VipEntry> saved)
    {
        _range = range;
        foreach (var entry in saved)
        {
            if (range.Contains(entry.Address) && !_byName.ContainsKey(entry.Name)
                && _byAddress.TryAdd(entry.Address, entry.Name))
            {
                _byName.Add(entry.Name, entry);
            }
        }
    }

    internal VipRange Range => _range;

    /// <summary>Whether it has entries of which it was not yet said that they are saved.</summary>
    internal bool IsUnsaved
    {
        get
        {
            lock (_gate)
            {
                return _unsaved.Count > 0;
            }
        }
    }

    /// <summary>Hears that these are saved, so that their addresses may be told.</summary>
    internal void Saved(ImmutableArray<VipEntry> entries)
    {
        lock (_gate)
        {
            _unsaved.ExceptWith(entries.Select(entry => entry.Name));
        }
    }

    /// <summary>All entries, ascending by name: what to save.</summary>
    internal ImmutableArray<VipEntry> Snapshot()
    {
        lock (_gate)
        {
            return [.. _byName.Values.OrderBy(entry => entry.Name, StringComparer.Ordinal)];
        }
    }

    /// <summary>The name that has an address; null where none has.</summary>
    internal string? NameOf(IPAddress address)
    {
        lock (_gate)
        {
            return _byAddress.GetValueOrDefault(address);
        }
    }

    /// <summary>The address that a name has; null where it has none.</summary>
    internal IPAddress? AddressOf(string name)
    {
        lock (_gate)
        {
            return _byName.GetValueOrDefault(name)?.Address;
        }
    }

    /// <summary>The address that a name has and that may be told, which is used now; null where there is
    /// none.</summary>
    /// <param name="name">A verified service's full name, in lower case.</param>
    /// <param name="now">Unix milliseconds.</param>
    internal IPAddress? TryUse(string name, long now)
    {
        lock (_gate)
        {
            return _byName.TryGetValue(name, out var entry) && !_unsaved.Contains(name)
                ? Use(entry, now).Address
                : null;
        }
    }

    /// <summary>The address of a name, given to it now if it has none: then the table has to be saved before the
    /// address is told to anybody.</summary>
    /// <param name="name">A verified service's full name, in lower case.</param>
    /// <param name="now">Unix milliseconds.</param>
    /// <exception cref="VipExhaustedException">Every address belongs to a name that was used within a day.</exception>
    internal IPAddress Assign(string name, long now)
    {
        lock (_gate)
        {
            if (_byName.TryGetValue(name, out var entry))
            {
                return Use(entry, now).Address;
            }

            entry = new VipEntry(name, FindFree(name) ?? Reclaim(now), now);
            _byName.Add(name, entry);
            _byAddress.Add(entry.Address, name);
            _unsaved.Add(name);
            return entry.Address;
        }
    }

    private VipEntry Use(VipEntry entry, long now) => _byName[entry.Name] = entry with { UsedAt = now };

    private IPAddress? FindFree(string name)
    {
        if (_byAddress.Count == _range.Count)
        {
            return null;
        }

        var index = _range.Start(name);
        while (_byAddress.ContainsKey(_range.At(index)))
        {
            index = (index + 1) % _range.Count;
        }

        return _range.At(index);
    }

    private IPAddress Reclaim(long now)
    {
        var oldest = _byName.Values.MinBy(entry => entry.UsedAt)!;
        if (now - oldest.UsedAt < KeptUnused)
        {
            throw new VipExhaustedException(_range);
        }

        _byName.Remove(oldest.Name);
        _unsaved.Remove(oldest.Name);
        _byAddress.Remove(oldest.Address);
        return oldest.Address;
    }
}

/// <summary>No address is left for a name.</summary>
internal sealed class VipExhaustedException(VipRange range) : Exception(
    $"VipExhausted: all {range.Count} addresses of {range.Network} belong to names in use; give a larger vip_cidr");
