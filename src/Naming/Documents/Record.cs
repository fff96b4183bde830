using System.Collections.Immutable;

namespace Fairlead.Naming;

/// <summary>
/// A service of a segment, signed by its publisher.
/// </summary>
public sealed record Record : PublishedLeaf, IDocument<Record>
{
    /// <inheritdoc/>
    public static DocumentType Type { get; } = new("record");

    /// <inheritdoc/>
    public override LeafClass Class => LeafClass.Record;

    /// <inheritdoc/>
    public override string LeafName => Name.Text;

    /// <summary>How long an answer may outlive a transport failure; 0 = strict, absent = the default.</summary>
    public long? Continuity { get; init; }

    /// <summary>SPIFFE ids of its endpoints.</summary>
    public ImmutableArray<string> Identities { get; init; } = [];

    /// <summary>The service part, without a host.</summary>
    public required ServicePart Name { get; init; }

    /// <summary>Where it was written before a migration.</summary>
    public Origin? Origin { get; init; }

    /// <summary>Ascending by (number, protocol).</summary>
    public required ImmutableArray<Port> Ports { get; init; }

    /// <summary>Its endpoints, in the author's order.</summary>
    public ImmutableArray<SliceReference> Slices { get; init; } = [];

    /// <summary>Longest TTL of an answer.</summary>
    public required long TtlMax { get; init; }

    /// <summary>One of <see cref="RecordKind"/>.</summary>
    public required string Kind { get; init; }

    /// <summary>Drawn at the first version, kept for ever.</summary>
    public required Hex16 Uid { get; init; }

    /// <inheritdoc/>
    public static Record Read(DocumentReader reader)
    {
        ArgumentNullException.ThrowIfNull(reader);
        var (crit, ext) = reader.Extensions();
        return new Record
        {
            Continuity = reader.OptionalInteger("continuity"),
            Crit = crit,
            Expires = reader.Integer("expires"),
            Ext = ext,
            Identities = reader.Texts("identities"),
            Issued = reader.Integer("issued"),
            Name = reader.Value<ServicePart>("name", ServicePart.TryParse),
            Opening = reader.Hex16("opening"),
            Origin = reader.OptionalObject("origin", Origin.Read),
            Ports = reader.Required("ports", reader.Objects("ports", Port.Read, Limits.ListItems, Port.Compare)),
            Publisher = reader.Digest("publisher"),
            Slices = reader.Objects("slices", SliceReference.Read, Limits.Slices, null),
            TtlMax = reader.Integer("ttl_max"),
            Kind = reader.Choice("type", RecordKind.Headless, RecordKind.Service),
            Uid = reader.Hex16("uid"),
            Version = reader.Integer("version"),
        };
    }

    /// <inheritdoc/>
    public override void WriteMembers(CanonicalWriter writer)
    {
        ArgumentNullException.ThrowIfNull(writer);
        writer.Member("continuity", Continuity);
        writer.Texts("crit", Crit);
        writer.Member("expires", Expires);
        writer.Extensions("ext", Ext);
        writer.Texts("identities", Identities);
        writer.Member("issued", Issued);
        writer.Member("name", Name);
        writer.Member("opening", Opening);
        writer.Object("origin", Origin, static (inner, value) => value.WriteMembers(inner));
        writer.Objects("ports", Ports, static (inner, value) => value.WriteMembers(inner));
        writer.Member("publisher", Publisher);
        writer.Objects("slices", Slices, static (inner, value) => value.WriteMembers(inner));
        writer.Member("ttl_max", TtlMax);
        writer.Member("type", Kind);
        writer.Member("uid", Uid);
        writer.Member("version", Version);
    }
}
