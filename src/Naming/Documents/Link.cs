using System.Collections.Immutable;

namespace Fairlead.Naming;

/// <summary>
/// A child segment, as its parent names it; the child must hold an uplink (V28).
/// </summary>
public sealed record Link : OpMadeLeaf, IDocument<Link>
{
    /// <inheritdoc/>
    public static DocumentType Type { get; } = new("link");

    /// <inheritdoc/>
    public override LeafClass Class => LeafClass.Link;

    /// <inheritdoc/>
    public override string LeafName => At.Text;

    /// <summary>Where it stands.</summary>
    public required LinkPoint At { get; init; }

    /// <summary>Its anchors, at most 4.</summary>
    public required ImmutableArray<IpEndpoint> Endpoints { get; init; }

    /// <summary>An epoch that its chain contains.</summary>
    public required Floor Floor { get; init; }

    /// <summary>Its genesis digest.</summary>
    public required Digest Genesis { get; init; }

    /// <summary>The label of the child's uplink.</summary>
    public required string Label { get; init; }

    /// <summary>What the parent demands.</summary>
    public Terms? Terms { get; init; }

    /// <inheritdoc/>
    public static Link Read(DocumentReader reader)
    {
        ArgumentNullException.ThrowIfNull(reader);
        var (crit, ext) = reader.Extensions();
        return new Link
        {
            At = reader.Value<LinkPoint>("at", LinkPoint.TryParse),
            Crit = crit,
            Endpoints = reader.Required(
                "endpoints", reader.Values<IpEndpoint>("endpoints", IpEndpoint.TryParse, Limits.Endpoints)),
            Ext = ext,
            Floor = reader.Floor("floor"),
            Genesis = reader.Digest("genesis"),
            Label = reader.Label("label"),
            Made = reader.Integer("made"),
            Opening = reader.Hex16("opening"),
            Terms = reader.OptionalObject("terms", Terms.Read),
        };
    }

    /// <inheritdoc/>
    public override void WriteMembers(CanonicalWriter writer)
    {
        ArgumentNullException.ThrowIfNull(writer);
        writer.Member("at", At);
        writer.Texts("crit", Crit);
        writer.Texts("endpoints", Endpoints);
        writer.Extensions("ext", Ext);
        writer.Floor("floor", Floor);
        writer.Member("genesis", Genesis);
        writer.Member("label", Label);
        writer.Member("made", Made);
        writer.Member("opening", Opening);
        writer.Object("terms", Terms, static (inner, value) => value.WriteMembers(inner));
    }
}
