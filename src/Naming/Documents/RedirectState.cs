namespace Fairlead.Naming;

/// <summary>How far a migration is.</summary>
public static class RedirectState
{
    /// <summary>It still answers here; nothing changes.</summary>
    public const string Frozen = "frozen";

    /// <summary>It will be answered here.</summary>
    public const string Incoming = "incoming";

    /// <summary>It is answered there.</summary>
    public const string Moved = "moved";
}
