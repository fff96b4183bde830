using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using Fairlead.Naming;
using Fairlead.Resolver;
using Fairlead.Sidecar.Dns;
using Fairlead.TestKit;
using Microsoft.Extensions.Logging.Abstractions;

namespace Fairlead.Sidecar.Tests.Dns;

/// <summary>
/// A server on a free port with one name in each state under us1.internal; names it was not told of stay pending. Every
/// TTL that it tells is the whole of its bound, since its names do not age. Its clock, where none is given, stands.
/// </summary>
internal sealed class DnsHost : IAsyncDisposable
{
    internal const string Checkout = "checkout.shop.svc.us1.internal";
    internal const string Cart = "cart.shop.svc.us1.internal";
    internal const string Big = "big.shop.svc.us1.internal";

    private static readonly TimeSpan Bound = TimeSpan.FromMinutes(2);

    private readonly VipBook _vips;

    private DnsHost(DnsServer server, FakeNames names, VipBook vips)
    {
        Server = server;
        Names = names;
        _vips = vips;
    }

    internal DnsServer Server { get; }

    internal FakeNames Names { get; }

    /// <summary>The address that checkout got, where it was asked for.</summary>
    internal IPAddress Vip => _vips.Table.Assign(Checkout, 1);

    internal static DnsHost Start(
        TimeProvider? time = null, Func<DnsOptions, DnsOptions>? change = null, params IPEndPoint[] upstreams)
    {
        var names = new FakeNames();
        names.Decide(Fresh(Checkout, FakeNames.ClusterIp(new ServicePort("http", 80), new ServicePort(null, 9090))));
        names.Decide(Fresh(Cart, FakeNames.Headless(
            FakeNames.Host("10.1.0.1", "cart-0"),
            FakeNames.Host("10.1.0.2", "cart-1"),
            FakeNames.Host("fd00::5", "cart-2"))));
        names.Decide(Fresh(Big, FakeNames.Headless(
            [.. Enumerable.Range(0, 250).Select(i => FakeNames.Host($"10.2.0.{i}", $"big-{i}"))])));
        Without("absent", NameState.Absent);
        Without("denied", NameState.Denied);
        Without("expired", NameState.Expired);
        Without("unreachable", NameState.Unreachable);
        var options = new DnsOptions
        {
            Address = new IPEndPoint(IPAddress.Loopback, 0),
            Upstreams = [.. upstreams],
            Zones = new DnsZones([SegmentName.Parse("internal")]),
        };
        time ??= new ManualTimeProvider();
        var vips = VipBook.Open(VipRange.Default, null, VipTableTests.Ready, time);
        var server = DnsServer.Start(
            change?.Invoke(options) ?? options,
            names,
            vips,
            new DnsParts(time, new StrongRandom(), NullLogger.Instance));
        return new DnsHost(server, names, vips);

        void Without(string name, NameState state) =>
            names.Decide(new NameView($"{name}.shop.svc.us1.internal", state, long.MaxValue));
    }

    /// <summary>Decides a name and tells the server.</summary>
    internal void Publish(NameView view) => Server.Names.Publish(Names.Decide(view));

    internal static NameView Fresh(string name, ServiceView service) =>
        new(name, NameState.Fresh, long.MaxValue, service);

    internal async Task<DnsMessage> AskUdpAsync(byte[] query, CancellationToken cancellationToken)
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        await socket.ConnectAsync(Server.Address, cancellationToken);
        await socket.SendAsync(query, cancellationToken);
        var buffer = new byte[ushort.MaxValue];
        var length = await socket.ReceiveAsync(buffer, cancellationToken).AsTask().WaitAsync(Bound, cancellationToken);
        Assert.True(DnsReader.TryRead(buffer.AsSpan(0, length), out var message));
        return message;
    }

    internal async Task<NetworkStream> ConnectAsync(CancellationToken cancellationToken)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await socket.ConnectAsync(Server.Address, cancellationToken);
        return new NetworkStream(socket, ownsSocket: true);
    }

    internal static byte[] Frame(byte[] message)
    {
        var length = new byte[2];
        BinaryPrimitives.WriteUInt16BigEndian(length, (ushort)message.Length);
        return [.. length, .. message];
    }

    internal static async Task<DnsMessage> ReadAsync(Stream stream, CancellationToken cancellationToken)
    {
        var length = new byte[2];
        await stream.ReadExactlyAsync(length, cancellationToken).AsTask().WaitAsync(Bound, cancellationToken);
        var bytes = new byte[BinaryPrimitives.ReadUInt16BigEndian(length)];
        await stream.ReadExactlyAsync(bytes, cancellationToken).AsTask().WaitAsync(Bound, cancellationToken);
        Assert.True(DnsReader.TryRead(bytes, out var message));
        return message;
    }

    public async ValueTask DisposeAsync()
    {
        await Server.DisposeAsync();
        _vips.Dispose();
    }
}
