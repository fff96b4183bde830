namespace Fairlead.Naming;

/// <summary>Why an endpoint takes no new load.</summary>
public static class EndpointState
{
    /// <summary>It is going away.</summary>
    public const string Draining = "draining";

    /// <summary>It is not ready.</summary>
    public const string Unready = "unready";
}
