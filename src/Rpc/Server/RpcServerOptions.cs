using Microsoft.Extensions.Logging;

namespace Fairlead.Rpc;

/// <summary>Options of an <see cref="RpcServer"/>. Do not change once it runs.</summary>
public sealed class RpcServerOptions
{
    /// <summary>Where to listen; at least one.</summary>
    public IList<RpcEndpoint> Endpoints { get; } = [];

    /// <summary>What to serve.</summary>
    public IList<ServerServiceDefinition> Services { get; } = [];

    /// <summary>How calls are served.</summary>
    public RpcServiceOptions Calls { get; set; } = new();

    /// <summary>Streams at once on one connection; the usual 100 starves callers that hold streams.</summary>
    /// <value>Default 100,000.</value>
    public int MaxStreamsPerConnection { get; set; } = 100_000;

    /// <summary>Bytes of one call's responses that may wait for its reader before the next write waits. A message is
    /// taken whole, whatever its size.</summary>
    /// <value>Default 16 KiB: a thousand callers that come back at once are told a lot at once.</value>
    public long MaxResponseBufferSize { get; set; } = 16 << 10;

    /// <summary>Silence after which a connection is pinged.</summary>
    /// <value>Default 30 s; <see cref="TimeSpan.MaxValue"/> for never.</value>
    public TimeSpan KeepAlivePeriod { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>Time for the answer of a ping, after which the connection is closed.</summary>
    /// <value>Default 20 s.</value>
    public TimeSpan KeepAliveTimeout { get; set; } = TimeSpan.FromSeconds(20);

    /// <summary>Time for calls to end when the server stops, after which they are cut off.</summary>
    /// <value>Default 5 s.</value>
    public TimeSpan StopTimeout { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>Where to log.</summary>
    /// <value>Default null: nowhere.</value>
    public ILoggerFactory? LoggerFactory { get; set; }
}
