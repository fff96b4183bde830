using System.Collections.Immutable;

namespace Fairlead.Naming;

/// <summary>
/// How a network that is not reached directly is entered.
/// </summary>
public sealed record Gateway : PublishedLeaf, IDocument<Gateway>
{
    /// <inheritdoc/>
    public static DocumentType Type { get; } = new("gateway");

    /// <inheritdoc/>
    public override LeafClass Class => LeafClass.Gateway;

    /// <inheritdoc/>
    public override string LeafName => Network;

    /// <summary>Where it listens.</summary>
    public required ImmutableArray<IpEndpoint> Addresses { get; init; }

    /// <summary>Its SPIFFE ids.</summary>
    public ImmutableArray<string> Identities { get; init; } = [];

    /// <summary>The network.</summary>
    public required string Network { get; init; }

    /// <inheritdoc/>
    public static Gateway Read(DocumentReader reader)
    {
        ArgumentNullException.ThrowIfNull(reader);
        var (crit, ext) = reader.Extensions();
        return new Gateway
        {
            Addresses = reader.Required(
                "addresses", reader.Values<IpEndpoint>("addresses", IpEndpoint.TryParse, Limits.GatewayAddresses)),
            Crit = crit,
            Expires = reader.Integer("expires"),
            Ext = ext,
            Identities = reader.Texts("identities"),
            Issued = reader.Integer("issued"),
            Network = reader.Text("network"),
            Opening = reader.Hex16("opening"),
            Publisher = reader.Digest("publisher"),
            Version = reader.Integer("version"),
        };
    }

    /// <inheritdoc/>
    public override void WriteMembers(CanonicalWriter writer)
    {
        ArgumentNullException.ThrowIfNull(writer);
        writer.Texts("addresses", Addresses);
        writer.Texts("crit", Crit);
        writer.Member("expires", Expires);
        writer.Extensions("ext", Ext);
        writer.Texts("identities", Identities);
        writer.Member("issued", Issued);
        writer.Member("network", Network);
        writer.Member("opening", Opening);
        writer.Member("publisher", Publisher);
        writer.Member("version", Version);
    }
}
