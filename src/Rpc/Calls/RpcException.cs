namespace Fairlead.Rpc;

/// <summary>
/// A call that did not end with <see cref="StatusCode.OK"/>. Thrown to callers of a client; thrown by a handler it
/// sets the call's status and adds <see cref="Trailers"/>.
/// </summary>
public class RpcException : Exception
{
    /// <summary>A failure with a status only.</summary>
    public RpcException(Status status)
        : this(status, Metadata.Empty)
    {
    }

    /// <summary>A failure with a status and its trailers.</summary>
    public RpcException(Status status, Metadata trailers)
        : this(status, trailers, status.ToString())
    {
    }

    /// <summary>A failure with a status, its trailers and a message of one's own.</summary>
    public RpcException(Status status, Metadata trailers, string message)
        : base(message, status.DebugException)
    {
        ArgumentNullException.ThrowIfNull(trailers);
        Status = status;
        Trailers = trailers;
    }

    /// <summary>The status of the call.</summary>
    public Status Status { get; }

    /// <summary>The code of <see cref="Status"/>.</summary>
    public StatusCode StatusCode => Status.StatusCode;

    /// <summary>The trailers the server sent; empty if none came.</summary>
    public Metadata Trailers { get; }
}
