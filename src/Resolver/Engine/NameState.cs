namespace Fairlead.Resolver;

/// <summary>What a user can see of a name.</summary>
public enum NameState
{
    /// <summary>Asked for, and neither answered nor failed yet.</summary>
    Pending,

    /// <summary>Every check passed, and its time is not over.</summary>
    Fresh,

    /// <summary>Verified once, its time is over, and continuity still allows to serve it (V58).</summary>
    Stale,

    /// <summary>No answer is held and none can be had.</summary>
    Unreachable,

    /// <summary>An answer was held; its time and its continuity are over.</summary>
    Expired,

    /// <summary>A segment on the path refuses this consumer.</summary>
    Denied,

    /// <summary>The name is proven not to exist.</summary>
    Absent,
}
