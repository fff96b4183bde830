namespace Fairlead.Naming;

/// <summary>
/// One anchor's decision about an asker.
/// </summary>
public sealed record Attest : Document, IDocument<Attest>
{
    /// <inheritdoc/>
    public static DocumentType Type { get; } = new("attest");

    /// <summary>What an allow is bound to.</summary>
    public Constraints? Constraints { get; init; }

    /// <summary>One of <see cref="RuleEffect"/>.</summary>
    public required string Decision { get; init; }

    /// <summary>The segment's epoch.</summary>
    public required long Epoch { get; init; }

    /// <summary>When it ends.</summary>
    public required long Expires { get; init; }

    /// <summary>The asker's home.</summary>
    public required Digest Home { get; init; }

    /// <summary>When it was decided.</summary>
    public required long Issued { get; init; }

    /// <summary>The segment the path goes on to.</summary>
    public Digest? Next { get; init; }

    /// <summary>The policy digest.</summary>
    public required Digest Policy { get; init; }

    /// <summary>When it is to be renewed.</summary>
    public required long Renew { get; init; }

    /// <summary>One of <see cref="AttestRole"/>.</summary>
    public required string Role { get; init; }

    /// <summary>The deciding Rule; absent where none decided.</summary>
    public Digest? Rule { get; init; }

    /// <summary>The names it is about.</summary>
    public required NamePattern Scope { get; init; }

    /// <summary>Who decides.</summary>
    public required Digest Segment { get; init; }

    /// <summary>The subject digest; absent for a transit.</summary>
    public Digest? Subject { get; init; }

    /// <inheritdoc/>
    public static Attest Read(DocumentReader reader)
    {
        ArgumentNullException.ThrowIfNull(reader);
        var (crit, ext) = reader.Extensions(Limits.AttestExtBytes);
        return new Attest
        {
            Constraints = reader.OptionalObject("constraints", Constraints.Read),
            Crit = crit,
            Decision = reader.Choice("decision", RuleEffect.Allow, RuleEffect.Deny),
            Epoch = reader.Integer("epoch"),
            Expires = reader.Integer("expires"),
            Ext = ext,
            Home = reader.Digest("home"),
            Issued = reader.Integer("issued"),
            Next = reader.OptionalDigest("next"),
            Policy = reader.Digest("policy"),
            Renew = reader.Integer("renew"),
            Role = reader.Choice("role", AttestRole.Home, AttestRole.Target, AttestRole.Transit),
            Rule = reader.OptionalDigest("rule"),
            Scope = reader.Value<NamePattern>("scope", NamePattern.TryParse),
            Segment = reader.Digest("segment"),
            Subject = reader.OptionalDigest("subject"),
        };
    }

    /// <inheritdoc/>
    public override void WriteMembers(CanonicalWriter writer)
    {
        ArgumentNullException.ThrowIfNull(writer);
        writer.Object("constraints", Constraints, static (inner, value) => value.WriteMembers(inner));
        writer.Texts("crit", Crit);
        writer.Member("decision", Decision);
        writer.Member("epoch", Epoch);
        writer.Member("expires", Expires);
        writer.Extensions("ext", Ext);
        writer.Member("home", Home);
        writer.Member("issued", Issued);
        writer.Member("next", Next);
        writer.Member("policy", Policy);
        writer.Member("renew", Renew);
        writer.Member("role", Role);
        writer.Member("rule", Rule);
        writer.Member("scope", Scope);
        writer.Member("segment", Segment);
        writer.Member("subject", Subject);
    }
}
