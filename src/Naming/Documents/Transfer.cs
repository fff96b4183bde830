namespace Fairlead.Naming;

/// <summary>
/// A segment gives its name at a parent to another genesis (V29).
/// </summary>
public sealed record Transfer : Document, IDocument<Transfer>
{
    /// <inheritdoc/>
    public static DocumentType Type { get; } = new("transfer");

    /// <summary>Where at the parent.</summary>
    public required LinkPoint At { get; init; }

    /// <summary>The new genesis.</summary>
    public required Digest New { get; init; }

    /// <summary>The old genesis.</summary>
    public required Digest Old { get; init; }

    /// <summary>The parent's genesis.</summary>
    public required Digest Parent { get; init; }

    /// <inheritdoc/>
    public static Transfer Read(DocumentReader reader)
    {
        ArgumentNullException.ThrowIfNull(reader);
        var (crit, ext) = reader.Extensions();
        return new Transfer
        {
            At = reader.Value<LinkPoint>("at", LinkPoint.TryParse),
            Crit = crit,
            Ext = ext,
            New = reader.Digest("new"),
            Old = reader.Digest("old"),
            Parent = reader.Digest("parent"),
        };
    }

    /// <inheritdoc/>
    public override void WriteMembers(CanonicalWriter writer)
    {
        ArgumentNullException.ThrowIfNull(writer);
        writer.Member("at", At);
        writer.Texts("crit", Crit);
        writer.Extensions("ext", Ext);
        writer.Member("new", New);
        writer.Member("old", Old);
        writer.Member("parent", Parent);
    }
}
