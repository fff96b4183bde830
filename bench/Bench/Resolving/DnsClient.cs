using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Fairlead.Bench;

/// <summary>Asks one server for addresses over UDP. Used by one caller at a time.</summary>
internal sealed class DnsClient : IDisposable
{
    private const int RecursionDesired = 0x0100;
    private const int Authenticated = 0x0020;
    private const int HeaderBytes = 12;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private readonly UdpClient _socket = new(new IPEndPoint(IPAddress.Loopback, 0));
    private ushort _id;

    /// <param name="server">Where it listens.</param>
    public DnsClient(IPEndPoint server) => _socket.Connect(server);

    /// <summary>Asks for the addresses of a name.</summary>
    /// <returns>How many there are, 0 for an answer without; and whether the server says that it validated them.
    /// </returns>
    public async Task<(int Addresses, bool IsValidated)> AskAsync(string name, CancellationToken cancellationToken)
    {
        var query = Query(++_id, name);
        await _socket.SendAsync(query, cancellationToken);
        while (true)
        {
            var answer = (await _socket.ReceiveAsync(cancellationToken).AsTask()
                .WaitAsync(Patience, cancellationToken)).Buffer;
            if (answer.Length < HeaderBytes || BinaryPrimitives.ReadUInt16BigEndian(answer) != _id)
            {
                continue; // what came too late
            }

            var flags = BinaryPrimitives.ReadUInt16BigEndian(answer.AsSpan(2));
            var count = (flags & 0xf) == 0 ? BinaryPrimitives.ReadUInt16BigEndian(answer.AsSpan(6)) : 0;
            return (count, (flags & Authenticated) != 0);
        }
    }

    public void Dispose() => _socket.Dispose();

    private static byte[] Query(ushort id, string name)
    {
        var query = new byte[HeaderBytes + name.Length + 2 + 4];
        BinaryPrimitives.WriteUInt16BigEndian(query, id);
        BinaryPrimitives.WriteUInt16BigEndian(query.AsSpan(2), RecursionDesired | Authenticated);
        query[5] = 1; // one question
        var at = HeaderBytes;
        foreach (var label in name.Split('.'))
        {
            query[at++] = (byte)label.Length;
            at += Encoding.ASCII.GetBytes(label, query.AsSpan(at));
        }

        query[at + 2] = 1; // A
        query[at + 4] = 1; // IN
        return query;
    }
}
