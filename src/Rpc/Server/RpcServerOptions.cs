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

    /// <summary>What callers may hold who were not accepted, on endpoints of addresses.</summary>
    /// <value>Default null: all callers are as good as accepted.</value>
    public StrangerLimits? Strangers { get; set; }

    /// <summary>Connections at once, whoever has them; one more is closed at once.</summary>
    /// <value>Default 65,536.</value>
    public int MaxConnections { get; set; } = 65_536;

    /// <summary>Time for a TLS handshake, and for the headers of a call once they begin.</summary>
    /// <value>Default 10 s, after which the connection is closed.</value>
    public TimeSpan OpeningTimeout { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>Bytes of one call's responses that may wait for its reader before the next write waits. A message is
    /// taken whole, whatever its size.</summary>
    /// <value>Default <see cref="RpcDefaults.BufferedBytes"/>.</value>
    public long MaxResponseBufferSize { get; set; } = RpcDefaults.BufferedBytes;

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
