namespace Fairlead.Naming;

/// <summary>
/// A publisher takes an entry back.
/// </summary>
public sealed record Withdraw : Document, IDocument<Withdraw>
{
    /// <inheritdoc/>
    public static DocumentType Type { get; } = new("withdraw");

    /// <summary>16 random bytes of its author.</summary>
    public required Hex16 Opening { get; init; }

    /// <summary>The class of the entry.</summary>
    public required long Class { get; init; }

    /// <summary>Until when its version floor is kept.</summary>
    public required long Expires { get; init; }

    /// <summary>When it was signed.</summary>
    public required long Issued { get; init; }

    /// <summary>The name hashed for that class.</summary>
    public required string Name { get; init; }

    /// <summary>The publisher's kid.</summary>
    public required Digest Publisher { get; init; }

    /// <summary>Of a record: its uid.</summary>
    public Hex16? Uid { get; init; }

    /// <summary>Above the version it takes back, or equal to it.</summary>
    public required long Version { get; init; }

    /// <inheritdoc/>
    public static Withdraw Read(DocumentReader reader)
    {
        ArgumentNullException.ThrowIfNull(reader);
        var (crit, ext) = reader.Extensions();
        return new Withdraw
        {
            Class = reader.Integer("class", (long)LeafClass.Scope),
            Crit = crit,
            Expires = reader.Integer("expires"),
            Ext = ext,
            Issued = reader.Integer("issued"),
            Name = reader.Text("name"),
            Opening = reader.Hex16("opening"),
            Publisher = reader.Digest("publisher"),
            Uid = reader.OptionalHex16("uid"),
            Version = reader.Integer("version"),
        };
    }

    /// <inheritdoc/>
    public override void WriteMembers(CanonicalWriter writer)
    {
        ArgumentNullException.ThrowIfNull(writer);
        writer.Member("class", Class);
        writer.Texts("crit", Crit);
        writer.Member("expires", Expires);
        writer.Extensions("ext", Ext);
        writer.Member("issued", Issued);
        writer.Member("name", Name);
        writer.Member("opening", Opening);
        writer.Member("publisher", Publisher);
        writer.Member("uid", Uid);
        writer.Member("version", Version);
    }
}
