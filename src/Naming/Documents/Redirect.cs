namespace Fairlead.Naming;

/// <summary>
/// A record that moves to another segment.
/// </summary>
public sealed record Redirect : OpMadeLeaf, IDocument<Redirect>
{
    /// <inheritdoc/>
    public static DocumentType Type { get; } = new("redirect");

    /// <inheritdoc/>
    public override LeafClass Class => LeafClass.Redirect;

    /// <inheritdoc/>
    public override string LeafName => Name.Text;

    /// <summary>The other segment.</summary>
    public required Digest Genesis { get; init; }

    /// <summary>The service part here.</summary>
    public required ServicePart Name { get; init; }

    /// <summary>One of <see cref="RedirectState"/>.</summary>
    public required string State { get; init; }

    /// <summary>The absolute name there.</summary>
    public required FullName Target { get; init; }

    /// <summary>The record's uid.</summary>
    public required Hex16 Uid { get; init; }

    /// <summary>Until when it holds; absent = final.</summary>
    public long? Until { get; init; }

    /// <summary>The version that moved.</summary>
    public long? Version { get; init; }

    /// <inheritdoc/>
    public static Redirect Read(DocumentReader reader)
    {
        ArgumentNullException.ThrowIfNull(reader);
        var (crit, ext) = reader.Extensions();
        return new Redirect
        {
            Crit = crit,
            Ext = ext,
            Genesis = reader.Digest("genesis"),
            Made = reader.Integer("made"),
            Name = reader.Value<ServicePart>("name", ServicePart.TryParse),
            Opening = reader.Hex16("opening"),
            State = reader.Choice("state", RedirectState.Frozen, RedirectState.Incoming, RedirectState.Moved),
            Target = reader.Value<FullName>("target", FullName.TryParse),
            Uid = reader.Hex16("uid"),
            Until = reader.OptionalInteger("until"),
            Version = reader.OptionalInteger("version"),
        };
    }

    /// <inheritdoc/>
    public override void WriteMembers(CanonicalWriter writer)
    {
        ArgumentNullException.ThrowIfNull(writer);
        writer.Texts("crit", Crit);
        writer.Extensions("ext", Ext);
        writer.Member("genesis", Genesis);
        writer.Member("made", Made);
        writer.Member("name", Name);
        writer.Member("opening", Opening);
        writer.Member("state", State);
        writer.Member("target", Target);
        writer.Member("uid", Uid);
        writer.Member("until", Until);
        writer.Member("version", Version);
    }
}
