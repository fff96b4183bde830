using System.Collections.Immutable;

namespace Fairlead.Naming;

/// <summary>
/// What a publisher may write.
/// </summary>
public sealed record Credential : OpMadeLeaf, IDocument<Credential>
{
    /// <inheritdoc/>
    public static DocumentType Type { get; } = new("credential");

    /// <inheritdoc/>
    public override LeafClass Class => LeafClass.Credential;

    /// <inheritdoc/>
    public override string LeafName => Key.Kid.ToString();

    /// <summary>When it ends.</summary>
    public required long Expires { get; init; }

    /// <summary>The publisher's key.</summary>
    public required PublicKey Key { get; init; }

    /// <summary>Longest TTL it may write.</summary>
    public required long MaxTtl { get; init; }

    /// <summary>The names it may write.</summary>
    public required ImmutableArray<NamePattern> Names { get; init; }

    /// <summary>The types it may write, see <see cref="PublishedType"/>.</summary>
    public required ImmutableArray<string> Types { get; init; }

    /// <inheritdoc/>
    public static Credential Read(DocumentReader reader)
    {
        ArgumentNullException.ThrowIfNull(reader);
        var (crit, ext) = reader.Extensions();
        return new Credential
        {
            Crit = crit,
            Expires = reader.Integer("expires"),
            Ext = ext,
            Key = reader.Value<PublicKey>("key", PublicKey.TryParse),
            Made = reader.Integer("made"),
            MaxTtl = reader.Integer("max_ttl"),
            Names = reader.Required("names", reader.Values<NamePattern>("names", NamePattern.TryParse)),
            Opening = reader.Hex16("opening"),
            Types = reader.Required("types", reader.Choices("types", PublishedType.All)),
        };
    }

    /// <inheritdoc/>
    public override void WriteMembers(CanonicalWriter writer)
    {
        ArgumentNullException.ThrowIfNull(writer);
        writer.Texts("crit", Crit);
        writer.Member("expires", Expires);
        writer.Extensions("ext", Ext);
        writer.Member("key", Key);
        writer.Member("made", Made);
        writer.Member("max_ttl", MaxTtl);
        writer.Texts("names", Names);
        writer.Member("opening", Opening);
        writer.Texts("types", Types);
    }
}
