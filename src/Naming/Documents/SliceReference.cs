namespace Fairlead.Naming;

/// <summary>
/// A slice that a record signs by its digest.
/// </summary>
public sealed record SliceReference
{
    /// <summary>Its endpoints.</summary>
    public required long Count { get; init; }

    /// <summary>The slice.</summary>
    public required Digest Digest { get; init; }

    /// <summary>Its region, which Rules may admit or not.</summary>
    public string? Region { get; init; }

    internal static SliceReference Read(DocumentReader reader) => new()
    {
        Count = reader.Integer("count", Limits.SliceEndpoints),
        Digest = reader.Digest("digest"),
        Region = reader.OptionalText("region"),
    };

    internal void WriteMembers(CanonicalWriter writer)
    {
        writer.Member("count", Count);
        writer.Member("digest", Digest);
        writer.Member("region", Region);
    }
}
