using Fairlead.Naming;

namespace Fairlead.Resolver.Home;

/// <summary>One subscription. Immutable.</summary>
/// <param name="Name">The name.</param>
/// <param name="Query">What was asked.</param>
/// <param name="Told">What the anchor was told with it.</param>
internal sealed record OpenName(string Name, Parsed<Query> Query, Told Told)
{
    /// <summary>The span from the question to its first answer; null where nobody listens.</summary>
    internal System.Diagnostics.Activity? Span { get; init; }
}
