using System.Collections.Immutable;
using System.Net;
using System.Net.Sockets;
using Fairlead.Naming;
using Fairlead.Resolver;
using Fairlead.Sidecar.Dns;
using Fairlead.Sidecar.Serving;
using Microsoft.Extensions.Logging;
using ServicePort = Fairlead.Sidecar.Proxy.ServicePort;

namespace Fairlead.Sidecar.Hosting;

/// <summary>
/// The addresses that DNS gives to services, and the proxy's listeners there: one for each port that speaks HTTP, open
/// before anybody hears the address. A listener stays when DNS no longer keeps the name, since clients keep addresses
/// longer than any TTL says; a request on it asks for its name again. A port that goes stays open until its last
/// connection has ended. Thread-safe.
/// </summary>
/// <param name="find">What the resolver knows of a name.</param>
/// <param name="listen">Has the proxy listen on exactly these; returns before they are open.</param>
/// <param name="isBusy">Whether connections are open at an address.</param>
/// <param name="own">The ports of the pod's own programs: a listener at any address would keep them from listening on
/// every address.</param>
/// <param name="time">Bounds the wait for a listener.</param>
/// <param name="log">Hears of ports that cannot be had.</param>
internal sealed class VipListeners(
    Func<string, CachedName?> find,
    Action<IReadOnlyCollection<ServicePort>> listen,
    Func<IPEndPoint, bool> isBusy,
    ImmutableArray<int> own,
    TimeProvider time,
    ILogger log)
{
    /// <summary>How many ports are listened at; those of the services unasked for longest go first.</summary>
    internal const int PortsMax = 4_096;

    private const int SaidMax = 1_024;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(2);

    private readonly Lock _gate = new();
    private readonly Dictionary<string, Listener> _byName = new(StringComparer.Ordinal);
    private readonly HashSet<string> _said = [];
    private readonly HashSet<IPEndPoint> _leaving = [];
    private Dictionary<IPEndPoint, ServicePort> _listened = [];
    private long _uses;

    /// <summary>Makes a service's address work.</summary>
    /// <returns>Null when connections are taken; else why not.</returns>
    internal async ValueTask<VipTrouble?> ReadyAsync(
        string name, IPAddress address, CancellationToken cancellationToken)
    {
        var ports = PortsOf(name, address);
        if (ports.IsEmpty)
        {
            return new("none of its ports speaks HTTP, and no other port is proxied", IsLasting: true);
        }

        if (OwnOf(ports) is { } port)
        {
            return new($"port {port.Address.Port} is one of the pod's own (dns.own_ports)", IsLasting: true);
        }

        Task<string?> opening;
        lock (_gate)
        {
            if (!_byName.TryGetValue(name, out var listener) || !listener.Ports.SequenceEqual(ports))
            {
                listener = Replace(name, address, ports);
            }

            listener.UsedAt = ++_uses;
            opening = listener.Opening;
        }

        return await opening.WaitAsync(cancellationToken).ConfigureAwait(false) is { } trouble ? new(trouble) : null;
    }

    /// <summary>Hears that what is known of a name changed: where its ports are others now, they are listened at in the
    /// place of the ones before, since clients keep the address without asking anew. Does not block.</summary>
    internal void Changed(string name)
    {
        lock (_gate)
        {
            if (_byName.TryGetValue(name, out var listener)
                && PortsOf(name, listener.Ports[0].Address.Address) is { IsEmpty: false } ports
                && OwnOf(ports) is null && !listener.Ports.SequenceEqual(ports))
            {
                Replace(name, ports[0].Address.Address, ports).UsedAt = listener.UsedAt;
            }
        }
    }

    /// <summary>Hears that an address has no connections any more. Does not block.</summary>
    internal void Idle(IPEndPoint address)
    {
        lock (_gate)
        {
            if (_leaving.Contains(address))
            {
                ListenToAll();
            }
        }
    }

    private ImmutableArray<ServicePort> PortsOf(string name, IPAddress address) =>
    [
        .. from port in find(name) is { } found ? ServedNameMapping.PortsOf(found) : []
           where port.Protocol != PortProtocol.Tcp
           select new ServicePort(new IPEndPoint(address, port.Number), port.Protocol != PortProtocol.Http),
    ];

    private ServicePort? OwnOf(ImmutableArray<ServicePort> ports) =>
        ports.FirstOrDefault(port => own.Contains(port.Address.Port));

    private Listener Replace(string name, IPAddress address, ImmutableArray<ServicePort> ports)
    {
        var open = _listened.Keys.ToHashSet();
        var before = _byName.GetValueOrDefault(name)?.Kept(address);

        // The address may have been another service's, which lost it.
        foreach (var (other, _) in _byName.Where(pair => pair.Value.Ports[0].Address.Address.Equals(address)).ToList())
        {
            _byName.Remove(other);
        }

        _byName.Remove(name);
        foreach (var (other, one) in _byName.OrderBy(pair => pair.Value.UsedAt).ToList())
        {
            if (_byName.Values.Sum(kept => kept.Ports.Length) + ports.Length <= PortsMax)
            {
                break;
            }

            _byName.Remove(other);
        }

        var listener = new Listener(ports) { Before = before };
        _byName.Add(name, listener);
        listener.Opening = Task.Run(() => OpenAsync(name, listener, open));
        return listener;
    }

    private async Task<string?> OpenAsync(string name, Listener listener, HashSet<IPEndPoint> open)
    {
        try
        {
            return await TryOpenAsync(name, listener, open).ConfigureAwait(false);
        }
        catch (Exception e)
        {
            // Whatever it was, as without a descriptor left: the next question must not find it.
            return Fail(name, listener, $"cannot listen: {e.Message}");
        }
    }

    private async Task<string?> TryOpenAsync(string name, Listener listener, HashSet<IPEndPoint> open)
    {
        foreach (var port in listener.Ports.Where(port => !open.Contains(port.Address)))
        {
            // The proxy leaves out what it cannot have, and somebody else would take the connections.
            if (FreeAddress.Trouble(port.Address) is { } trouble)
            {
                return Fail(name, listener, $"cannot listen at {port.Address}: {trouble}");
            }
        }

        lock (_gate)
        {
            listener.IsFree = true;
            listener.Before = null;
            ListenToAll();
        }

        var start = time.GetTimestamp();
        foreach (var port in listener.Ports)
        {
            while (!await AnswersAsync(port.Address).ConfigureAwait(false))
            {
                if (time.GetElapsedTime(start) > Patience)
                {
                    return Fail(name, listener, $"nothing listens at {port.Address} yet");
                }

                await Task.Delay(Pause, time).ConfigureAwait(false);
            }
        }

        return null;
    }

    // What failed is tried again at the next question.
    private string Fail(string name, Listener listener, string trouble)
    {
        lock (_gate)
        {
            if (_byName.TryGetValue(name, out var current) && current == listener)
            {
                // What worked goes on working, also where another segment's record added a port that cannot be had.
                _byName.Remove(name);
                if (listener.Before is { } before)
                {
                    before.UsedAt = listener.UsedAt;
                    _byName.Add(name, before);
                }

                ListenToAll();
            }

            if (_said.Count < SaidMax && _said.Add($"{name} {trouble}"))
            {
                SidecarLog.Vip(log, name, trouble);
            }
        }

        return trouble;
    }

    // The server ends what is open at a port that goes, and opens no other until it has: one with connections stays.
    private void ListenToAll()
    {
        var ports = new Dictionary<IPEndPoint, ServicePort>();
        foreach (var port in _byName.Values.SelectMany(listener => listener.Open))
        {
            ports[port.Address] = port;
        }

        _leaving.Clear();
        foreach (var (address, port) in _listened)
        {
            if (!ports.ContainsKey(address) && isBusy(address))
            {
                _leaving.Add(address);
                ports.Add(address, port);
            }
        }

        listen([.. ports.Values]);
        _listened = ports;
    }

    private static async Task<bool> AnswersAsync(IPEndPoint address)
    {
        using var socket = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            await socket.ConnectAsync(address).ConfigureAwait(false);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    private sealed class Listener(ImmutableArray<ServicePort> ports)
    {
        internal ImmutableArray<ServicePort> Ports { get; } = ports;

        /// <summary>Whether its ports were found free, so that the proxy may have them.</summary>
        internal bool IsFree { get; set; }

        /// <summary>What was open at the same address until these ports are.</summary>
        internal Listener? Before { get; set; }

        /// <summary>The ports that the proxy may have now.</summary>
        internal ImmutableArray<ServicePort> Open => IsFree ? Ports : Before?.Ports ?? [];

        internal long UsedAt { get; set; }

        /// <summary>What is to stay open at an address while others are tried; null for nothing.</summary>
        internal Listener? Kept(IPAddress address) =>
            (IsFree ? this : Before) is { } open && open.Ports[0].Address.Address.Equals(address) ? open : null;

        internal Task<string?> Opening { get; set; } = Task.FromResult<string?>(null);
    }
}
