using System.Collections.Immutable;

namespace Fairlead.Naming;

/// <summary>
/// A segment that is neither above nor below; it must list this one among its peers (V28).
/// </summary>
public sealed record Peer : OpMadeLeaf, IDocument<Peer>
{
    /// <inheritdoc/>
    public static DocumentType Type { get; } = new("peer");

    /// <inheritdoc/>
    public override LeafClass Class => LeafClass.Peer;

    /// <inheritdoc/>
    public override string LeafName => Name.Text;

    /// <summary>Its anchors, at most 4.</summary>
    public required ImmutableArray<IpEndpoint> Endpoints { get; init; }

    /// <summary>An epoch that its chain contains.</summary>
    public required Floor Floor { get; init; }

    /// <summary>Its genesis digest.</summary>
    public required Digest Genesis { get; init; }

    /// <summary>Its full name, as seen from here.</summary>
    public required SegmentName Name { get; init; }

    /// <summary>What this segment demands.</summary>
    public Terms? Terms { get; init; }

    /// <inheritdoc/>
    public static Peer Read(DocumentReader reader)
    {
        ArgumentNullException.ThrowIfNull(reader);
        var (crit, ext) = reader.Extensions();
        return new Peer
        {
            Crit = crit,
            Endpoints = reader.Required(
                "endpoints", reader.Values<IpEndpoint>("endpoints", IpEndpoint.TryParse, Limits.Endpoints)),
            Ext = ext,
            Floor = reader.Floor("floor"),
            Genesis = reader.Digest("genesis"),
            Made = reader.Integer("made"),
            Name = reader.Value<SegmentName>("name", SegmentName.TryParse),
            Opening = reader.Hex16("opening"),
            Terms = reader.OptionalObject("terms", Terms.Read),
        };
    }

    /// <inheritdoc/>
    public override void WriteMembers(CanonicalWriter writer)
    {
        ArgumentNullException.ThrowIfNull(writer);
        writer.Texts("crit", Crit);
        writer.Texts("endpoints", Endpoints);
        writer.Extensions("ext", Ext);
        writer.Floor("floor", Floor);
        writer.Member("genesis", Genesis);
        writer.Member("made", Made);
        writer.Member("name", Name);
        writer.Member("opening", Opening);
        writer.Object("terms", Terms, static (inner, value) => value.WriteMembers(inner));
    }
}
