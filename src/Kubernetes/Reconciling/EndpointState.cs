namespace Fairlead.Kubernetes.Reconciling;

/// <summary>Whether an endpoint takes traffic.</summary>
public enum EndpointState
{
    /// <summary>It does.</summary>
    Ready,

    /// <summary>It is going away: it ends what it began and should get nothing new.</summary>
    Draining,

    /// <summary>It does not.</summary>
    Unready,
}
