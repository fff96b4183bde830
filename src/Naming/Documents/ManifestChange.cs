namespace Fairlead.Naming;

/// <summary>
/// One op-made leaf that an epoch writes or removes.
/// </summary>
public sealed record ManifestChange
{
    /// <summary>The leaf's class.</summary>
    public required long Class { get; init; }

    /// <summary>The digest of the new document; absent = removed.</summary>
    public Digest? Digest { get; init; }

    /// <summary>The name hashed for that class.</summary>
    public required string Name { get; init; }

    internal static int Compare(ManifestChange left, ManifestChange right) =>
        left.Class != right.Class ? left.Class.CompareTo(right.Class) : string.CompareOrdinal(left.Name, right.Name);

    internal static ManifestChange Read(DocumentReader reader) => new()
    {
        Class = reader.Integer("class", (long)LeafClass.Scope),
        Digest = reader.OptionalDigest("digest"),
        Name = reader.Text("name"),
    };

    internal void WriteMembers(CanonicalWriter writer)
    {
        writer.Member("class", Class);
        writer.Member("digest", Digest);
        writer.Member("name", Name);
    }
}
