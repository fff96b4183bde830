namespace Fairlead.Sidecar.Proxy.Tls;

/// <summary>Why an endpoint's certificate was refused.</summary>
internal enum CertificateRefusal
{
    /// <summary>It showed none.</summary>
    Missing,

    /// <summary>It is no X.509 SVID: not exactly one URI name, or that is no SPIFFE id, or it may sign
    /// certificates.</summary>
    NotAnSvid,

    /// <summary>Its identity is not one of those that the verified answer gives the endpoint.</summary>
    WrongIdentity,

    /// <summary>There is no bundle of its identity's trust domain.</summary>
    NoBundle,

    /// <summary>It is not yet, or no longer, in its time.</summary>
    OutOfTime,

    /// <summary>It may not be used by a server.</summary>
    WrongUse,

    /// <summary>No authority of its own trust domain vouches for it.</summary>
    UnknownAuthority,
}
