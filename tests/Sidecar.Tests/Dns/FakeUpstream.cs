using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using Fairlead.Sidecar.Dns;

namespace Fairlead.Sidecar.Tests.Dns;

/// <summary>
/// A DNS server on a free loopback port, UDP and TCP, that answers by the test's rule: any number of datagrams to one
/// question, or none.
/// </summary>
internal sealed class FakeUpstream : IDisposable
{
    private readonly Socket _tcp = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
    private readonly Socket _udp = new(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
    private readonly Func<DnsMessage, bool, IEnumerable<byte[]>> _rule;

    /// <summary>Starts. The rule gets the query, and whether it came in a datagram.</summary>
    internal FakeUpstream(Func<DnsMessage, bool, IEnumerable<byte[]>> rule)
    {
        _rule = rule;
        for (var bound = false; !bound;)
        {
            _udp.Dispose();
            _tcp.Dispose();
            _tcp = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            _udp = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
            _tcp.Bind(new IPEndPoint(IPAddress.Loopback, 0));
            try
            {
                _udp.Bind(_tcp.LocalEndPoint!);
                bound = true;
            }
            catch (SocketException)
            {
                continue;
            }
        }

        _tcp.Listen();
        Address = (IPEndPoint)_udp.LocalEndPoint!;
        _ = RunUdpAsync();
        _ = RunTcpAsync();
    }

    internal IPEndPoint Address { get; }

    /// <summary>What was asked, in order, and whether in a datagram.</summary>
    internal ConcurrentQueue<(DnsMessage Query, bool IsUdp)> Asked { get; } = new();

    /// <summary>An honest answer: one A record.</summary>
    internal static byte[] Answer(DnsMessage query, Func<DnsMessage, DnsMessage>? change = null)
    {
        var answer = new DnsMessage
        {
            Header = query.Header
                with { Flags = (ushort)(query.Header.Flags | DnsHeader.Response | DnsHeader.RecursionAvailable) },
            Questions = query.Questions,
            Answers = [DnsData.Address(query.Questions[0].Name, 60, IPAddress.Parse("192.0.2.1"))],
            Edns = query.Edns,
        };
        return DnsWriter.Write(change?.Invoke(answer) ?? answer, ushort.MaxValue);
    }

    public void Dispose()
    {
        _udp.Dispose();
        _tcp.Dispose();
    }

    private async Task RunUdpAsync()
    {
        var buffer = new byte[ushort.MaxValue];
        while (true)
        {
            var received = await _udp.ReceiveFromAsync(buffer, new IPEndPoint(IPAddress.Any, 0));
            foreach (var answer in Take(buffer.AsSpan(0, received.ReceivedBytes), true))
            {
                await _udp.SendToAsync(answer, received.RemoteEndPoint);
            }
        }
    }

    private async Task RunTcpAsync()
    {
        while (true)
        {
            using var stream = new NetworkStream(await _tcp.AcceptAsync(), ownsSocket: true);
            var length = new byte[2];
            await stream.ReadExactlyAsync(length);
            var query = new byte[BinaryPrimitives.ReadUInt16BigEndian(length)];
            await stream.ReadExactlyAsync(query);
            foreach (var answer in Take(query, false))
            {
                BinaryPrimitives.WriteUInt16BigEndian(length, (ushort)answer.Length);
                await stream.WriteAsync((byte[])[.. length, .. answer]);
            }
        }
    }

    private IEnumerable<byte[]> Take(ReadOnlySpan<byte> bytes, bool isUdp)
    {
        if (!DnsReader.TryRead(bytes, out var query))
        {
            throw new InvalidOperationException("the forwarder sent what is no query");
        }

        Asked.Enqueue((query, isUdp));
        return _rule(query, isUdp);
    }
}
