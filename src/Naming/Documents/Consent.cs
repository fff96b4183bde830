namespace Fairlead.Naming;

/// <summary>
/// A new key's agreement to serve in an epoch.
/// </summary>
public sealed record Consent : Document, IDocument<Consent>
{
    /// <inheritdoc/>
    public static DocumentType Type { get; } = new("consent", Limits.StatementBytes);

    /// <summary>The epoch.</summary>
    public required Digest Digest { get; init; }

    /// <summary>Its number.</summary>
    public required long Epoch { get; init; }

    /// <summary>The genesis digest; of epoch 0 its own.</summary>
    public required Digest Segment { get; init; }

    /// <inheritdoc/>
    public static Consent Read(DocumentReader reader)
    {
        ArgumentNullException.ThrowIfNull(reader);
        var (crit, ext) = reader.Extensions();
        return new Consent
        {
            Crit = crit,
            Digest = reader.Digest("digest"),
            Epoch = reader.Integer("epoch"),
            Ext = ext,
            Segment = reader.Digest("segment"),
        };
    }

    /// <inheritdoc/>
    public override void WriteMembers(CanonicalWriter writer)
    {
        ArgumentNullException.ThrowIfNull(writer);
        writer.Texts("crit", Crit);
        writer.Member("digest", Digest);
        writer.Member("epoch", Epoch);
        writer.Extensions("ext", Ext);
        writer.Member("segment", Segment);
    }
}
