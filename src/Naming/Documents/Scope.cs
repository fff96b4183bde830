using System.Collections.Immutable;

namespace Fairlead.Naming;

/// <summary>
/// What a foreign segment may name: addresses, trust domains, networks (V53, V54). That of the own genesis lists
/// what is the home's own.
/// </summary>
public sealed record Scope : OpMadeLeaf, IDocument<Scope>
{
    /// <inheritdoc/>
    public static DocumentType Type { get; } = new("scope");

    /// <inheritdoc/>
    public override LeafClass Class => LeafClass.Scope;

    /// <inheritdoc/>
    public override string LeafName => Segment.ToString();

    /// <summary>Networks as address/prefix, each in its one form (<see cref="IpNetworks"/>).</summary>
    public ImmutableArray<string> Cidrs { get; init; } = [];

    /// <summary>Trust domains.</summary>
    public ImmutableArray<string> Domains { get; init; } = [];

    /// <summary>Networks that are reached directly.</summary>
    public ImmutableArray<string> Networks { get; init; } = [];

    /// <summary>The segment.</summary>
    public required Digest Segment { get; init; }

    /// <inheritdoc/>
    public static Scope Read(DocumentReader reader)
    {
        ArgumentNullException.ThrowIfNull(reader);
        var (crit, ext) = reader.Extensions();
        return new Scope
        {
            Cidrs = reader.Networks("cidrs"),
            Crit = crit,
            Domains = reader.TrustDomains("domains"),
            Ext = ext,
            Made = reader.Integer("made"),
            Networks = reader.Texts("networks"),
            Opening = reader.Hex16("opening"),
            Segment = reader.Digest("segment"),
        };
    }

    /// <inheritdoc/>
    public override void WriteMembers(CanonicalWriter writer)
    {
        ArgumentNullException.ThrowIfNull(writer);
        writer.Texts("cidrs", Cidrs);
        writer.Texts("crit", Crit);
        writer.Texts("domains", Domains);
        writer.Extensions("ext", Ext);
        writer.Member("made", Made);
        writer.Texts("networks", Networks);
        writer.Member("opening", Opening);
        writer.Member("segment", Segment);
    }
}
