using System.Collections.Immutable;
using System.Net;
using System.Net.Sockets;
using Fairlead.Hosting;
using Microsoft.Extensions.Logging;

namespace Fairlead.Sidecar.Dns;

/// <summary>
/// The DNS part of a sidecar, running. Thread-safe; disposing it closes its sockets and ends its tasks.
/// </summary>
internal sealed class DnsServer : IAsyncDisposable
{
    private const int BindAttempts = 16;

    private readonly CancellationTokenSource _stop = new();
    private readonly Socket _udp;
    private readonly Socket _tcp;
    private readonly Task _running;
    private readonly Forwarder _forwarder;
    private readonly QueryHandler _handler;
    private readonly DnsParts _parts;

    private DnsServer(
        (Socket Udp, Socket Tcp) sockets, DnsOptions options, NameSource source, VipBook vips, DnsParts parts)
    {
        (_udp, _tcp) = sockets;
        Address = (IPEndPoint)_udp.LocalEndPoint!;
        Names = new AskedNames(source, options.Names, parts.Time);
        _forwarder = new Forwarder(
            WithoutSelf(options.Upstreams, parts.Logger), options.Forwarding, parts.Time, parts.Random);
        _handler = new QueryHandler(options, Names, vips, _forwarder, parts.Time, parts.Logger);
        _parts = parts;
        Connections = new TcpServer(_tcp, _handler, options, parts.Time, parts.Logger);
        _running = Task.WhenAll(
            Task.Run(() => new UdpServer(_udp, _handler, parts.Logger).RunAsync(_stop.Token)),
            Task.Run(() => Connections.RunAsync(_stop.Token)));
    }

    /// <summary>Where it listens, over UDP and TCP.</summary>
    internal IPEndPoint Address { get; }

    /// <summary>The names kept for DNS; whoever feeds the source publishes changes here.</summary>
    internal AskedNames Names { get; }

    internal TcpServer Connections { get; }

    /// <summary>What it said so far; also when it has ended.</summary>
    internal DnsCounts Counts => _handler.Counts;

    /// <summary>Listens, and answers from now on.</summary>
    /// <param name="options">Where, and what for.</param>
    /// <param name="source">The verified names.</param>
    /// <param name="vips">The addresses of services; not disposed here.</param>
    /// <param name="parts">Time, randomness, the log.</param>
    /// <exception cref="IOException">The address cannot be used; the message names it and the remedy.</exception>
    internal static DnsServer Start(DnsOptions options, NameSource source, VipBook vips, DnsParts parts)
    {
        var server = new DnsServer(Bind(options.Address), options, source, vips, parts);
        DnsLog.Listening(
            parts.Logger, server.Address, options.Upstreams.IsEmpty ? "nobody" : string.Join(", ", options.Upstreams));
        return server;
    }

    /// <summary>Answers these names, forwards there, and tells clients no longer TTL than this, from now on.</summary>
    internal void Apply(DnsZones zones, ImmutableArray<IPEndPoint> upstreams, uint ttlMax)
    {
        _handler.Zones = zones;
        _forwarder.Upstreams = WithoutSelf(upstreams, _parts.Logger);
        _handler.TtlMax = ttlMax;
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync().ConfigureAwait(false);
        await _running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _udp.Dispose();
        _tcp.Dispose();
        _stop.Dispose();
    }

    // A port that TCP gets may be taken for UDP: where any will do, the next one is tried.
    private static (Socket Udp, Socket Tcp) Bind(IPEndPoint address)
    {
        for (var attempt = 1; ; attempt++)
        {
            var tcp = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
            var udp = new Socket(address.AddressFamily, SocketType.Dgram, ProtocolType.Udp);
            try
            {
                tcp.Bind(address);
                tcp.Listen();
                udp.Bind(tcp.LocalEndPoint!);
                return (udp, tcp);
            }
            catch (SocketException e)
            {
                tcp.Dispose();
                udp.Dispose();
                if (address.Port != 0 || attempt == BindAttempts)
                {
                    throw new IOException(
                        ListenTrouble.At($"cannot listen for DNS on {address}", e, "give another dns.address"), e);
                }
            }
        }
    }

    private ImmutableArray<IPEndPoint> WithoutSelf(ImmutableArray<IPEndPoint> upstreams, ILogger logger)
    {
        foreach (var upstream in upstreams.Where(IsSelf))
        {
            DnsLog.OwnUpstream(logger, upstream);
        }

        return [.. upstreams.Where(upstream => !IsSelf(upstream))];
    }

    private bool IsSelf(IPEndPoint upstream) => upstream.Port == Address.Port
        && (upstream.Address.Equals(Address.Address)
            || (Address.Address.Equals(IPAddress.Any) && IPAddress.IsLoopback(upstream.Address)));
}

/// <summary>What the DNS part is given from outside. Immutable.</summary>
/// <param name="Time">The clock.</param>
/// <param name="Random">Ids and spellings; not guessable in production (<see cref="StrongRandom"/>).</param>
/// <param name="Logger">The log.</param>
internal sealed record DnsParts(TimeProvider Time, Random Random, ILogger Logger);
