namespace Fairlead.Rpc;

/// <summary>The closed set of gRPC result codes, by their numbers on the wire.</summary>
public enum StatusCode
{
    /// <summary>The call succeeded.</summary>
    OK = 0,

    /// <summary>The caller gave the call up.</summary>
    Cancelled = 1,

    /// <summary>An error with no better code, such as an exception a handler let escape.</summary>
    Unknown = 2,

    /// <summary>The request is wrong whatever the state of the server.</summary>
    InvalidArgument = 3,

    /// <summary>The deadline passed before the call ended.</summary>
    DeadlineExceeded = 4,

    /// <summary>What was asked for does not exist.</summary>
    NotFound = 5,

    /// <summary>What was to be created exists.</summary>
    AlreadyExists = 6,

    /// <summary>The caller is known and may not do this.</summary>
    PermissionDenied = 7,

    /// <summary>A limit or quota is used up; also a message over the size limit.</summary>
    ResourceExhausted = 8,

    /// <summary>The state of the server does not allow the operation.</summary>
    FailedPrecondition = 9,

    /// <summary>The operation lost against a concurrent one.</summary>
    Aborted = 10,

    /// <summary>The request goes past the valid range.</summary>
    OutOfRange = 11,

    /// <summary>The server does not know the method or the encoding.</summary>
    Unimplemented = 12,

    /// <summary>The protocol was broken by either side.</summary>
    Internal = 13,

    /// <summary>The server cannot be reached now; a retry may help.</summary>
    Unavailable = 14,

    /// <summary>Data are lost or corrupt.</summary>
    DataLoss = 15,

    /// <summary>The caller is not known.</summary>
    Unauthenticated = 16,
}
