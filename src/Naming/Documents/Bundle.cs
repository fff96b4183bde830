using System.Collections.Immutable;

namespace Fairlead.Naming;

/// <summary>
/// The certificates of a trust domain.
/// </summary>
public sealed record Bundle : PublishedLeaf, IDocument<Bundle>
{
    /// <inheritdoc/>
    public static DocumentType Type { get; } = new("bundle", stringBytesMax: Limits.CertificateBytes);

    /// <inheritdoc/>
    public override LeafClass Class => LeafClass.Bundle;

    /// <inheritdoc/>
    public override string LeafName => Domain;

    /// <summary>The trust domain.</summary>
    public required string Domain { get; init; }

    /// <summary>Certificates: base64 of DER.</summary>
    public required ImmutableArray<string> X509 { get; init; }

    /// <inheritdoc/>
    public static Bundle Read(DocumentReader reader)
    {
        ArgumentNullException.ThrowIfNull(reader);
        var (crit, ext) = reader.Extensions();
        return new Bundle
        {
            Crit = crit,
            Domain = reader.Text("domain"),
            Expires = reader.Integer("expires"),
            Ext = ext,
            Issued = reader.Integer("issued"),
            Opening = reader.Hex16("opening"),
            Publisher = reader.Digest("publisher"),
            Version = reader.Integer("version"),
            X509 = reader.Required("x509", reader.Texts("x509", Limits.Certificates, longer: true)),
        };
    }

    /// <inheritdoc/>
    public override void WriteMembers(CanonicalWriter writer)
    {
        ArgumentNullException.ThrowIfNull(writer);
        writer.Texts("crit", Crit);
        writer.Member("domain", Domain);
        writer.Member("expires", Expires);
        writer.Extensions("ext", Ext);
        writer.Member("issued", Issued);
        writer.Member("opening", Opening);
        writer.Member("publisher", Publisher);
        writer.Member("version", Version);
        writer.Texts("x509", X509);
    }
}
