namespace Fairlead.Naming;

/// <summary>What a Credential may allow to write.</summary>
public static class PublishedType
{
    /// <summary>Bundles.</summary>
    public const string Bundle = "bundle";

    /// <summary>Gateways.</summary>
    public const string Gateway = "gateway";

    /// <summary>Records.</summary>
    public const string Record = "record";

    /// <summary>Sets.</summary>
    public const string Set = "set";

    internal static string[] All => [Bundle, Gateway, Record, Set];
}
