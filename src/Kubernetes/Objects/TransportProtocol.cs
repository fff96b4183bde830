namespace Fairlead.Kubernetes.Objects;

/// <summary>The <c>protocol</c> of a port as Kubernetes means it: the transport, not what is spoken over it.</summary>
public enum TransportProtocol
{
    /// <summary>TCP, the default.</summary>
    Tcp,

    /// <summary>UDP.</summary>
    Udp,

    /// <summary>SCTP.</summary>
    Sctp,
}
