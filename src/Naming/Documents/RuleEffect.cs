namespace Fairlead.Naming;

/// <summary>What a Rule or an Attest says.</summary>
public static class RuleEffect
{
    /// <summary>Yes.</summary>
    public const string Allow = "allow";

    /// <summary>No.</summary>
    public const string Deny = "deny";
}
