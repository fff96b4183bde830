namespace Fairlead.Naming;

/// <summary>
/// A seal of another segment that this one saw (V42): advice, never authority over data. Made and signed by the anchors
/// of the segment in whose tree it stands; immutable.
/// </summary>
public sealed record Witness : LeafDocument, IDocument<Witness>
{
    /// <inheritdoc/>
    public static DocumentType Type { get; } = new("witness");

    /// <inheritdoc/>
    public override LeafClass Class => LeafClass.Witness;

    /// <inheritdoc/>
    public override string LeafName => Segment.ToString();

    /// <summary>Its epoch.</summary>
    public required long Epoch { get; init; }

    /// <summary>The epoch's digest.</summary>
    public required Digest EpochDigest { get; init; }

    /// <summary>The seal's digest.</summary>
    public required Digest Seal { get; init; }

    /// <summary>When an anchor of this segment saw it, in unix milliseconds.</summary>
    public required long SeenAt { get; init; }

    /// <summary>The other segment.</summary>
    public required Digest Segment { get; init; }

    /// <summary>Its seq.</summary>
    public required long Seq { get; init; }

    /// <inheritdoc/>
    public static Witness Read(DocumentReader reader)
    {
        ArgumentNullException.ThrowIfNull(reader);
        var (crit, ext) = reader.Extensions();
        return new Witness
        {
            Crit = crit,
            Epoch = reader.Integer("epoch"),
            EpochDigest = reader.Digest("epoch_digest"),
            Ext = ext,
            Opening = reader.Hex16("opening"),
            Seal = reader.Digest("seal"),
            SeenAt = reader.Integer("seen_at"),
            Segment = reader.Digest("segment"),
            Seq = reader.Integer("seq"),
        };
    }

    /// <inheritdoc/>
    public override void WriteMembers(CanonicalWriter writer)
    {
        ArgumentNullException.ThrowIfNull(writer);
        writer.Texts("crit", Crit);
        writer.Member("epoch", Epoch);
        writer.Member("epoch_digest", EpochDigest);
        writer.Extensions("ext", Ext);
        writer.Member("opening", Opening);
        writer.Member("seal", Seal);
        writer.Member("seen_at", SeenAt);
        writer.Member("segment", Segment);
        writer.Member("seq", Seq);
    }
}
