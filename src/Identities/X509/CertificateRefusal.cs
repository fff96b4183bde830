namespace Fairlead.Identities;

/// <summary>Why a certificate was refused.</summary>
public enum CertificateRefusal
{
    /// <summary>None was shown.</summary>
    Missing,

    /// <summary>It is no X.509 SVID: not exactly one URI name, or that is no SPIFFE id, or it may sign
    /// certificates.</summary>
    NotAnSvid,

    /// <summary>Its identity is not one of those that are expected.</summary>
    WrongIdentity,

    /// <summary>There is no bundle of its identity's trust domain.</summary>
    NoBundle,

    /// <summary>It is not yet, or no longer, in its time.</summary>
    OutOfTime,

    /// <summary>It may not be used on this side of a connection.</summary>
    WrongUse,

    /// <summary>No authority of its own trust domain vouches for it.</summary>
    UnknownAuthority,
}
