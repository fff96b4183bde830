namespace Fairlead.Naming;

/// <summary>What an epoch's quorum is not worth: computed, never chosen (V11).</summary>
public static class AssuranceTags
{
    /// <summary>F = 0: one lying anchor can lie.</summary>
    public const string Crash = "crash";

    /// <summary>One administrator holds a threshold.</summary>
    public const string SingleAdmin = "single-admin";

    /// <summary>One machine holds a threshold.</summary>
    public const string SingleHost = "single-host";

    /// <summary>All there are: a policy that refuses another one refuses nobody.</summary>
    public static IReadOnlyList<string> All { get; } = [Crash, SingleAdmin, SingleHost];
}
