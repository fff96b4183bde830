namespace Fairlead.Rpc;

/// <summary>Options of an <see cref="RpcChannel"/>. Copied when the channel is made.</summary>
public sealed class RpcChannelOptions
{
    /// <summary>This side's client key.</summary>
    /// <value>None: over TLS no client certificate is shown.</value>
    public TlsIdentity? Identity { get; set; }

    /// <summary>
    /// Decides over the server's raw P-256 point (65 bytes, <c>04||X||Y</c>). Required for <c>https</c>: at first
    /// contact <c>_ => true</c>, and then <see cref="RpcChannel.ServerKey"/> says which key it was (V63). Whatever it
    /// says, one channel never accepts a second key. Called on connection threads.
    /// </summary>
    public Func<ReadOnlyMemory<byte>, bool>? ServerKeyCheck { get; set; }

    /// <summary>Time for a connection including TLS.</summary>
    /// <value>Default 5 s.</value>
    public TimeSpan ConnectTimeout { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>The largest message taken, after decompression, where the method has no smaller limit.</summary>
    /// <value>Default 4 MiB; a larger one fails the call with <see cref="StatusCode.ResourceExhausted"/>.</value>
    public int MaxReceiveMessageBytes { get; set; } = RpcDefaults.MaxMessageBytes;

    /// <summary>The largest message sent.</summary>
    /// <value>Default 4 MiB.</value>
    public int MaxSendMessageBytes { get; set; } = RpcDefaults.MaxMessageBytes;

    /// <summary>Silence after which the server is pinged while calls are open.</summary>
    /// <value>Default 20 s; <see cref="Timeout.InfiniteTimeSpan"/> for never.</value>
    public TimeSpan KeepAlivePeriod { get; set; } = TimeSpan.FromSeconds(20);

    /// <summary>Time for the answer of a ping, after which the connection is dead.</summary>
    /// <value>Default 10 s.</value>
    public TimeSpan KeepAliveTimeout { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>The <c>:authority</c> of calls.</summary>
    /// <value>Default null: the target's host and port; <c>localhost</c> over a unix socket.</value>
    public string? Authority { get; set; }

    /// <summary>The clock of deadlines.</summary>
    /// <value>Default the system's.</value>
    public TimeProvider TimeProvider { get; set; } = TimeProvider.System;
}
