using System.Collections.Frozen;
using System.Net;
using System.Security.Authentication;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Fairlead.Rpc;

/// <summary>
/// A gRPC server on its own Kestrel: no configuration files, no environment, no console. Listens on several endpoints
/// at once. Thread-safe.
/// </summary>
public sealed class RpcServer : IAsyncDisposable
{
    // Bytes in a second. What the system has taken already is counted in favour of a reader, at this rate; one that
    // takes a part of what waits in each time of patience is never too slow.
    private const double SlowestReaderBytes = 1 << 20;

    private const long UncutBytes = 64 << 10;

    // A stream is cut off before its connection is. Kestrel looks once a second.
    private const double ConnectionPatience = 1.25;
    private static readonly TimeSpan ShortestPatience = TimeSpan.FromSeconds(2);

    private readonly WebApplication _app;
    private readonly CancellationTokenSource _stopping;
    private readonly StrangerLedger? _strangers;
    private int _stopped;

    private RpcServer(
        WebApplication app, CancellationTokenSource stopping, StrangerLedger? strangers,
        IReadOnlyList<RpcEndpoint> endpoints)
    {
        _app = app;
        _stopping = stopping;
        _strangers = strangers;
        Endpoints = endpoints;
    }

    /// <summary>The endpoints in the order of the options, with the ports they were given.</summary>
    public IReadOnlyList<RpcEndpoint> Endpoints { get; }

    /// <summary>How many connections nobody was accepted on yet, and how many bytes are held for them.</summary>
    public (int Connections, long Bytes) Strangers => _strangers?.Count ?? default;

    /// <summary>
    /// Listens. Throws <see cref="RpcEndpointException"/> for an endpoint that is in use or not allowed.
    /// </summary>
    public static async Task<RpcServer> StartAsync(RpcServerOptions options, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(options);
        if (options.Endpoints.Count == 0)
        {
            throw new ArgumentException("A server needs an endpoint.", nameof(options));
        }

        var handlers = options.Services
            .SelectMany(service => service.Handlers)
            .ToFrozenDictionary(handler => handler.Method.FullName, StringComparer.Ordinal);
        var stopping = new CancellationTokenSource();
        var listening = new List<ListenOptions>();
        var strangers = options.Strangers is { } limits ? new StrangerLedger(limits, options.Calls.TimeProvider) : null;
        var app = Build(options, strangers, listening);
        var logger = app.Services.GetRequiredService<ILoggerFactory>().CreateLogger<RpcServer>();
        var dispatcher = new CallDispatcher(options.Calls, logger, stopping.Token);
        app.Run(http => dispatcher.InvokeAsync(http, handlers.GetValueOrDefault(http.Request.Path.Value ?? "")));
        try
        {
            await app.StartAsync(cancellationToken).ConfigureAwait(false);
        }
        catch
        {
            await app.DisposeAsync().ConfigureAwait(false);
            strangers?.Dispose();
            stopping.Dispose();
            throw;
        }

        var bound = options.Endpoints.Zip(
            listening,
            (endpoint, listen) => listen.IPEndPoint is { } address ? RpcEndpoint.Tcp(address, endpoint.Tls) : endpoint);
        return new RpcServer(app, stopping, strangers, [.. bound]);
    }

