using System.Collections.Immutable;

namespace Fairlead.Naming;

/// <summary>
/// Bounds that an allowing Rule puts on what it allows.
/// </summary>
public sealed record Constraints
{
    /// <summary>Longest TTL.</summary>
    public long? MaxTtl { get; init; }

    /// <summary>Admitted regions; a final <c>*</c> makes a prefix. Empty = all.</summary>
    public ImmutableArray<string> Regions { get; init; } = [];

    internal static Constraints Read(DocumentReader reader) => new()
    {
        MaxTtl = reader.OptionalInteger("max_ttl"),
        Regions = reader.Texts("regions"),
    };

    internal void WriteMembers(CanonicalWriter writer)
    {
        writer.Member("max_ttl", MaxTtl);
        writer.Texts("regions", Regions);
    }
}
