using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;

namespace Fairlead.Sidecar.Dns;

/// <summary>
/// One query to one upstream, from a port of its own that the kernel draws (RFC 5452 section 9.2). Stateless,
/// thread-safe.
/// </summary>
internal static class UpstreamExchange
{
    /// <summary>Datagrams that are not the answer, before one gives up on a flood of forgeries.</summary>
    private const int StrangersMax = 64;

    /// <summary>Asks in a datagram.</summary>
    /// <returns>The answer's bytes; null where TCP has to decide.</returns>
    /// <exception cref="SocketException">Nothing listens there, or it cannot be reached.</exception>
    /// <exception cref="IOException">Nothing but forgeries came.</exception>
    internal static async Task<byte[]?> AskUdpAsync(
        IPEndPoint server, UpstreamQuery query, CancellationToken cancellationToken)
    {
        using var socket = new Socket(server.AddressFamily, SocketType.Dgram, ProtocolType.Udp);
        // Connected: the kernel drops what comes from elsewhere, and reports that nothing listens.
        await socket.ConnectAsync(server, cancellationToken).ConfigureAwait(false);
        await socket.SendAsync(query.Bytes, SocketFlags.None, cancellationToken).ConfigureAwait(false);
        var buffer = new byte[ushort.MaxValue];
        for (var strangers = 0; strangers < StrangersMax; strangers++)
        {
            var length = await socket.ReceiveAsync(buffer, SocketFlags.None, cancellationToken).ConfigureAwait(false);
            switch (query.Match(buffer.AsSpan(0, length)))
            {
                case UpstreamMatch.Exact:
                    return buffer[..length];
                case UpstreamMatch.OtherSpelling:
                    return null;
                default:
                    continue;
            }
        }

        throw new IOException("only answers to other questions came");
    }

    /// <summary>Asks over a connection.</summary>
    /// <exception cref="SocketException">Nothing listens there, or it cannot be reached.</exception>
    /// <exception cref="IOException">It closed, or answered another question.</exception>
    internal static async Task<byte[]> AskTcpAsync(
        IPEndPoint server, UpstreamQuery query, CancellationToken cancellationToken)
    {
        using var socket = new Socket(server.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await socket.ConnectAsync(server, cancellationToken).ConfigureAwait(false);
        var stream = new NetworkStream(socket, ownsSocket: false);
        await using (stream.ConfigureAwait(false))
        {
            var framed = new byte[2 + query.Bytes.Length];
            BinaryPrimitives.WriteUInt16BigEndian(framed, (ushort)query.Bytes.Length);
            query.Bytes.CopyTo(framed, 2);
            await stream.WriteAsync(framed, cancellationToken).ConfigureAwait(false);
            var length = new byte[2];
            await stream.ReadExactlyAsync(length, cancellationToken).ConfigureAwait(false);
            var response = new byte[BinaryPrimitives.ReadUInt16BigEndian(length)];
            await stream.ReadExactlyAsync(response, cancellationToken).ConfigureAwait(false);
            // A connection cannot be forged from aside: the spelling need not match.
            return query.Match(response) != UpstreamMatch.None
                ? response
                : throw new IOException("it answered another question");
        }
    }
}
