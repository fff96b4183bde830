namespace Fairlead.Kubernetes.Objects;

/// <summary>The <c>addressType</c> of an EndpointSlice.</summary>
public enum AddressType
{
    /// <summary>IPv4 addresses.</summary>
    IPv4,

    /// <summary>IPv6 addresses.</summary>
    IPv6,

    /// <summary>DNS names, which a record cannot carry.</summary>
    Fqdn,
}
