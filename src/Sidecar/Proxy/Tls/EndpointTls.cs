using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using Fairlead.Identities;
using Fairlead.Sidecar.Proxy.Balancing;
using Microsoft.Extensions.Logging;

namespace Fairlead.Sidecar.Proxy.Tls;

/// <summary>
/// Connections to one endpoint over mutual TLS. Made here and not by the HTTP client, which asks for the name that
/// stands in the request's Host field: an endpoint is asked for by the name of its own segment. Thread-safe.
/// </summary>
internal sealed class EndpointTls(EndpointKey key, Svid svid, TimeProvider time, ILogger logger)
{
    /// <summary>A connection whose other end has proved who it is, for a request of the version that it is
    /// for.</summary>
    /// <exception cref="AuthenticationException">The other end is not the endpoint, or does not speak TLS: nothing was
    /// sent.</exception>
    internal async ValueTask<Stream> ConnectAsync(
        SocketsHttpConnectionContext context, CancellationToken cancellationToken)
    {
        var socket = new Socket(key.Target.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(key.Target, cancellationToken).ConfigureAwait(false);
        }
        catch
        {
            socket.Dispose();
            throw;
        }

        var stream = new SslStream(new NetworkStream(socket, ownsSocket: true));
        try
        {
            var isHttp2 = context.InitialRequestMessage.Version >= HttpVersion.Version20;
            await stream.AuthenticateAsClientAsync(Options(isHttp2), cancellationToken).ConfigureAwait(false);
            return stream;
        }
        catch (Exception e)
        {
            await stream.DisposeAsync().ConfigureAwait(false);
            cancellationToken.ThrowIfCancellationRequested();
            throw e as AuthenticationException ?? new AuthenticationException(e.Message, e);
        }
    }

    private SslClientAuthenticationOptions Options(bool isHttp2) => new()
    {
        ApplicationProtocols = isHttp2 ? [SslApplicationProtocol.Http2] : null,
        EnabledSslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13,
        ClientCertificateContext = svid.Context,
        TargetHost = key.ServerName,
        CertificateRevocationCheckMode = X509RevocationMode.NoCheck,

        // Before it asks, the platform builds a chain of its own: it must not fetch what a certificate points to.
        CertificateChainPolicy = new X509ChainPolicy
        {
            TrustMode = X509ChainTrustMode.CustomRootTrust,
            DisableCertificateDownloads = true,
            RevocationMode = X509RevocationMode.NoCheck,
        },
        RemoteCertificateValidationCallback = (_, certificate, chain, _) => IsTheEndpoint(certificate, chain),
    };

    private bool IsTheEndpoint(X509Certificate? certificate, X509Chain? chain)
    {
        var refusal = EndpointCertificate.Check(
            certificate as X509Certificate2, chain?.ChainPolicy.ExtraStore ?? [], key.Identities, BundleOf,
            time.GetUtcNow());
        if (refusal is { } reason)
        {
            ProxyLog.CertificateRefused(
                logger, key.Target.ToString(), string.Join(' ', key.Identities), reason.ToString());
        }

        return refusal is null;
    }

    // The pod's own trust domain is told by its own files; no answer can add to it (V54, V55).
    private TrustBundle? BundleOf(string domain) =>
        svid.Bundle is { } own && own.Domain == domain ? own : key.Bundles.GetValueOrDefault(domain);
}
