namespace Fairlead.Naming;

/// <summary>
/// What is left of an entry that was taken back: derived from its source, so that the version floor stays in the
/// tree until it expires.
/// </summary>
public sealed record Withdrawn : LeafDocument, IDocument<Withdrawn>
{
    /// <inheritdoc/>
    public static DocumentType Type { get; } = new("withdrawn");

    /// <inheritdoc/>
    public override LeafClass Class => LeafClass.Withdrawn;

    /// <inheritdoc/>
    public override string LeafName =>
        string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{OfClass}/{Name}");

    /// <summary>The class of the entry.</summary>
    public required long OfClass { get; init; }

    /// <summary>Until when the floor is kept.</summary>
    public required long Expires { get; init; }

    /// <summary>The name hashed for that class.</summary>
    public required string Name { get; init; }

    /// <summary>The digest of the Withdraw or of the revoked document.</summary>
    public required Digest Of { get; init; }

    /// <summary>Of a record: its uid.</summary>
    public Hex16? Uid { get; init; }

    /// <summary>The version floor.</summary>
    public required long Version { get; init; }

    /// <inheritdoc/>
    public static Withdrawn Read(DocumentReader reader)
    {
        ArgumentNullException.ThrowIfNull(reader);
        var (crit, ext) = reader.Extensions();
        return new Withdrawn
        {
            OfClass = reader.Integer("class", (long)LeafClass.Scope),
            Crit = crit,
            Expires = reader.Integer("expires"),
            Ext = ext,
            Name = reader.Text("name"),
            Of = reader.Digest("of"),
            Opening = reader.Hex16("opening"),
            Uid = reader.OptionalHex16("uid"),
            Version = reader.Integer("version"),
        };
    }

    /// <inheritdoc/>
    public override void WriteMembers(CanonicalWriter writer)
    {
        ArgumentNullException.ThrowIfNull(writer);
        writer.Member("class", OfClass);
        writer.Texts("crit", Crit);
        writer.Member("expires", Expires);
        writer.Extensions("ext", Ext);
        writer.Member("name", Name);
        writer.Member("of", Of);
        writer.Member("opening", Opening);
        writer.Member("uid", Uid);
        writer.Member("version", Version);
    }
}
