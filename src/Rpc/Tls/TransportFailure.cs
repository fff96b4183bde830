namespace Fairlead.Rpc;

/// <summary>Why a connection was refused by this side.</summary>
public enum TransportFailure
{
    /// <summary>The other side's certificate holds no P-256 key in named-curve form.</summary>
    BadKey,

    /// <summary>The other side's key is not one that is accepted here (V63).</summary>
    TransportKeyMismatch,
}
