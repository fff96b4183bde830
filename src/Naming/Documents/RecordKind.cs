namespace Fairlead.Naming;

/// <summary>What a record describes.</summary>
public static class RecordKind
{
    /// <summary>Endpoints with names of their own.</summary>
    public const string Headless = "headless";

    /// <summary>Endpoints that are interchangeable.</summary>
    public const string Service = "service";
}
