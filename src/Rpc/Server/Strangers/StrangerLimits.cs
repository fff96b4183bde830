namespace Fairlead.Rpc;

/// <summary>
/// What callers may hold of a server together whom it has not accepted (<see cref="ServerCallContext.Accept"/>). Who is
/// accepted is not counted any more, so that no stranger's limit is a caller's. Do not change once in use.
/// </summary>
public sealed class StrangerLimits
{
    /// <summary>Connections of strangers at once, handshakes included. With one more, the oldest one is dropped of the
    /// address that has most: an IPv4 address, or the /48 of an IPv6 address.</summary>
    /// <value>Default 2,048: room for a thousand callers who come back at once from one address.</value>
    public int Connections { get; set; } = 2_048;

    /// <summary>Bytes that are held for strangers together: the buffers of their connections, with what no call has
    /// read yet and responses that were not read, and for each open call its requests, its headers and 8 KiB. With one
    /// more, the connection that has most is dropped of the address that has most.</summary>
    /// <value>Default 64 MiB.</value>
    public long Bytes { get; set; } = 64 << 20;

    /// <summary>Calls at once on a stranger's connection; one more is refused.</summary>
    /// <value>Default 100, as HTTP/2 recommends at least (RFC 9113, 6.5.2).</value>
    public int CallsAtOnce { get; set; } = 100;

    /// <summary>Calls in all on a stranger's connection, after which it is closed when they have ended.</summary>
    /// <value>Default 1,024.</value>
    public int CallsInAll { get; set; } = 1_024;

    /// <summary>How long a stranger's connection may have no call.</summary>
    /// <value>Default 30 s.</value>
    public TimeSpan Idle { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>How long a connection may be a stranger's, whatever is asked on it: the longest chain is shown in a few
    /// minutes.</summary>
    /// <value>Default 10 min.</value>
    public TimeSpan Life { get; set; } = TimeSpan.FromMinutes(10);

    /// <summary>Told of each refusal; null for nobody. Must be quick and thread-safe.</summary>
    public Action<StrangerRefusal>? Refused { get; set; }
}
