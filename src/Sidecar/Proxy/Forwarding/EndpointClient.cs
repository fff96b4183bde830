using System.Net;
using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Fairlead.Identities;
using Fairlead.Sidecar.Proxy.Balancing;
using Fairlead.Sidecar.Proxy.Tls;
using Microsoft.Extensions.Logging;

namespace Fairlead.Sidecar.Proxy.Forwarding;

/// <summary>
/// The connections to one endpoint. No other endpoint's requests share them, so that who is at the other end was
/// checked for exactly this one. Closed when it is retired and its last request has ended. Thread-safe.
/// </summary>
internal sealed class EndpointClient
{
    private readonly EndpointKey _key;
    private readonly Svid? _svid;
    private readonly SvidFiles _files;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly Lock _gate = new();
    private int _active;
    private bool _isRetired;

    internal EndpointClient(EndpointKey key, SvidFiles files, ProxyOptions options, TimeProvider time, ILogger logger)
    {
        (_key, _files, _time, _logger) = (key, files, time, logger);
        _svid = key.IsTls ? files.Current : null;
        var handler = new SocketsHttpHandler
        {
            UseProxy = false,
            UseCookies = false,
            AllowAutoRedirect = false,
            AutomaticDecompression = DecompressionMethods.None,
            EnableMultipleHttp2Connections = true,
            ActivityHeadersPropagator = null,
            ConnectTimeout = options.ConnectTimeout,
            PooledConnectionLifetime = options.ConnectionLifetime,
            PooledConnectionIdleTimeout = TimeSpan.FromMinutes(1),
            MaxConnectionsPerServer = 1024,
            MaxResponseHeadersLength = 64,
            RequestHeaderEncodingSelector = (_, _) => Encoding.Latin1,
            ResponseHeaderEncodingSelector = (_, _) => Encoding.Latin1,
        };
        if (_svid is not null)
        {
            handler.SslOptions = Tls(_svid);
        }

        Invoker = new HttpMessageInvoker(handler, disposeHandler: true);
    }

    /// <summary>Sends requests to this endpoint.</summary>
    internal HttpMessageInvoker Invoker { get; }

    /// <summary>Whether the pod has what the endpoint's TLS needs.</summary>
    internal bool CanConnect => !_key.IsTls || _svid is not null;

    /// <summary>Whether the pod's certificate is still the one that these connections show.</summary>
    internal bool IsCurrent => !_key.IsTls || ReferenceEquals(_files.Current, _svid);

    /// <summary>Whether it is closed; for tests.</summary>
    internal bool IsClosed { get; private set; }

    /// <summary>A request begins.</summary>
    internal void Enter()
    {
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(IsClosed, this);
            _active++;
        }
    }

    /// <summary>A request has ended.</summary>
    internal void Leave()
    {
        lock (_gate)
        {
            _active--;
            CloseIfDone();
        }
    }

    /// <summary>No request begins any more.</summary>
    internal void Retire()
    {
        lock (_gate)
        {
            _isRetired = true;
            CloseIfDone();
        }
    }

    private void CloseIfDone()
    {
        if (_isRetired && _active == 0 && !IsClosed)
        {
            IsClosed = true;
            Invoker.Dispose();
        }
    }

    private SslClientAuthenticationOptions Tls(Svid svid) => new()
    {
        EnabledSslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13,
        ClientCertificateContext = svid.Context,
        TargetHost = _key.ServerName,
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
            certificate as X509Certificate2, chain?.ChainPolicy.ExtraStore ?? [], _key.Identities, BundleOf,
            _time.GetUtcNow());
        if (refusal is { } reason)
        {
            ProxyLog.CertificateRefused(
                _logger, _key.Target.ToString(), string.Join(' ', _key.Identities), reason.ToString());
        }

        return refusal is null;
    }

    // The pod's own trust domain is told by its own files; no answer can add to it (V54, V55).
    private TrustBundle? BundleOf(string domain) =>
        _svid?.Bundle is { } own && own.Domain == domain ? own : _key.Bundles.GetValueOrDefault(domain);
}
