namespace Fairlead.Kubernetes.Reconciling;

/// <summary>One endpoint of a desired record.</summary>
/// <param name="Address">Dotted quad, or IPv6 in the form of RFC 5952.</param>
/// <param name="Host">Its label in front of a headless service's name.</param>
/// <param name="Zone">Its zone, where known.</param>
/// <param name="State">Whether it takes traffic.</param>
/// <param name="Weight">Its weight, where the author gave one.</param>
public sealed record DesiredEndpoint(string Address, string? Host, string? Zone, EndpointState State, int? Weight)
{
    /// <summary>The network that its address is meant in; null where it is meant everywhere.</summary>
    public string? Network { get; init; }
}
