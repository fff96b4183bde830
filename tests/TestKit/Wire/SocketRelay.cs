using System.Net.Sockets;

namespace Fairlead.TestKit.Wire;

/// <summary>A unix socket that leads to another, whose connections end when it is told. Thread-safe.</summary>
public sealed class SocketRelay : IAsyncDisposable
{
    private readonly CancellationTokenSource _ended = new();
    private readonly Socket _listener = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
    private readonly string _target;
    private readonly Lock _gate = new();
    private readonly List<Socket> _open = [];
    private readonly Task _serving;
    private long _sent;
    private long _received;

    /// <summary>Listens.</summary>
    /// <param name="path">The path of its own socket.</param>
    /// <param name="target">The path of the server's.</param>
    public SocketRelay(string path, string target)
    {
        _target = target;
        _listener.Bind(new UnixDomainSocketEndPoint(path));
        _listener.Listen();
        _serving = ServeAsync();
    }

    /// <summary>Bytes that went to the server.</summary>
    public long Sent => Interlocked.Read(ref _sent);

    /// <summary>Bytes that came from the server.</summary>
    public long Received => Interlocked.Read(ref _received);

    /// <summary>Ends all connections, on both sides; new ones are taken.</summary>
    /// <returns>How many there were.</returns>
    public int Cut()
    {
        lock (_gate)
        {
            var count = _open.Count / 2;
            _open.ForEach(static socket => socket.Dispose());
            _open.Clear();
            return count;
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _ended.CancelAsync();
        _listener.Dispose();
        Cut();
        await _serving;
        _ended.Dispose();
    }

    private async Task ServeAsync()
    {
        try
        {
            while (true)
            {
                var client = await _listener.AcceptAsync(_ended.Token);
                _ = ConnectAsync(client);
            }
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException or ObjectDisposedException)
        {
        }
    }

    private async Task ConnectAsync(Socket client)
    {
        var server = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        lock (_gate)
        {
            _open.AddRange([client, server]);
        }

        try
        {
            await server.ConnectAsync(new UnixDomainSocketEndPoint(_target), _ended.Token);
            await Task.WhenAny(
                CopyAsync(client, server, count => Interlocked.Add(ref _sent, count)),
                CopyAsync(server, client, count => Interlocked.Add(ref _received, count)));
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException or ObjectDisposedException)
        {
        }
        finally
        {
            lock (_gate)
            {
                _open.Remove(client);
                _open.Remove(server);
            }

            client.Dispose();
            server.Dispose();
        }
    }

    private async Task CopyAsync(Socket from, Socket to, Action<int> count)
    {
        var buffer = new byte[16_384];
        try
        {
            for (int got; (got = await from.ReceiveAsync(buffer, _ended.Token)) > 0;)
            {
                count(got);
                for (var sent = 0; sent < got;)
                {
                    sent += await to.SendAsync(buffer.AsMemory(sent, got - sent), _ended.Token);
                }
            }
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException or ObjectDisposedException)
        {
        }
    }
}
