namespace Fairlead.Rpc;

/// <summary>Why a stranger was not served on; each is the name of its error.</summary>
public enum StrangerRefusal
{
    /// <summary>Strangers had more connections than they may: one of those who have most was dropped.</summary>
    TooManyConnections,

    /// <summary>Strangers had the server hold more bytes than they may: the connection of one of those for whom it holds
    /// most was dropped.</summary>
    TooManyBytes,

    /// <summary>More calls at once on one connection than a stranger may have: the call was refused.</summary>
    TooManyCalls,

    /// <summary>More calls in all on one connection than a stranger may have: the connection was closed.</summary>
    TooManyStreams,

    /// <summary>A connection without a call was closed.</summary>
    Idle,

    /// <summary>A connection on which nobody was accepted in time was closed.</summary>
    TooLong,
}
