namespace Fairlead.Rpc;

/// <summary>Whether callers show a client certificate.</summary>
public enum ClientKeyMode
{
    /// <summary>None is asked for.</summary>
    None,

    /// <summary>Asked for; a call without one has no <see cref="ServerCallContext.PeerKey"/>.</summary>
    Optional,

    /// <summary>A connection without one is refused.</summary>
    Required,
}
