using System.Collections.Immutable;

namespace Fairlead.Naming;

/// <summary>
/// Whether a decision keeps what a Rule bounds it to (4.1 Rules). What a segment's anchors say is held against the Rule
/// that they show: its bounds are sealed, their word is one key's. Stateless.
/// </summary>
internal static class ConstraintRules
{
    /// <summary>The bound that a decision leaves out or widens: <c>max_ttl</c>, <c>regions</c>, or null.</summary>
    /// <param name="decided">The constraints of the decision: those of all matching Rules together.</param>
    /// <param name="sealedBounds">The constraints of one of those Rules.</param>
    internal static string? Widened(Constraints? decided, Constraints? sealedBounds) =>
        sealedBounds?.MaxTtl is { } longest && !(decided?.MaxTtl <= longest) ? "max_ttl"
        : sealedBounds is { Regions: { IsDefaultOrEmpty: false } regions } && !IsWithin(decided?.Regions ?? [], regions)
            ? "regions"
        : null;

    /// <summary>Whether a pattern of regions lies within another one.</summary>
    internal static bool Lies(string inner, string outer) =>
        inner == outer
        || (outer.EndsWith('*')
            && (inner.EndsWith('*') ? inner[..^1] : inner).StartsWith(outer[..^1], StringComparison.Ordinal));

    private static bool IsWithin(ImmutableArray<string> narrow, ImmutableArray<string> wide)
    {
        foreach (var inner in narrow)
        {
            var lies = false;
            foreach (var outer in wide)
            {
                lies |= Lies(inner, outer);
            }

            if (!lies)
            {
                return false;
            }
        }

        return !narrow.IsEmpty;
    }
}
