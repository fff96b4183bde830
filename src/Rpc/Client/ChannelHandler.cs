using System.Net;
using System.Net.Sockets;

namespace Fairlead.Rpc;

/// <summary>Makes the HTTP/2 handler of a channel: no proxy, no cookies, no redirects, no tracing headers.</summary>
internal static class ChannelHandler
{
    public static SocketsHttpHandler Create(RpcChannelOptions options, string? socketPath, ServerKeyGate? keys)
    {
        var handler = new SocketsHttpHandler
        {
            UseProxy = false,
            UseCookies = false,
            AllowAutoRedirect = false,
            AutomaticDecompression = DecompressionMethods.None,
            ActivityHeadersPropagator = null,
            EnableMultipleHttp2Connections = true,
            ConnectTimeout = options.ConnectTimeout,
            KeepAlivePingDelay = options.KeepAlivePeriod,
            KeepAlivePingTimeout = options.KeepAliveTimeout,
            KeepAlivePingPolicy = HttpKeepAlivePingPolicy.WithActiveRequests,
        };
        if (socketPath is not null)
        {
            handler.ConnectCallback = (_, cancellationToken) => ConnectUnixAsync(socketPath, cancellationToken);
        }

        if (keys is not null)
        {
            TlsPolicy.Apply(handler.SslOptions);
#pragma warning disable CA5359 // It refuses by throwing, which gives the refusal a name.
            handler.SslOptions.RemoteCertificateValidationCallback = keys.Validate;
#pragma warning restore CA5359
            if (options.Identity is { Context: { } context })
            {
                handler.SslOptions.ClientCertificateContext = context;
            }
            else if (options.Identity is { } identity)
            {
                // A list is filtered by the issuers a server names; ours is self-made and is always the one.
                handler.SslOptions.LocalCertificateSelectionCallback = (_, _, _, _, _) => identity.Certificate;
            }
        }

        return handler;
    }

    private static async ValueTask<Stream> ConnectUnixAsync(string path, CancellationToken cancellationToken)
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            await socket.ConnectAsync(new UnixDomainSocketEndPoint(path), cancellationToken).ConfigureAwait(false);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}
