using System.Net;
using System.Text;
using Fairlead.Hosting;
using Fairlead.Identities;
using Fairlead.Sidecar.Proxy.Balancing;
using Fairlead.Sidecar.Proxy.Forwarding;
using Fairlead.Sidecar.Proxy.Services;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Yarp.ReverseProxy.Forwarder;

namespace Fairlead.Sidecar.Proxy;

/// <summary>
/// The HTTP proxy: two loopback ports, YARP's forwarder behind them, and the table of services between. Thread-safe;
/// disposing it waits for the requests under way, for as long as <see cref="ProxyOptions.Drain"/> says.
/// </summary>
internal sealed class ProxyServer : IAsyncDisposable
{
    private const int ConnectionsMax = 4096;

    private readonly WebApplication _application;
    private readonly ServicePorts _ports;
    private readonly LiveProxyOptions _live;

    private ProxyServer(
        WebApplication application, ServicePorts ports, PortConnections connections, ServiceTable services,
        LiveProxyOptions live, CounterFamily outcomes)
    {
        (_application, _ports, Connections, Services, _live, Outcomes) =
            (application, ports, connections, services, live, outcomes);
        (Http1, Http2) = AddressesOf(application);
    }

    /// <summary>The connections at the addresses besides its two ports.</summary>
    internal PortConnections Connections { get; }

    /// <summary>The names in use.</summary>
    internal ServiceTable Services { get; }

    /// <summary>The requests so far, by what came of them (<see cref="ProxyReason"/>); also when it has
    /// ended.</summary>
    internal CounterFamily Outcomes { get; }

    /// <summary>Where HTTP/1.1 is heard.</summary>
    internal IPEndPoint Http1 { get; }

    /// <summary>Where HTTP/2 is heard.</summary>
    internal IPEndPoint Http2 { get; }

    /// <summary>Starts listening.</summary>
    /// <param name="options">Its configuration, free of errors.</param>
    /// <param name="known">What is known of a name by now; null for nothing.</param>
    /// <param name="interest">Hears a name, and whether it is wanted from now on or no longer; must not block.</param>
    /// <param name="renew">Hears now and then that a name that is wanted is used; must not block.</param>
    /// <param name="time">Both clocks.</param>
    /// <param name="random">Draws endpoints; used under a lock of its own only.</param>
    /// <param name="loggers">Take the access log and what operators must know.</param>
    /// <exception cref="IOException">An address is in use.</exception>
    /// <exception cref="ArgumentException">The options are wrong.</exception>
    internal static async Task<ProxyServer> StartAsync(
        ProxyOptions options, Func<string, ProxiedService?> known, Action<string, bool> interest, Action<string> renew,
        TimeProvider time, Random random, ILoggerFactory loggers, CancellationToken cancellationToken)
    {
        if (options.Errors().ToList() is { Count: > 0 } errors)
        {
            throw new ArgumentException(string.Join("; ", errors), nameof(options));
        }

        var logger = loggers.CreateLogger<ProxyServer>();
        var ports = new ServicePorts();
        var connections = new PortConnections();
        var application = Build(options, ports, connections, time);
        try
        {
            var seeds = new Seeds(random);
            var svid = new SvidFiles(
                options.Spiffe, time,
                read => ProxyLog.SvidRead(logger, read.Identity, read.Expires),
                reason => ProxyLog.SvidUnreadable(logger, options.Spiffe?.Certificate ?? "", reason));
            var services = new ServiceTable(
                options, time, () => new EndpointPool(options, time, seeds.Next(), Connect), known, interest, renew);
            var live = new LiveProxyOptions(options);
            var log = new AccessLog(live, seeds.Next(), loggers.CreateLogger("Fairlead.Sidecar.Proxy.Access"));
            var forwarder = application.Services.GetRequiredService<IHttpForwarder>();
            var handler = new ProxyHandler(services, forwarder, live, time, log, logger);
            application.Run(handler.HandleAsync);
            await application.StartAsync(cancellationToken).ConfigureAwait(false);
            var server = new ProxyServer(
                application, ports, connections, services, live, handler.Outcomes);
            ProxyLog.Listening(logger, server.Http1.ToString(), server.Http2.ToString());
            return server;

            EndpointClient Connect(EndpointKey key) => new(key, svid, options, time, logger);
        }
        catch
        {
            await application.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>Serves requests by these options from now on: budget and access log; the others are for a
    /// start.</summary>
    internal void Apply(ProxyOptions options) => _live.Set(options);

    /// <summary>Listens on exactly these addresses besides its two ports from now on; returns before they are open. One
    /// that goes takes its connections along, within 5 s, and none is opened meanwhile: whoever has any goes
    /// later.</summary>
    /// <exception cref="ArgumentException">One is reachable from outside.</exception>
    internal void Listen(IReadOnlyCollection<ServicePort> ports) => _ports.Set(ports);

    public async ValueTask DisposeAsync()
    {
        await _application.StopAsync().ConfigureAwait(false);
        await _application.DisposeAsync().ConfigureAwait(false);
        Services.Dispose();
    }

    private static WebApplication Build(
        ProxyOptions options, ServicePorts ports, PortConnections connections, TimeProvider time)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());

        // The forwarder's own messages show whole addresses, queries included: the access log stands in for them.
        builder.Logging.ClearProviders();
        builder.Services.Replace(ServiceDescriptor.Singleton(time));
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = options.Drain);
        builder.Services.AddHttpForwarder();
        builder.WebHost.UseKestrelCore();
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.Configure(new ConfigurationBuilder().Add(ports).Build(), reloadOnChange: true);
            kestrel.Listen(options.Http1, listen => listen.Protocols = HttpProtocols.Http1);
            kestrel.Listen(options.Http2, listen => listen.Protocols = HttpProtocols.Http2);

