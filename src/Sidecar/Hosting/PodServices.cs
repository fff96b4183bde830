using System.Collections.Immutable;
using System.Net.Sockets;
using Fairlead.Hosting;
using Fairlead.Naming;
using Fairlead.Resolver;
using Fairlead.Resolver.Home;
using Fairlead.Resolver.State;
using Fairlead.Sidecar.Dns;
using Fairlead.Sidecar.Proxy;
using Fairlead.Sidecar.Proxy.Services;
using Fairlead.Sidecar.Serving;
using Fairlead.Sidecar.Translation;
using Microsoft.Extensions.Logging;

namespace Fairlead.Sidecar.Hosting;

/// <summary>
/// What a pod without an Envoy uses: the HTTP proxy and DNS, each where it is enabled; nothing of them is loaded where
/// it is not. Started behind the resolver, the proxy first; ended before it, DNS first, so that no address is told any
/// more that the proxy is about to leave. Thread-safe; one caller starts and ends it.
/// </summary>
/// <param name="options">What is enabled.</param>
/// <param name="resolver">Home and pins.</param>
/// <param name="interest">Hears a name, and whether it is wanted from now on or no longer; counts.</param>
/// <param name="renew">Hears now and then that a name that is wanted is used.</param>
/// <param name="surroundings">Clock, randomness of the proxy's choices, log.</param>
internal sealed class PodServices(
    SidecarOptions options,
    HomeResolverOptions resolver,
    Action<string, bool> interest,
    Action<string> renew,
    (TimeProvider Time, Random Random, ILoggerFactory Loggers) surroundings) : IAsyncDisposable
{
    private readonly ResolvedNames? _names =
        options.Proxy is null && options.Dns is null ? null : new ResolvedNames();

    private readonly Lock _mapping = new();
    private volatile AddressFamilies _families;
    private volatile ProxyServer? _proxy;
    private volatile DnsComponent? _dns;
    private VipListeners? _listeners;

    /// <summary>The proxy; null where it does not listen.</summary>
    internal ProxyServer? Proxy => _proxy;

    /// <summary>DNS; null where it does not listen.</summary>
    internal DnsComponent? Dns => _dns;

    /// <summary>The proxy's requests so far, by what came of them; null before it listens, and kept when it has
    /// ended.</summary>
    internal CounterFamily? ProxyOutcomes { get; private set; }

    /// <summary>What DNS said so far; null before it listens, and kept when it has ended.</summary>
    internal DnsCounts? DnsCounts { get; private set; }

    /// <summary>What is enabled and does not listen.</summary>
    internal IEnumerable<string> Pending
    {
        get
        {
            if (options.Proxy is { } proxy && _proxy is null)
            {
                yield return $"proxy: not listening at {proxy.Http1} and {proxy.Http2}";
            }

            if (options.Dns is { } dns && _dns is null)
            {
                yield return $"dns: not listening at {dns.Address}";
            }
        }
    }

    /// <summary>Where it listens, for people: empty, or beginning with a space.</summary>
    internal string Addresses =>
        (_proxy is { } proxy ? $" proxy={proxy.Http1},{proxy.Http2}" : "")
        + (_dns is { } dns ? $" dns={dns.Server.Address}" : "");

    /// <summary>Starts listening.</summary>
    /// <exception cref="StartException">An address or a file cannot be used; the message names it and the
    /// remedy.</exception>
    internal async Task StartAsync(CancellationToken cancellationToken)
    {
        if (options.Proxy is { } proxy)
        {
            await StartProxyAsync(proxy, cancellationToken).ConfigureAwait(false);
        }

        if (options.Dns is { } dns)
        {
            StartDns(dns);
        }
    }

    /// <summary>Takes over what can change while they run.</summary>
    internal void Apply(SidecarOptions next)
    {
        if (next.Proxy is { } proxy)
        {
            _proxy?.Apply(proxy);
        }

        if (next.Dns is { } dns)
        {
            _dns?.Apply(dns, KnownTo(next));
        }
    }

    /// <summary>The pod has addresses of these families from now on: both until something is said. The proxy dials no
    /// others, where it can do without.</summary>
    internal void Reach(AddressFamilies families)
    {
        lock (_mapping)
        {
            _families = families;
            foreach (var entry in _proxy?.Services.Entries ?? [])
            {
                if (Find(entry.Service.Name) is { } known)
                {
                    _proxy?.Services.Publish(known);
                }
            }
        }
    }

    /// <summary>Hears every change of a name that the resolver keeps; does not block.</summary>
    internal void Publish(CachedName name)
    {
        // First what everybody looks names up in, then those who may be waiting for this one.
        _names?.Publish(name);
        if (_proxy is { } proxy)
        {
            lock (_mapping)
            {
                proxy.Services.Publish(ProxiedServiceMapping.Map(name, _families));
            }
        }

        if (_dns is { } dns)
        {
            _listeners?.Changed(name.Name);
            dns.Publish(name);
        }
    }

    /// <summary>Hears that the resolver gave a name up.</summary>
    internal void Drop(string name) => _names?.Drop(name);

    /// <summary>Ends both; requests under way have as long as the proxy's drain time to end.</summary>
    public async ValueTask DisposeAsync()
    {
        if (_dns is { } dns)
        {
            _dns = null;
            await dns.DisposeAsync().ConfigureAwait(false);
        }

        if (_proxy is { } proxy)
        {
            // It hears of names until its last request has ended.
            await proxy.DisposeAsync().ConfigureAwait(false);
            _proxy = null;
        }
    }

    private async Task StartProxyAsync(ProxyOptions proxy, CancellationToken cancellationToken)
    {
        FreeAddress.Check("proxy.http", proxy.Http1);
        FreeAddress.Check("proxy.h2c", proxy.Http2);
        try
        {
            _proxy = await ProxyServer.StartAsync(
                proxy, Find, interest, renew, surroundings.Time, surroundings.Random, surroundings.Loggers,
                cancellationToken)
                .ConfigureAwait(false);
        }
        catch (Exception e) when (e is IOException or SocketException)
        {
            throw new StartException(ListenTrouble.Of(e, "change proxy.http or proxy.h2c"), e);
        }

        ProxyOutcomes = _proxy.Outcomes;

        // A change between the first request and here was published to nobody.
        foreach (var entry in _proxy.Services.Entries)
        {
            if (Find(entry.Service.Name) is { } known)
            {
                entry.Start(known);
            }
        }
    }

    // Pins are for a start.
    private ImmutableArray<SegmentName> KnownTo(SidecarOptions now) =>
        [.. resolver.Pins.Select(pin => pin.Key), .. now.Imports.Select(name => name.Segment).OfType<SegmentName>()];

    private ProxiedService? Find(string name) =>
        _names!.Find(name) is { } known ? ProxiedServiceMapping.Map(known, _families) : null;

    private void StartDns(DnsSettings settings)
    {
        var log = surroundings.Loggers.CreateLogger<VipListeners>();
        if (_proxy is { } proxy)
        {
            _listeners = new VipListeners(
                _names!.Find, proxy.Listen, proxy.Connections.Any, settings.OwnPorts, surroundings.Time, log);
            proxy.Connections.Idle = _listeners.Idle;
        }

        var parts = new DnsSurroundings
        {
            Home = resolver.Home.Name,
            Known = KnownTo(options),
            StateFolder = options.State,
            Find = _names!.Find,
            Interest = interest,
            Renew = renew,
            Ready = (name, address, _, cancellationToken) =>
                _listeners?.ReadyAsync(name, address, cancellationToken)
                ?? ValueTask.FromResult<VipTrouble?>(
                    new("the proxy is off, which alone could listen at its address", IsLasting: true)),
        };
        try
        {
            _ = ResolverSetup.InFolder(options, DnsComponent.VipsState); // makes the folder
            _dns = DnsComponent.Start(settings, parts, surroundings.Time, new StrongRandom(), surroundings.Loggers);
            DnsCounts = _dns.Server.Counts;
            _dns.ReopenKept();
        }
        catch (Exception e) when (e is IOException or StateException)
        {
            throw new StartException(e.Message, e);
        }
    }
}
