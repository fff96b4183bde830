namespace Fairlead.Naming;

/// <summary>
/// The last state of an epoch, certified for its successor; never served as a seal (V62).
/// </summary>
public sealed record Handover : Document, IDocument<Handover>
{
    /// <inheritdoc/>
    public static DocumentType Type { get; } = new("handover", Limits.StatementBytes);

    /// <summary>Leaves in the tree.</summary>
    public required long Count { get; init; }

    /// <summary>The epoch that ends.</summary>
    public required long Epoch { get; init; }

    /// <summary>When it was proposed.</summary>
    public required long Issued { get; init; }

    /// <summary>The digest of the epoch that follows.</summary>
    public required Digest Next { get; init; }

    /// <summary>The certified seal before.</summary>
    public Digest? Prev { get; init; }

    /// <summary>The root of the tree.</summary>
    public required Digest Root { get; init; }

    /// <summary>The genesis digest.</summary>
    public required Digest Segment { get; init; }

    /// <summary>Rises within the epoch, in one space with its seals.</summary>
    public required long Seq { get; init; }

    /// <inheritdoc/>
    public static Handover Read(DocumentReader reader)
    {
        ArgumentNullException.ThrowIfNull(reader);
        var (crit, ext) = reader.Extensions();
        return new Handover
        {
            Count = reader.Integer("count"),
            Crit = crit,
            Epoch = reader.Integer("epoch"),
            Ext = ext,
            Issued = reader.Integer("issued"),
            Next = reader.Digest("next"),
            Prev = reader.OptionalDigest("prev"),
            Root = reader.Digest("root"),
            Segment = reader.Digest("segment"),
            Seq = reader.Integer("seq"),
        };
    }

    /// <inheritdoc/>
    public override void WriteMembers(CanonicalWriter writer)
    {
        ArgumentNullException.ThrowIfNull(writer);
        writer.Member("count", Count);
        writer.Texts("crit", Crit);
        writer.Member("epoch", Epoch);
        writer.Extensions("ext", Ext);
        writer.Member("issued", Issued);
        writer.Member("next", Next);
        writer.Member("prev", Prev);
        writer.Member("root", Root);
        writer.Member("segment", Segment);
        writer.Member("seq", Seq);
    }
}
