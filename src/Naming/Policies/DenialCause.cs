namespace Fairlead.Naming;

/// <summary>Why Rules deny (4.1 Rules).</summary>
public enum DenialCause
{
    /// <summary>A Rule that matches denies.</summary>
    Deny,

    /// <summary>No Rule matches, and the asker is of another segment.</summary>
    NoAllow,

    /// <summary>The Rules that allow leave no region that all of them admit.</summary>
    NoRegion,
}
