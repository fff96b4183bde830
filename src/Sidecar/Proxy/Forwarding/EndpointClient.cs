using System.Net;
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
    private readonly Lock _gate = new();
    private int _active;
    private bool _isRetired;

    internal EndpointClient(EndpointKey key, SvidFiles files, ProxyOptions options, TimeProvider time, ILogger logger)
    {
        (_key, _files) = (key, files);
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
            Expect100ContinueTimeout = options.ExpectTimeout,
            PooledConnectionLifetime = options.ConnectionLifetime,
            PooledConnectionIdleTimeout = TimeSpan.FromMinutes(1),
            MaxConnectionsPerServer = 1024,
            MaxResponseHeadersLength = 64,
            RequestHeaderEncodingSelector = (_, _) => Encoding.Latin1,
            ResponseHeaderEncodingSelector = (_, _) => Encoding.Latin1,
        };
        if (_svid is not null)
        {
            handler.ConnectCallback = new EndpointTls(key, _svid, time, logger).ConnectAsync;
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
}
