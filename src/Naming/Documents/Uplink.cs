using System.Collections.Immutable;

namespace Fairlead.Naming;

/// <summary>
/// A parent that may introduce this segment; it must hold a Link back (V28).
/// </summary>
public sealed record Uplink
{
    /// <summary>The parent's anchors.</summary>
    public required ImmutableArray<IpEndpoint> Endpoints { get; init; }

    /// <summary>An epoch that the parent's chain contains.</summary>
    public required Floor Floor { get; init; }

    /// <summary>This segment's label under the parent.</summary>
    public required string Label { get; init; }

    /// <summary>The parent's genesis digest.</summary>
    public required Digest Parent { get; init; }

    internal static Uplink Read(DocumentReader reader) => new()
    {
        Endpoints = reader.Required(
            "endpoints", reader.Values<IpEndpoint>("endpoints", IpEndpoint.TryParse, Limits.Endpoints)),
        Floor = reader.Floor("floor"),
        Label = reader.Label("label"),
        Parent = reader.Digest("parent"),
    };

    internal void WriteMembers(CanonicalWriter writer)
    {
        writer.Texts("endpoints", Endpoints);
        writer.Floor("floor", Floor);
        writer.Member("label", Label);
        writer.Member("parent", Parent);
    }
}
