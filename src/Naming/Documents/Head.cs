namespace Fairlead.Naming;

/// <summary>
/// An anchor's newest certified seal, said for one nonce (V41).
/// </summary>
public sealed record Head : Document, IDocument<Head>
{
    /// <inheritdoc/>
    public static DocumentType Type { get; } = new("head", Limits.StatementBytes);

    /// <summary>The seal's epoch.</summary>
    public required long Epoch { get; init; }

    /// <summary>The asker's.</summary>
    public required Hex16 Nonce { get; init; }

    /// <summary>The seal.</summary>
    public required Digest Seal { get; init; }

    /// <summary>The genesis digest.</summary>
    public required Digest Segment { get; init; }

    /// <summary>The seal's seq.</summary>
    public required long Seq { get; init; }

    /// <summary>The anchor's clock.</summary>
    public required long Time { get; init; }

    /// <inheritdoc/>
    public static Head Read(DocumentReader reader)
    {
        ArgumentNullException.ThrowIfNull(reader);
        var (crit, ext) = reader.Extensions();
        return new Head
        {
            Crit = crit,
            Epoch = reader.Integer("epoch"),
            Ext = ext,
            Nonce = reader.Hex16("nonce"),
            Seal = reader.Digest("seal"),
            Segment = reader.Digest("segment"),
            Seq = reader.Integer("seq"),
            Time = reader.Integer("time"),
        };
    }

    /// <inheritdoc/>
    public override void WriteMembers(CanonicalWriter writer)
    {
        ArgumentNullException.ThrowIfNull(writer);
        writer.Texts("crit", Crit);
        writer.Member("epoch", Epoch);
        writer.Extensions("ext", Ext);
        writer.Member("nonce", Nonce);
        writer.Member("seal", Seal);
        writer.Member("segment", Segment);
        writer.Member("seq", Seq);
        writer.Member("time", Time);
    }
}
