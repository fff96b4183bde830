namespace Fairlead.Kubernetes.Objects;

/// <summary>The <c>spec.type</c> of a Service. All but <see cref="ExternalName"/> can be exported.</summary>
public enum ServiceType
{
    /// <summary>A cluster-wide virtual address, or none if headless.</summary>
    ClusterIP,

    /// <summary>Also on a port of every node.</summary>
    NodePort,

    /// <summary>Also behind an external load balancer.</summary>
    LoadBalancer,

    /// <summary>An alias in DNS, without endpoints.</summary>
    ExternalName,
}
