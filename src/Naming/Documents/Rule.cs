using System.Collections.Immutable;

namespace Fairlead.Naming;

/// <summary>
/// Who may resolve, or be led through to, which names.
/// </summary>
public sealed record Rule : OpMadeLeaf, IDocument<Rule>
{
    /// <inheritdoc/>
    public static DocumentType Type { get; } = new("rule");

    /// <inheritdoc/>
    public override LeafClass Class => LeafClass.Rule;

    /// <inheritdoc/>
    public override string LeafName => Id;

    /// <summary>What an allow is bound to.</summary>
    public Constraints? Constraints { get; init; }

    /// <summary>One of <see cref="RuleEffect"/>.</summary>
    public required string Effect { get; init; }

    /// <summary>Its name in the segment.</summary>
    public required string Id { get; init; }

    /// <summary>The names it speaks of.</summary>
    public required ImmutableArray<NamePattern> Names { get; init; }

    /// <summary>Whom it speaks of.</summary>
    public required ImmutableArray<RuleSubject> Subjects { get; init; }

    /// <inheritdoc/>
    public static Rule Read(DocumentReader reader)
    {
        ArgumentNullException.ThrowIfNull(reader);
        var (crit, ext) = reader.Extensions();
        return new Rule
        {
            Constraints = reader.OptionalObject("constraints", Constraints.Read),
            Crit = crit,
            Effect = reader.Choice("effect", RuleEffect.Allow, RuleEffect.Deny),
            Ext = ext,
            Id = reader.Text("id"),
            Made = reader.Integer("made"),
            Names = reader.Required("names", reader.Values<NamePattern>("names", NamePattern.TryParse)),
            Opening = reader.Hex16("opening"),
            Subjects = reader.Required(
                "subjects", reader.Objects("subjects", RuleSubject.Read, Limits.ListItems, RuleSubject.Compare)),
        };
    }

    /// <inheritdoc/>
    public override void WriteMembers(CanonicalWriter writer)
    {
        ArgumentNullException.ThrowIfNull(writer);
        writer.Object("constraints", Constraints, static (inner, value) => value.WriteMembers(inner));
        writer.Texts("crit", Crit);
        writer.Member("effect", Effect);
        writer.Extensions("ext", Ext);
        writer.Member("id", Id);
        writer.Member("made", Made);
        writer.Texts("names", Names);
        writer.Member("opening", Opening);
        writer.Objects("subjects", Subjects, static (inner, value) => value.WriteMembers(inner));
    }
}
