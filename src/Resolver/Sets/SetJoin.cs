using System.Collections.Immutable;
using Fairlead.Naming;

namespace Fairlead.Resolver.Sets;

/// <summary>
/// Joins a Set with what its members are now into the one name that is served. A member serves while its own answer
/// does, by its own continuity, and while it fits (V60); any other is left out and the next in order serves. Nothing
/// lives longer than the Set or any member in use. Pure.
/// </summary>
internal static class SetJoin
{
    /// <summary>The joined name.</summary>
    /// <param name="set">The Set's own name, with a Set in its answer.</param>
    /// <param name="members">Its members as they are.</param>
    /// <param name="mayWait">
    /// Whether a member that was not heard of yet is worth waiting for: at the start the order of the Set decides, and
    /// not who happens to answer first. Later nothing in use is taken away for one that is new.
    /// </param>
    internal static CachedName Join(CachedName set, ImmutableArray<SetPart> members, bool mayWait)
    {
        var ordered = members.OrderBy(part => part.Member.Priority).ThenBy(part => part.Member.Name).ToImmutableArray();
        var joined = set with { Members = ordered, EndsAt = set.EndsAt };
        if (!set.IsServed)
        {
            return joined;
        }

        var used = ordered.Where(part => part.IsUsed).Select(part => part.Name!).ToList();
        var first = ordered.FirstOrDefault(part => part.IsUsed)?.Member.Priority ?? long.MaxValue;
        if (mayWait && ordered.Any(part => IsOpen(part) && part.Member.Priority < first))
        {
            return joined with { State = NameState.Pending };
        }

        return used.Count > 0 ? Served(joined, used) : Without(joined, ordered);
    }

    private static bool IsOpen(SetPart part) => part is { Mismatch: null, State: NameState.Pending };

    private static CachedName Served(CachedName joined, List<CachedName> used)
    {
        var isStale = joined.State == NameState.Stale || used.Exists(name => name.State == NameState.Stale);
        return joined with
        {
            State = isStale ? NameState.Stale : NameState.Fresh,
            ExpiresAt = used.Min(name => name.ExpiresAt, joined.ExpiresAt),
            StaleUntil = isStale
                ? used.Min(name => name.ServedUntil, joined.ServedUntil)
                : used.Min(name => name.StaleUntil, joined.StaleUntil),
        };
    }

    // What was refused or lost is no verdict about the others: absent is only what every member's segment proves.
    private static CachedName Without(CachedName joined, ImmutableArray<SetPart> parts)
    {
        var state = parts.Any(part => part.State == NameState.Expired) ? NameState.Expired
            : parts.Any(part => part.Mismatch is not null || part.State is not (NameState.Denied or NameState.Absent))
                ? NameState.Unreachable
            : parts.Any(part => part.State == NameState.Denied) ? NameState.Denied
            : NameState.Absent;
        return joined with
        {
            State = state,
            ExpiresAt = parts.Select(part => part.Name).OfType<CachedName>()
                .Min(name => name.ExpiresAt, joined.ExpiresAt),
            Failure = parts.Select(part => part.Mismatch).OfType<Refusal>().FirstOrDefault()
                ?? parts.Select(part => part.Name?.Refused).OfType<Refusal>().FirstOrDefault()
                ?? parts.Select(part => part.Name?.Failure).OfType<Refusal>().FirstOrDefault()
                ?? joined.Failure,
        };
    }

    private static long Min(this IEnumerable<CachedName> names, Func<CachedName, long> moment, long atMost) =>
        names.Select(moment).Append(atMost).Min();
}
