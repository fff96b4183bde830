using System.Net;
using System.Net.Sockets;

namespace Fairlead.Rpc.Tests;

/// <summary>A relay between a client and a server that reads HTTP/2's frames as they pass, and can fall silent without
/// closing anything, as a broken network does.</summary>
internal sealed class FrameRelay : IAsyncDisposable
{
    private const int PrefaceBytes = 24;
    private const int HeaderBytes = 9;
    private const byte Ping = 6;
    private const byte Ack = 1;

    private readonly TcpListener _listener = new(Servers.Any);
    private readonly CancellationTokenSource _ended = new();
    private readonly IPEndPoint _server;
    private readonly Task _serving;
    private volatile bool _silent;

    public FrameRelay(IPEndPoint server)
    {
        _server = server;
        _listener.Start();
        _serving = ServeAsync();
    }

    public IPEndPoint Address => (IPEndPoint)_listener.LocalEndpoint;

    /// <summary>Released for every ping of the client that the server answered.</summary>
    public SemaphoreSlim AnsweredByServer { get; } = new(0);

    /// <summary>Released for every ping of the server that the client answered.</summary>
    public SemaphoreSlim AnsweredByClient { get; } = new(0);

    public void FallSilent() => _silent = true;

    public async ValueTask DisposeAsync()
    {
        await _ended.CancelAsync();
        _listener.Stop();
        await _serving.ContinueWith(_ => { }, TaskScheduler.Default);
        _ended.Dispose();
        AnsweredByServer.Dispose();
        AnsweredByClient.Dispose();
    }

    private async Task ServeAsync()
    {
        using var client = await _listener.AcceptSocketAsync(_ended.Token);
        using var server = new Socket(SocketType.Stream, ProtocolType.Tcp);
        await server.ConnectAsync(_server, _ended.Token);
        await Task.WhenAny(
            CopyAsync(client, server, PrefaceBytes, AnsweredByClient),
            CopyAsync(server, client, 0, AnsweredByServer));
    }

    private async Task CopyAsync(Socket from, Socket to, int preface, SemaphoreSlim answers)
    {
        await using var source = new NetworkStream(from);
        await using var target = new NetworkStream(to);
        var head = new byte[Math.Max(preface, HeaderBytes)];
        if (preface > 0)
        {
            await source.ReadExactlyAsync(head.AsMemory(0, preface), _ended.Token);
            await target.WriteAsync(head.AsMemory(0, preface), _ended.Token);
        }

        while (true)
        {
            await source.ReadExactlyAsync(head.AsMemory(0, HeaderBytes), _ended.Token);
            var frame = new byte[HeaderBytes + ((head[0] << 16) | (head[1] << 8) | head[2])];
            head.AsSpan(0, HeaderBytes).CopyTo(frame);
            await source.ReadExactlyAsync(frame.AsMemory(HeaderBytes), _ended.Token);
            if (_silent)
            {
                continue;
            }

            await target.WriteAsync(frame, _ended.Token);
            if (frame[3] == Ping && (frame[4] & Ack) != 0)
            {
                answers.Release();
            }
        }
    }
}
