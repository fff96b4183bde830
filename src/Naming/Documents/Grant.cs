using System.Collections.Immutable;

namespace Fairlead.Naming;

/// <summary>
/// A home anchor tells another segment who asks, over which connection (V48).
/// </summary>
public sealed record Grant : Document, IDocument<Grant>
{
    /// <inheritdoc/>
    public static DocumentType Type { get; } = new("grant");

    /// <summary>The segment it is for.</summary>
    public required Digest Audience { get; init; }

    /// <summary>When it ends.</summary>
    public required long Expires { get; init; }

    /// <summary>The subject's home.</summary>
    public required Digest Home { get; init; }

    /// <summary>The home's epoch.</summary>
    public required long HomeEpoch { get; init; }

    /// <summary>When it was made.</summary>
    public required long Issued { get; init; }

    /// <summary>The names it is for; absent = all.</summary>
    public ImmutableArray<NamePattern> Names { get; init; } = [];

    /// <summary>Who asks.</summary>
    public required Subject Subject { get; init; }

    /// <summary>The kid of the key that holds the connection.</summary>
    public required Digest Tls { get; init; }

    /// <inheritdoc/>
    public static Grant Read(DocumentReader reader)
    {
        ArgumentNullException.ThrowIfNull(reader);
        var (crit, ext) = reader.Extensions();
        return new Grant
        {
            Audience = reader.Digest("audience"),
            Crit = crit,
            Expires = reader.Integer("expires"),
            Ext = ext,
            Home = reader.Digest("home"),
            HomeEpoch = reader.Integer("home_epoch"),
            Issued = reader.Integer("issued"),
            Names = reader.Values<NamePattern>("names", NamePattern.TryParse),
            Subject = reader.Object("subject", Subject.Read),
            Tls = reader.Digest("tls"),
        };
    }

    /// <inheritdoc/>
    public override void WriteMembers(CanonicalWriter writer)
    {
        ArgumentNullException.ThrowIfNull(writer);
        writer.Member("audience", Audience);
        writer.Texts("crit", Crit);
        writer.Member("expires", Expires);
        writer.Extensions("ext", Ext);
        writer.Member("home", Home);
        writer.Member("home_epoch", HomeEpoch);
        writer.Member("issued", Issued);
        writer.Texts("names", Names);
        writer.Object("subject", Subject, static (inner, value) => value.WriteMembers(inner));
        writer.Member("tls", Tls);
    }
}
