namespace Fairlead.Naming;

/// <summary>
/// Where a migrated record was written before (V34).
/// </summary>
public sealed record Origin
{
    /// <summary>The genesis digest of the segment it came from.</summary>
    public required Digest Segment { get; init; }

    /// <summary>Its version there.</summary>
    public required long Version { get; init; }

    internal static Origin Read(DocumentReader reader) => new()
    {
        Segment = reader.Digest("segment"),
        Version = reader.Integer("version"),
    };

    internal void WriteMembers(CanonicalWriter writer)
    {
        writer.Member("segment", Segment);
        writer.Member("version", Version);
    }
}
