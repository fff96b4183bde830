namespace Fairlead.Naming;

/// <summary>
/// A question to the namespace. Its digest is what an answer answers.
/// </summary>
public sealed record Query : Document, IDocument<Query>
{
    /// <inheritdoc/>
    public static DocumentType Type { get; } = new("query");

    /// <summary>The asker's home.</summary>
    public required Digest Home { get; init; }

    /// <summary>An absolute name; that of a segment asks for introduction.</summary>
    public required FullName Name { get; init; }

    /// <summary>The subject digest of the asker.</summary>
    public Digest? Subject { get; init; }

    /// <inheritdoc/>
    public static Query Read(DocumentReader reader)
    {
        ArgumentNullException.ThrowIfNull(reader);
        var (crit, ext) = reader.Extensions();
        return new Query
        {
            Crit = crit,
            Ext = ext,
            Home = reader.Digest("home"),
            Name = reader.Value<FullName>("name", FullName.TryParse),
            Subject = reader.OptionalDigest("subject"),
        };
    }

    /// <inheritdoc/>
    public override void WriteMembers(CanonicalWriter writer)
    {
        ArgumentNullException.ThrowIfNull(writer);
        writer.Texts("crit", Crit);
        writer.Extensions("ext", Ext);
        writer.Member("home", Home);
        writer.Member("name", Name);
        writer.Member("subject", Subject);
    }
}
