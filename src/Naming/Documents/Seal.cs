namespace Fairlead.Naming;

/// <summary>
/// A certified state of a segment's tree, signed by t_seal seal keys of its epoch.
/// </summary>
public sealed record Seal : Document, IDocument<Seal>
{
    /// <inheritdoc/>
    public static DocumentType Type { get; } = new("seal", Limits.StatementBytes);

    /// <summary>Leaves in the tree.</summary>
    public required long Count { get; init; }

    /// <summary>The epoch's number.</summary>
    public required long Epoch { get; init; }

    /// <summary>The epoch's digest.</summary>
    public required Digest EpochDigest { get; init; }

    /// <summary>When it ends.</summary>
    public required long Expires { get; init; }

    /// <summary>When it was proposed.</summary>
    public required long Issued { get; init; }

    /// <summary>The certified seal or handover before.</summary>
    public Digest? Prev { get; init; }

    /// <summary>The root of the tree.</summary>
    public required Digest Root { get; init; }

    /// <summary>The genesis digest.</summary>
    public required Digest Segment { get; init; }

    /// <summary>Rises within the epoch.</summary>
    public required long Seq { get; init; }

    /// <inheritdoc/>
    public static Seal Read(DocumentReader reader)
    {
        ArgumentNullException.ThrowIfNull(reader);
        var (crit, ext) = reader.Extensions();
        return new Seal
        {
            Count = reader.Integer("count"),
            Crit = crit,
            Epoch = reader.Integer("epoch"),
            EpochDigest = reader.Digest("epoch_digest"),
            Expires = reader.Integer("expires"),
            Ext = ext,
            Issued = reader.Integer("issued"),
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
        writer.Member("epoch_digest", EpochDigest);
        writer.Member("expires", Expires);
        writer.Extensions("ext", Ext);
        writer.Member("issued", Issued);
        writer.Member("prev", Prev);
        writer.Member("root", Root);
        writer.Member("segment", Segment);
        writer.Member("seq", Seq);
    }
}
