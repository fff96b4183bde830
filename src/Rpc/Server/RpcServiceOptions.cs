namespace Fairlead.Rpc;

/// <summary>How calls are served. Do not change once in use.</summary>
public sealed class RpcServiceOptions
{
    /// <summary>The largest message taken, after decompression, where the method has no limit of its own.</summary>
    /// <value>Default 4 MiB; a larger one fails the call with <see cref="StatusCode.ResourceExhausted"/>.</value>
    public int MaxReceiveMessageBytes { get; set; } = RpcDefaults.MaxMessageBytes;

    /// <summary>The largest message sent, where the method has no limit of its own.</summary>
    /// <value>Default 4 MiB.</value>
    public int MaxSendMessageBytes { get; set; } = RpcDefaults.MaxMessageBytes;

    /// <summary>
    /// Time for one request to come in whole: from the begin of a call that has one request, else from the request's
    /// first byte; between the requests of a stream there is no limit. One that is read in pieces has as long for each.
    /// The largest request of 2 MiB needs 140 kbit/s.
    /// </summary>
    /// <value>Default 2 min, after which the call ends with <see cref="StatusCode.DeadlineExceeded"/>;
    /// <see cref="Timeout.InfiniteTimeSpan"/> for never.</value>
    public TimeSpan ReadTimeout { get; set; } = TimeSpan.FromMinutes(2);

    /// <summary>Time for one write of a stream, after which a reader that takes nothing is cut off.</summary>
    /// <value>Default 30 s; <see cref="Timeout.InfiniteTimeSpan"/> for never.</value>
    public TimeSpan WriteTimeout { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>
    /// How long a handler may outlive its deadline or the server's stop before its stream is reset.
    /// </summary>
    /// <value>Default 1 s.</value>
    public TimeSpan HandlerGrace { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>The clock of deadlines and timeouts.</summary>
    /// <value>Default the system's.</value>
    public TimeProvider TimeProvider { get; set; } = TimeProvider.System;
}
