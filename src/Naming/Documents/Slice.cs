using System.Collections.Immutable;

namespace Fairlead.Naming;

/// <summary>
/// Up to 100 endpoints of a record. Nobody signs it: the record signs its digest.
/// </summary>
public sealed record Slice : Document, IDocument<Slice>
{
    /// <inheritdoc/>
    public static DocumentType Type { get; } = new("slice", Limits.SliceBytes);

    /// <summary>Ascending by (address, host).</summary>
    public required ImmutableArray<SliceEndpoint> Endpoints { get; init; }

    /// <summary>The record's name.</summary>
    public required ServicePart Name { get; init; }

    /// <summary>The endpoints' ports, one for each of the record's, in its order; 0 for one that they do not
    /// serve.</summary>
    public required ImmutableArray<int> Ports { get; init; }

    /// <summary>The region, as the record's reference says it.</summary>
    public string? Region { get; init; }

    /// <inheritdoc/>
    public static Slice Read(DocumentReader reader)
    {
        ArgumentNullException.ThrowIfNull(reader);
        var (crit, ext) = reader.Extensions();
        return new Slice
        {
            Crit = crit,
            Endpoints = reader.Required(
                "endpoints",
                reader.Objects("endpoints", SliceEndpoint.Read, Limits.SliceEndpoints, SliceEndpoint.Compare)),
            Ext = ext,
            Name = reader.Value<ServicePart>("name", ServicePart.TryParse),
            Ports = reader.Required("ports", reader.Integers("ports", Limits.ListItems, 65535)),
            Region = reader.OptionalText("region"),
        };
    }

    /// <inheritdoc/>
    public override void WriteMembers(CanonicalWriter writer)
    {
        ArgumentNullException.ThrowIfNull(writer);
        writer.Texts("crit", Crit);
        writer.Objects("endpoints", Endpoints, static (inner, value) => value.WriteMembers(inner));
        writer.Extensions("ext", Ext);
        writer.Member("name", Name);
        writer.Integers("ports", Ports);
        writer.Member("region", Region);
    }
}
