namespace Fairlead.Naming;

/// <summary>
/// One gov key's vote for an epoch in a round; of recover votes a recovery key's.
/// </summary>
public sealed record Vote : Document, IDocument<Vote>
{
    /// <inheritdoc/>
    public static DocumentType Type { get; } = new("vote", Limits.StatementBytes);

    /// <summary>The epoch voted for.</summary>
    public required Digest Digest { get; init; }

    /// <summary>Its number.</summary>
    public required long Epoch { get; init; }

    /// <summary>One of <see cref="VotePhase"/>.</summary>
    public required string Phase { get; init; }

    /// <summary>The round.</summary>
    public required long Round { get; init; }

    /// <summary>The genesis digest.</summary>
    public required Digest Segment { get; init; }

    /// <inheritdoc/>
    public static Vote Read(DocumentReader reader)
    {
        ArgumentNullException.ThrowIfNull(reader);
        var (crit, ext) = reader.Extensions();
        return new Vote
        {
            Crit = crit,
            Digest = reader.Digest("digest"),
            Epoch = reader.Integer("epoch"),
            Ext = ext,
            Phase = reader.Choice("phase", VotePhase.Commit, VotePhase.Prepare, VotePhase.Recover),
            Round = reader.Integer("round"),
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
        writer.Member("phase", Phase);
        writer.Member("round", Round);
        writer.Member("segment", Segment);
    }
}
