using System.Collections.Concurrent;
using System.Collections.Immutable;
using Fairlead.Naming;

namespace Fairlead.Resolver.Sets;

/// <summary>
/// Follows the Sets among the names that are kept resolved: wants each member as a name of its own, which is then asked
/// for, verified and renewed like any other, and tells the joined name whenever a part of it changes. Hears and tells
/// on the resolver's task; only <see cref="Joined"/> may be called from elsewhere.
/// </summary>
/// <param name="interest">Hears a member, and whether it is wanted from now on or no longer; counts, as a client may
/// want the same name. Must not block.</param>
/// <param name="changed">Hears every change, of Sets the joined name.</param>
public sealed class SetBook(Action<string, bool> interest, Action<CachedName> changed)
{
    private readonly Dictionary<string, CachedName> _names = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Followed> _sets = new(StringComparer.Ordinal);
    private readonly Dictionary<string, ImmutableSortedSet<string>> _setsOf = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, CachedName> _joined = new(StringComparer.Ordinal);

    /// <summary>Hears a change of a name from the resolver.</summary>
    public void Changed(CachedName name)
    {
        ArgumentNullException.ThrowIfNull(name);
        _names[name.Name] = name;
        if (name.Answer?.Set is { } set)
        {
            Follow(name.Name, set);
            Tell(name.Name);
        }
        else
        {
            Leave(name.Name);
            changed(name);
        }

        foreach (var of in _setsOf.GetValueOrDefault(name.Name) ?? [])
        {
            Tell(of);
        }
    }

    /// <summary>Hears that the resolver gave a name up.</summary>
    public void Forgotten(string name)
    {
        _names.Remove(name);
        Leave(name);
    }

    /// <summary>Whether a name is a member of a Set of which something holds; on the resolver's task.</summary>
    public bool IsMember(string name, Func<string, bool> ofSet) =>
        _setsOf.TryGetValue(name, out var sets) && sets.Any(ofSet);

    /// <summary>The name as it is served: for a Set the joined one.</summary>
    public CachedName Joined(CachedName name)
    {
        ArgumentNullException.ThrowIfNull(name);
        return name.Answer?.Set is not null && _joined.TryGetValue(name.Name, out var joined) ? joined : name;
    }

    private void Follow(string name, Set set)
    {
        var host = FullName.Parse(name).Service?.Host;
        var members = set.Members.Select(member => (member, NameOf(member, host))).ToImmutableArray();
        var before = _sets.GetValueOrDefault(name);
        _sets[name] = new Followed(set, members) { IsSettled = before?.IsSettled ?? false };
        var wanted = members.Select(one => one.Item2).OfType<string>().ToHashSet(StringComparer.Ordinal);
        foreach (var member in wanted.Where(member => !IsPartOf(member, name)))
        {
            _setsOf[member] = (_setsOf.GetValueOrDefault(member) ?? []).Add(name);
            interest(member, true);
        }

        foreach (var (_, member) in before?.Members ?? [])
        {
            if (member is not null && !wanted.Contains(member))
            {
                Drop(member, name);
            }
        }
    }

    private void Leave(string name)
    {
        if (_sets.Remove(name, out var followed))
        {
            _joined.TryRemove(name, out _);
            foreach (var (_, member) in followed.Members)
            {
                if (member is not null)
                {
                    Drop(member, name);
                }
            }
        }
    }

    private bool IsPartOf(string member, string set) => _setsOf.GetValueOrDefault(member)?.Contains(set) ?? false;

    private void Drop(string member, string set)
    {
        var left = _setsOf[member].Remove(set);
        if (left.IsEmpty)
        {
            _setsOf.Remove(member);
        }
        else
        {
            _setsOf[member] = left;
        }

        interest(member, false);
    }

    private void Tell(string name)
    {
        var followed = _sets[name];
        var parts = followed.Members
            .Select(one => SetPart.Of(
                followed.Set, one.Member, one.Asked, one.Asked is { } asked ? _names.GetValueOrDefault(asked) : null))
            .ToImmutableArray();
        var joined = SetJoin.Join(_names[name], parts, mayWait: !followed.IsSettled);
        followed.IsSettled |= joined.State != NameState.Pending;
        _joined[name] = joined;
        changed(joined);
    }

    /// <summary>A host of the set's name is the host of that name in each member; null where that is no name.</summary>
    internal static string? NameOf(SetMember member, string? host) =>
        host is null ? member.Name.Text
        : FullName.TryParse($"{host}.{member.Name.Text}", out var name, out _) ? name.Text
        : null;

    private sealed record Followed(Set Set, ImmutableArray<(SetMember Member, string? Asked)> Members)
    {
        /// <summary>Whether the joined name was told as something other than pending.</summary>
        internal bool IsSettled { get; set; }
    }
}
