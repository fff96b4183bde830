using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Fairlead.TestKit.Wire;

/// <summary>
/// A client's end of an HTTP/2 connection that writes what it is told, whole or in part, reads only when it is told,
/// and ends where it likes. It widens no window unless it is told: the server stops after 65,535 bytes. One caller at a
/// time.
/// </summary>
public sealed class RawHttp2 : IDisposable
{
    private const int FrameHead = 9;
    private const int FrameMax = 16_384;
    private const int DataFrame = 0;
    private const int HeadersFrame = 1;
    private const int ResetFrame = 3;
    private const int SettingsFrame = 4;
    private const int GoAwayFrame = 7;
    private const int WindowFrame = 8;
    private const int InitialWindow = 4;
    private const byte EndsStream = 1;
    private const byte EndsHeaders = 4;

    private static readonly byte[] Greeting = Encoding.ASCII.GetBytes("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");

    private readonly Socket _socket;
    private readonly NetworkStream _stream;
    private readonly Dictionary<int, List<byte>> _unread = [];
    private readonly HashSet<int> _ended = [];

    private RawHttp2(Socket socket)
    {
        _socket = socket;
        _stream = new NetworkStream(socket, ownsSocket: true);
    }

    /// <summary>What a connection starts with: the preface and empty settings.</summary>
    public static byte[] Start { get; } = [.. Greeting, .. Frame(SettingsFrame, 0, 0, [])];

    /// <summary>The same, with so many bytes more for each stream and for all of them.</summary>
    public static byte[] StartWith(int window)
    {
        var setting = new byte[6];
        BinaryPrimitives.WriteInt16BigEndian(setting, InitialWindow);
        BinaryPrimitives.WriteInt32BigEndian(setting.AsSpan(2), window);
        return
        [
            .. Greeting, .. Frame(SettingsFrame, 0, 0, setting), .. Frame(WindowFrame, 0, 0, setting[2..]),
        ];
    }

    /// <summary>A call of a method, without its messages.</summary>
    /// <param name="stream">The stream's number: odd, and higher than those before.</param>
    /// <param name="path">The method's path.</param>
    public static byte[] Call(int stream, string path) => Frame(HeadersFrame, EndsHeaders, stream, [
        .. Field(":method", "POST"), .. Field(":scheme", "http"), .. Field(":path", path),
        .. Field(":authority", "localhost"), .. Field("content-type", "application/grpc"), .. Field("te", "trailers"),
    ]);

    /// <summary>A message of a call.</summary>
    public static byte[] Message(int stream, byte[] message)
    {
        var whole = new byte[5 + message.Length];
        BinaryPrimitives.WriteInt32BigEndian(whole.AsSpan(1), message.Length);
        message.CopyTo(whole, 5);
        return [.. whole.Chunk(FrameMax).SelectMany(part => Frame(DataFrame, 0, stream, part))];
    }

    /// <summary>The end of a call's messages.</summary>
    public static byte[] HalfClose(int stream) => Frame(DataFrame, EndsStream, stream, []);

    /// <summary>A call is given up.</summary>
    public static byte[] Reset(int stream) => Frame(ResetFrame, 0, stream, [0, 0, 0, 8]);

    /// <summary>The connection is given up in good order.</summary>
    public static byte[] GoAway() => Frame(GoAwayFrame, 0, 0, new byte[8]);

    /// <summary>A frame that no connection may have: data of no stream.</summary>
    public static byte[] Wrong() => Frame(DataFrame, 0, 0, [1, 2, 3]);

    /// <summary>Connects.</summary>
    public static async Task<RawHttp2> ConnectAsync(EndPoint target, CancellationToken cancellationToken)
    {
        var socket = new Socket(
            target.AddressFamily, SocketType.Stream,
            target.AddressFamily == AddressFamily.Unix ? ProtocolType.Unspecified : ProtocolType.Tcp);
        if (target.AddressFamily != AddressFamily.Unix)
        {
            socket.NoDelay = true;
        }

        try
        {
            await socket.ConnectAsync(target, cancellationToken);
        }
        catch
        {
            socket.Dispose();
            throw;
        }

        return new RawHttp2(socket);
    }

    /// <summary>Writes bytes as they are.</summary>
    public ValueTask SendAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken) =>
        _stream.WriteAsync(bytes, cancellationToken);

    /// <summary>The next message of a call; null where the call or the connection ended.</summary>
    public async Task<byte[]?> ReadAsync(int stream, CancellationToken cancellationToken)
    {
        var head = new byte[FrameHead];
        while (true)
        {
            if (TakeMessage(stream) is { } message)
            {
                return message;
            }

            if (_ended.Contains(stream) || !await FillAsync(head, cancellationToken))
            {
                return null;
            }

            var payload = new byte[(head[0] << 16) | (head[1] << 8) | head[2]];
            if (!await FillAsync(payload, cancellationToken))
            {
                return null;
            }

            var of = BinaryPrimitives.ReadInt32BigEndian(head.AsSpan(5));
            if (head[3] == DataFrame)
            {
                (_unread.TryGetValue(of, out var unread) ? unread : _unread[of] = []).AddRange(payload);
            }

            var isEnd = head[3] == ResetFrame || (head[3] is DataFrame or HeadersFrame && (head[4] & EndsStream) != 0);
            if (isEnd)
            {
                _ended.Add(of);
            }
        }
    }

    /// <summary>Ends the connection at once; of TCP by a reset, so that no port waits.</summary>
    public void Dispose()
    {
        if (_socket.AddressFamily != AddressFamily.Unix)
        {
            _socket.LingerState = new LingerOption(true, 0);
        }

        _stream.Dispose();
    }

    private static byte[] Frame(byte type, byte flags, int stream, byte[] payload)
    {
        var frame = new byte[FrameHead + payload.Length];
        BinaryPrimitives.WriteInt32BigEndian(frame, payload.Length << 8);
        (frame[3], frame[4]) = (type, flags);
        BinaryPrimitives.WriteInt32BigEndian(frame.AsSpan(5), stream);
        payload.CopyTo(frame, FrameHead);
        return frame;
    }

    // RFC 7541, 6.2.2: literal, without index, without Huffman codes.
    private static byte[] Field(string name, string value) =>
        [0, (byte)name.Length, .. Encoding.ASCII.GetBytes(name), (byte)value.Length, .. Encoding.ASCII.GetBytes(value)];

    private byte[]? TakeMessage(int stream)
    {
        if (!_unread.TryGetValue(stream, out var unread) || unread.Count < 5)
        {
            return null;
        }

        var length = BinaryPrimitives.ReadInt32BigEndian([unread[1], unread[2], unread[3], unread[4]]);
        if (unread.Count < 5 + length)
        {
            return null;
        }

        var message = unread.GetRange(5, length).ToArray();
        unread.RemoveRange(0, 5 + length);
        return message;
    }

    private async Task<bool> FillAsync(Memory<byte> buffer, CancellationToken cancellationToken)
    {
        try
        {
            return await _stream.ReadAtLeastAsync(buffer, buffer.Length, false, cancellationToken) == buffer.Length;
        }
        catch (IOException)
        {
            return false;
        }
    }
}
