using System.Net;

namespace Fairlead.Rpc;

/// <summary>Where an <see cref="RpcServer"/> listens. Immutable.</summary>
public sealed class RpcEndpoint
{
    private RpcEndpoint(IPEndPoint? address, string? path, UnixFileMode mode, RpcServerTls? tls)
    {
        Address = address;
        SocketPath = path;
        SocketMode = mode;
        Tls = tls;
    }

    /// <summary>The address and port; null for a unix socket.</summary>
    public IPEndPoint? Address { get; }

    /// <summary>The socket's file; null for TCP.</summary>
    public string? SocketPath { get; }

    /// <summary>The mode of the socket's file, set before anyone can connect.</summary>
    public UnixFileMode SocketMode { get; }

    /// <summary>TLS, or null for cleartext HTTP/2 with prior knowledge (h2c).</summary>
    public RpcServerTls? Tls { get; }

    /// <summary>An address; port 0 for any free one.</summary>
    public static RpcEndpoint Tcp(IPEndPoint address, RpcServerTls? tls = null)
    {
        ArgumentNullException.ThrowIfNull(address);
        return new RpcEndpoint(address, null, default, tls);
    }

    /// <summary>A unix socket. A dead socket's file is replaced, a living one is an error.</summary>
    public static RpcEndpoint Unix(
        string path,
        UnixFileMode mode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
        RpcServerTls? tls = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        return new RpcEndpoint(null, Path.GetFullPath(path), mode, tls);
    }

    /// <summary>The address as a channel's target: <c>http://…</c>, <c>https://…</c> or <c>unix:/…</c>.</summary>
    public override string ToString() =>
        SocketPath is not null ? $"unix:{SocketPath}" : $"{(Tls is null ? "http" : "https")}://{Address}";
}
