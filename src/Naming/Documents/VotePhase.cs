namespace Fairlead.Naming;

/// <summary>The phases of a vote (4.3.1).</summary>
public static class VotePhase
{
    /// <summary>Decides an epoch.</summary>
    public const string Commit = "commit";

    /// <summary>Prepares a commit; never a certificate.</summary>
    public const string Prepare = "prepare";

    /// <summary>By a recovery key.</summary>
    public const string Recover = "recover";
}
