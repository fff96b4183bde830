using System.Collections.Immutable;

namespace Fairlead.Naming;

/// <summary>
/// One name under clusterset.local, joined from services of several segments. Sealed by the home: which services it
/// joins, in which order and with which weights is the home's own decision; what each of them is, its segment's.
/// </summary>
public sealed record Set : PublishedLeaf, IDocument<Set>
{
    /// <inheritdoc/>
    public static DocumentType Type { get; } = new("set");

    /// <inheritdoc/>
    public override LeafClass Class => LeafClass.Set;

    /// <inheritdoc/>
    public override string LeafName => Name.Text;

    /// <summary>SPIFFE ids that members may show.</summary>
    public ImmutableArray<string> Identities { get; init; } = [];

    /// <summary>Ascending by name.</summary>
    public required ImmutableArray<SetMember> Members { get; init; }

    /// <summary>The service part.</summary>
    public required ServicePart Name { get; init; }

    /// <summary>Longest TTL of an answer.</summary>
    public required long TtlMax { get; init; }

    /// <inheritdoc/>
    public static Set Read(DocumentReader reader)
    {
        ArgumentNullException.ThrowIfNull(reader);
        var (crit, ext) = reader.Extensions();
        return new Set
        {
            Crit = crit,
            Expires = reader.Integer("expires"),
            Ext = ext,
            Identities = reader.Texts("identities"),
            Issued = reader.Integer("issued"),
            Members = reader.Required(
                "members",
                reader.Objects(
                    "members",
                    SetMember.Read,
                    Limits.SetMembers,
                    static (left, right) => left.Name.CompareTo(right.Name))),
            Name = reader.Value<ServicePart>("name", ServicePart.TryParse),
            Opening = reader.Hex16("opening"),
            Publisher = reader.Digest("publisher"),
            TtlMax = reader.Integer("ttl_max"),
            Version = reader.Integer("version"),
        };
    }

    /// <inheritdoc/>
    public override void WriteMembers(CanonicalWriter writer)
    {
        ArgumentNullException.ThrowIfNull(writer);
        writer.Texts("crit", Crit);
        writer.Member("expires", Expires);
        writer.Extensions("ext", Ext);
        writer.Texts("identities", Identities);
        writer.Member("issued", Issued);
        writer.Objects("members", Members, static (inner, value) => value.WriteMembers(inner));
        writer.Member("name", Name);
        writer.Member("opening", Opening);
        writer.Member("publisher", Publisher);
        writer.Member("ttl_max", TtlMax);
        writer.Member("version", Version);
    }
}
