using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Fairlead.Rpc.Tests;

/// <summary>A caller that writes HTTP/2's frames itself (RFC 9113), and reads only what it is told to.</summary>
internal sealed class RawConnection : IDisposable
{
    public const byte Data = 0;
    public const byte Headers = 1;
    public const byte Reset = 3;
    public const byte Settings = 4;
    public const byte GoAway = 7;
    public const byte WindowUpdate = 8;
    public const byte EndStream = 1;
    public const byte EndHeaders = 4;

    private const byte Ack = 1;
    private const ushort WindowSetting = 4;
    private const int HeaderBytes = 9;

    // RFC 7541, appendix A: method POST, scheme http.
    private static readonly byte[] Post = [0x83, 0x86];

    private readonly Socket _socket;
    private readonly NetworkStream _stream;

    private RawConnection(Socket socket)
    {
        _socket = socket;
        _stream = new NetworkStream(socket);
    }

    /// <summary>Whether the other side said in what was read that it ends the connection.</summary>
    public bool WasToldToGo { get; private set; }

    /// <summary>Connects and says nothing.</summary>
    /// <param name="server">Where.</param>
    /// <param name="from">The own address; null for any.</param>
    /// <param name="receiveBytes">The system's own buffer for what is not read; null for its default.</param>
    public static async Task<RawConnection> ConnectAsync(
        RpcServer server, IPAddress? from = null, int? receiveBytes = null)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        if (receiveBytes is { } bytes)
        {
            socket.ReceiveBufferSize = bytes;
        }

        if (from is not null)
        {
            socket.Bind(new IPEndPoint(from, 0));
        }

        await socket.ConnectAsync(server.Endpoints[0].Address!, Servers.Token);
        return new RawConnection(socket);
    }

    /// <summary>The preface, with a window of so many bytes for each stream, and more for all than anybody needs.
    /// </summary>
    public async Task OpenAsync(int window)
    {
        await WriteAsync("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"u8.ToArray());
        await FrameAsync(WindowUpdate, 0, 0, [0x40, 0, 0, 0]);
        var setting = new byte[6];
        BinaryPrimitives.WriteUInt16BigEndian(setting, WindowSetting);
        BinaryPrimitives.WriteInt32BigEndian(setting.AsSpan(2), window);
        await FrameAsync(Settings, 0, 0, setting);
    }

    /// <summary>A call's headers, whole or not.</summary>
    /// <param name="stream">The stream.</param>
    /// <param name="method">The method.</param>
    /// <param name="flags">Of the frame.</param>
    /// <param name="encoding">How its messages may be compressed; null for not at all.</param>
    public Task CallAsync(int stream, IMethod method, byte flags = EndHeaders, string? encoding = null) =>
        FrameAsync(Headers, flags, stream, HeadersOf(method, encoding));

    /// <summary>A message of a call.</summary>
    public Task MessageAsync(int stream, byte[] message, byte flags = EndStream)
    {
        var prefixed = new byte[5 + message.Length];
        BinaryPrimitives.WriteInt32BigEndian(prefixed.AsSpan(1), message.Length);
        message.CopyTo(prefixed, 5);
        return FrameAsync(Data, flags, stream, prefixed);
    }

    public Task FrameAsync(byte type, byte flags, int stream, byte[] payload)
    {
        var frame = new byte[HeaderBytes + payload.Length];
        BinaryPrimitives.WriteInt32BigEndian(frame, payload.Length << 8);
        frame[3] = type;
        frame[4] = flags;
        BinaryPrimitives.WriteInt32BigEndian(frame.AsSpan(5), stream);
        payload.CopyTo(frame, HeaderBytes);
        return WriteAsync(frame);
    }

    /// <summary>Reads until a frame of that type comes on that stream.</summary>
    /// <returns>Its payload; null where the connection ends before.</returns>
    public async Task<byte[]?> ReadAsync(byte type, int stream)
    {
        var head = new byte[HeaderBytes];
        try
        {
            while (true)
            {
                await ReadExactlyAsync(head);
                var payload = new byte[BinaryPrimitives.ReadInt32BigEndian(head) >> 8];
                await ReadExactlyAsync(payload);
                WasToldToGo |= head[3] == GoAway;
                if (head[3] == Settings && (head[4] & Ack) == 0)
                {
                    await FrameAsync(Settings, Ack, 0, []);
                }

                if (head[3] == type && BinaryPrimitives.ReadInt32BigEndian(head.AsSpan(5)) == stream)
                {
                    return payload;
                }
            }
        }
        catch (IOException)
        {
            return null;
        }
    }

    /// <summary>Reads on until the other side ends the connection.</summary>
    public async Task EndsAsync() => Assert.Null(await ReadAsync(byte.MaxValue, 0));

    public void Dispose()
    {
        _stream.Dispose();
        _socket.Dispose();
    }

    private async Task ReadExactlyAsync(byte[] bytes) =>
        await _stream.ReadExactlyAsync(bytes, Servers.Token).AsTask().WaitAsync(
            Servers.Patience, Servers.Token);

    private Task WriteAsync(byte[] bytes) => _stream.WriteAsync(bytes, Servers.Token).AsTask();

    private static byte[] HeadersOf(IMethod method, string? encoding)
    {
        var block = new List<byte>(Post);
        Literal(":path", method.FullName);
        Literal(":authority", "test");
        Literal("content-type", "application/grpc");
        Literal("te", "trailers");
        if (encoding is not null)
        {
            Literal("grpc-encoding", encoding);
        }

        return [.. block];

        // RFC 7541, 6.2.2: a literal without indexing, with a name of its own. All are shorter than 127 bytes.
        void Literal(string name, string value)
        {
            block.Add(0);
            foreach (var text in new[] { name, value })
            {
                block.Add((byte)text.Length);
                block.AddRange(Encoding.ASCII.GetBytes(text));
            }
        }
    }
}
