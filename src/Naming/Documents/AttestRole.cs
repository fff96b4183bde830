namespace Fairlead.Naming;

/// <summary>Where on the path the deciding segment stands (V33).</summary>
public static class AttestRole
{
    /// <summary>It is the asker's home.</summary>
    public const string Home = "home";

    /// <summary>It answers.</summary>
    public const string Target = "target";

    /// <summary>It leads through.</summary>
    public const string Transit = "transit";
}
