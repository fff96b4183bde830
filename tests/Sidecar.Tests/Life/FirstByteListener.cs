using System.Net;
using System.Net.Sockets;

namespace Fairlead.Sidecar.Tests.Life;

/// <summary>An endpoint on loopback that reads one byte of each connection, by which it knows how it is spoken to, and
/// ends it.</summary>
internal sealed class FirstByteListener : IAsyncDisposable
{
    // The type of a record that a TLS client begins with (RFC 8446, 5.1).
    private const byte Handshake = 22;

    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _ended = new();
    private readonly Task _accepting;
    private int _clear;
    private int _tls;

    internal FirstByteListener()
    {
        _listener.Start();
        _accepting = AcceptAsync();
    }

    internal int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    /// <summary>Connections on which a byte came that is no beginning of TLS.</summary>
    internal int Clear => Volatile.Read(ref _clear);

    /// <summary>Connections that began with TLS.</summary>
    internal int Tls => Volatile.Read(ref _tls);

    public async ValueTask DisposeAsync()
    {
        await _ended.CancelAsync();
        await _accepting;
        _listener.Dispose();
        _ended.Dispose();
    }

    private async Task AcceptAsync()
    {
        var reading = new List<Task>();
        try
        {
            while (true)
            {
                reading.Add(ReadAsync(await _listener.AcceptSocketAsync(_ended.Token)));
            }
        }
        catch (OperationCanceledException)
        {
            await Task.WhenAll(reading);
        }
    }

    private async Task ReadAsync(Socket socket)
    {
        using (socket)
        {
            var first = new byte[1];
            try
            {
                if (await socket.ReceiveAsync(first, _ended.Token) > 0)
                {
                    Interlocked.Increment(ref first[0] == Handshake ? ref _tls : ref _clear);
                }
            }
            catch (Exception e) when (e is SocketException or OperationCanceledException)
            {
                // Nothing came on it.
            }
        }
    }
}
