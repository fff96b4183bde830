using System.Collections.Immutable;

namespace Fairlead.Naming;

/// <summary>
/// What an epoch changes among the op-made leaves. The leaves travel beside it, to anchors only.
/// </summary>
public sealed record Manifest : Document, IDocument<Manifest>
{
    /// <inheritdoc/>
    public static DocumentType Type { get; } = new("manifest");

    /// <summary>Ascending by (class, name).</summary>
    public required ImmutableArray<ManifestChange> Changes { get; init; }

    /// <inheritdoc/>
    public static Manifest Read(DocumentReader reader)
    {
        ArgumentNullException.ThrowIfNull(reader);
        var (crit, ext) = reader.Extensions();
        return new Manifest
        {
            Changes = reader.Required(
                "changes", reader.Objects("changes", ManifestChange.Read, Limits.ListItems, ManifestChange.Compare)),
            Crit = crit,
            Ext = ext,
        };
    }

    /// <inheritdoc/>
    public override void WriteMembers(CanonicalWriter writer)
    {
        ArgumentNullException.ThrowIfNull(writer);
        writer.Objects("changes", Changes, static (inner, value) => value.WriteMembers(inner));
        writer.Texts("crit", Crit);
        writer.Extensions("ext", Ext);
    }
}
