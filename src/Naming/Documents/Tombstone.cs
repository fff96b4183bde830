namespace Fairlead.Naming;

/// <summary>
/// Holds still what lies at or under a label.
/// </summary>
public sealed record Tombstone : OpMadeLeaf, IDocument<Tombstone>
{
    /// <inheritdoc/>
    public static DocumentType Type { get; } = new("tombstone");

    /// <inheritdoc/>
    public override LeafClass Class => LeafClass.Tombstone;

    /// <inheritdoc/>
    public override string LeafName => At.Text;

    /// <summary>Where it stands.</summary>
    public required LinkPoint At { get; init; }

    /// <summary>The segment that an operation may link there.</summary>
    public required Digest Genesis { get; init; }

    /// <summary>Until when it holds.</summary>
    public required long Until { get; init; }

    /// <inheritdoc/>
    public static Tombstone Read(DocumentReader reader)
    {
        ArgumentNullException.ThrowIfNull(reader);
        var (crit, ext) = reader.Extensions();
        return new Tombstone
        {
            At = reader.Value<LinkPoint>("at", LinkPoint.TryParse),
            Crit = crit,
            Ext = ext,
            Genesis = reader.Digest("genesis"),
            Made = reader.Integer("made"),
            Opening = reader.Hex16("opening"),
            Until = reader.Integer("until"),
        };
    }

    /// <inheritdoc/>
    public override void WriteMembers(CanonicalWriter writer)
    {
        ArgumentNullException.ThrowIfNull(writer);
        writer.Member("at", At);
        writer.Texts("crit", Crit);
        writer.Extensions("ext", Ext);
        writer.Member("genesis", Genesis);
        writer.Member("made", Made);
        writer.Member("opening", Opening);
        writer.Member("until", Until);
    }
}