    /// <summary>
    /// Takes no new calls, cancels the running ones (<see cref="StatusCode.Unavailable"/>), and ends when they have or
    /// after <see cref="RpcServerOptions.StopTimeout"/>.
    /// </summary>
    public async Task StopAsync(CancellationToken cancellationToken)
    {
        if (Interlocked.Exchange(ref _stopped, 1) == 0)
        {
            await _stopping.CancelAsync().ConfigureAwait(false);
            await _app.StopAsync(cancellationToken).ConfigureAwait(false);
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await StopAsync(CancellationToken.None).ConfigureAwait(false);
        await _app.DisposeAsync().ConfigureAwait(false);
        _strangers?.Dispose();
        _stopping.Dispose();
    }

    private static WebApplication Build(
        RpcServerOptions options, StrangerLedger? strangers, List<ListenOptions> listening)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().UseKestrelHttpsConfiguration();
        builder.Services.AddSingleton(options.LoggerFactory ?? NullLoggerFactory.Instance);
        builder.Services.AddSingleton<IHostLifetime, OwnedLifetime>();
        builder.Services.AddSingleton<IMemoryPoolFactory<byte>, PagePoolFactory>();
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = options.StopTimeout);
        builder.Services.Configure<SocketTransportOptions>(transport =>
        {
            transport.CreateBoundListenSocket = endPoint => ListenSockets.Bind(Find(options, endPoint));

            // What a connection brings is cut into frames where it was received, and frames are sent where they were
            // made: each change of threads between would wake one. No handler runs there. HTTP/2 begins each call, and
            // hands on what it brings, as a work item of the pool (HandlerThreadTests), so a slow one keeps nobody.
            transport.UnsafePreferInlineScheduling = true;
            if (options.Strangers is not null)
            {
                // What is not even cut into frames, as behind a ping whose answer is not read, is in no count. More of
                // it waits at the system, whose windows are as large as before.
                transport.MaxReadBufferSize = UncutBytes;
            }
        });
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            Limit(kestrel, options);
            foreach (var endpoint in options.Endpoints)
            {
                Listen(kestrel, endpoint, options.OpeningTimeout, strangers, listening);
            }
        });
        return builder.Build();
    }

    private static void Limit(KestrelServerOptions kestrel, RpcServerOptions options)
    {
        kestrel.AddServerHeader = false;

        // An Envoy whose endpoints speak TLS asks about their health by https, also in the clear.
        kestrel.AllowAlternateSchemes = true;
        var limits = kestrel.Limits;
        limits.MinRequestBodyDataRate = null;
        limits.MaxResponseBufferSize = options.MaxResponseBufferSize;
        limits.MinResponseDataRate = SlowestReader(options.Calls.WriteTimeout);
        limits.MaxRequestBodySize = null;
        limits.MaxConcurrentConnections = options.MaxConnections;
        limits.RequestHeadersTimeout = options.OpeningTimeout;
        limits.Http2.MaxStreamsPerConnection = options.MaxStreamsPerConnection;
        limits.Http2.KeepAlivePingDelay = options.KeepAlivePeriod;
        limits.Http2.KeepAlivePingTimeout = options.KeepAliveTimeout;
    }

    // The end of a response, which no call times any more, and what a caller takes nothing of who reads nothing at all:
    // a connection on which writes wait and none makes progress is closed.
    private static MinDataRate? SlowestReader(TimeSpan writeTimeout)
    {
        if (writeTimeout == Timeout.InfiniteTimeSpan)
        {
            return null;
        }

        var patience = writeTimeout * ConnectionPatience;
        return new MinDataRate(SlowestReaderBytes, patience > ShortestPatience ? patience : ShortestPatience);
    }

    private static void Listen(
        KestrelServerOptions kestrel, RpcEndpoint endpoint, TimeSpan openingTimeout, StrangerLedger? strangers,
        List<ListenOptions> listening)
    {
        void Configure(ListenOptions listen)
        {
            listen.Protocols = HttpProtocols.Http2;
            if (strangers is not null && endpoint.Address is not null)
            {
                // Outermost: counted before it costs a handshake.
                listen.Use(next => connection => strangers.ServeAsync(connection, next));
            }

            if (endpoint.Tls is { } tls)
            {
                listen.UseHttps(https => Secure(https, tls, openingTimeout));
            }

            listening.Add(listen);
        }

        if (endpoint.SocketPath is { } path)
        {
            kestrel.ListenUnixSocket(path, Configure);
        }
        else
        {
            kestrel.Listen(endpoint.Address!, Configure);
        }
    }

    private static void Secure(HttpsConnectionAdapterOptions https, RpcServerTls tls, TimeSpan openingTimeout)
    {
        https.HandshakeTimeout = openingTimeout;
        https.ServerCertificate = tls.Identity.Certificate;
        https.SslProtocols = SslProtocols.Tls13;
        https.ClientCertificateMode = tls.ClientKey switch
        {
            ClientKeyMode.Required => ClientCertificateMode.RequireCertificate,
            ClientKeyMode.Optional => ClientCertificateMode.AllowCertificate,
            _ => ClientCertificateMode.NoCertificate,
        };

        // Certificates are self-made; only the key counts, and whoever answers a call decides over it (V63).
        https.ClientCertificateValidation = (certificate, chain, _) =>
        {
            PeerKeys.Note(certificate, chain);
            return true;
        };
        https.OnAuthenticate = (_, authentication) => TlsPolicy.Apply(authentication);
    }

    private static RpcEndpoint Find(RpcServerOptions options, EndPoint endPoint) => options.Endpoints.First(endpoint =>
        endpoint.SocketPath is { } path ? path == endPoint.ToString() : endpoint.Address!.Equals(endPoint));
}
