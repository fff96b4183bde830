using System.Collections.Immutable;

namespace Fairlead.Hosting.Reloading;

/// <summary>What differs between two configurations, by the names that the file has for it. Immutable.</summary>
/// <param name="Changed">What a running program takes over, ascending.</param>
/// <param name="RestartNeeded">What only a start reads, ascending.</param>
public sealed record OptionDifference(ImmutableArray<string> Changed, ImmutableArray<string> RestartNeeded)
{
    /// <summary>Compares two configurations.</summary>
    /// <param name="before">Each option that runs, as text by its name.</param>
    /// <param name="after">Each option of the file as it is now.</param>
    /// <param name="live">The names of those that a running program takes over.</param>
    public static OptionDifference Between(
        IReadOnlyDictionary<string, string> before,
        IReadOnlyDictionary<string, string> after,
        IReadOnlySet<string> live)
    {
        ArgumentNullException.ThrowIfNull(before);
        ArgumentNullException.ThrowIfNull(after);
        ArgumentNullException.ThrowIfNull(live);
        var changed = before.Keys.Union(after.Keys)
            .Where(key => before.GetValueOrDefault(key) != after.GetValueOrDefault(key))
            .Order(StringComparer.Ordinal).ToList();
        return new OptionDifference(
            [.. changed.Where(live.Contains)], [.. changed.Where(key => !live.Contains(key))]);
    }
}
