namespace Fairlead.Naming.Traversal;

/// <summary>A parsed Attest beside its signature; the anchor is known once it is verified.</summary>
internal sealed record HopAttest(Envelope Envelope, Parsed<Attest> Attest)
{
    internal Attest Value => Attest.Value;

    internal string Anchor { get; init; } = "";

    internal VerifiedAttest ToVerified(Rule? rule) => new(
        Anchor, Value.Decision == RuleEffect.Allow, Value.Issued, Value.Expires, Value.Rule, rule?.Id)
    {
        Role = Value.Role,
        Scope = Value.Scope,
        Subject = Value.Subject,
        Constraints = Value.Constraints,
        ShownRule = rule,
    };
}