            // Said after its own two ports, for which it does not hold so.
            kestrel.ConfigureEndpointDefaults(connections.Count);
            Limit(kestrel);
        });
        return builder.Build();
    }

    private static void Limit(KestrelServerOptions kestrel)
    {
        kestrel.AddServerHeader = false;

        // Which of two hosts counts is RequestCheck's to say: the server would compare them letter by letter.
        kestrel.AllowHostHeaderOverride = true;

        // Fields go through byte for byte; the client's side of the forwarder reads and writes them so too.
        kestrel.RequestHeaderEncodingSelector = _ => Encoding.Latin1;
        kestrel.ResponseHeaderEncodingSelector = _ => Encoding.Latin1;

        // Bodies are streamed and never held: their size and pace are for the two ends to judge.
        kestrel.Limits.MaxRequestBodySize = null;
        kestrel.Limits.MinRequestBodyDataRate = null;
        kestrel.Limits.MinResponseDataRate = null;
        kestrel.Limits.MaxRequestHeadersTotalSize = 64 * 1024;
        kestrel.Limits.MaxConcurrentConnections = ConnectionsMax;
        kestrel.Limits.MaxConcurrentUpgradedConnections = ConnectionsMax;
        kestrel.Limits.Http2.MaxStreamsPerConnection = 1000;
        kestrel.Limits.Http2.InitialConnectionWindowSize = 1024 * 1024;
        kestrel.Limits.Http2.InitialStreamWindowSize = 768 * 1024;
    }

    private static (IPEndPoint Http1, IPEndPoint Http2) AddressesOf(WebApplication application)
    {
        var addresses = application.Services.GetRequiredService<IServer>().Features
            .GetRequiredFeature<IServerAddressesFeature>().Addresses
            .Select(address => IPEndPoint.Parse(new Uri(address).Authority)).ToList();
        return (addresses[0], addresses[1]);
    }

    // A Random is no one's to share between threads: every pool draws from one of its own.
    private sealed class Seeds(Random random)
    {
        private readonly Lock _gate = new();

        internal Random Next()
        {
            lock (_gate)
            {
                return new Random(random.Next());
            }
        }
    }
}
