namespace Fairlead.Naming;

/// <summary>
/// What a segment demands of answers over one of its Links or Peers.
/// </summary>
public sealed record Terms
{
    /// <summary>Longest TTL.</summary>
    public required long MaxTtl { get; init; }

    internal static Terms Read(DocumentReader reader) => new()
    {
        MaxTtl = reader.Integer("max_ttl"),
    };

    internal void WriteMembers(CanonicalWriter writer)
    {
        writer.Member("max_ttl", MaxTtl);
    }
}
