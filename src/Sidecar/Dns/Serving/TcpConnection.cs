using System.Buffers.Binary;
using System.Net.Sockets;

namespace Fairlead.Sidecar.Dns;

/// <summary>
/// One client's connection (RFC 7766): questions one after the other, a bounded number of them worked on at once, each
/// answered when it is ready. A client that sends nothing whole in time, or takes nothing, is left.
/// </summary>
internal sealed class TcpConnection : IDisposable
{
    private const int QueryBytesMax = 4_096;

    private readonly NetworkStream _stream;
    private readonly QueryHandler _handler;
    private readonly DnsOptions _options;
    private readonly TimeProvider _time;
    private readonly SemaphoreSlim _places;
    private readonly SemaphoreSlim _writing = new(1, 1);

    internal TcpConnection(Socket socket, QueryHandler handler, DnsOptions options, TimeProvider time)
    {
        socket.NoDelay = true;
        _stream = new NetworkStream(socket, ownsSocket: true);
        _handler = handler;
        _options = options;
        _time = time;
        _places = new SemaphoreSlim(options.PipelineMax, options.PipelineMax);
    }

    /// <summary>Serves until the client closes, is idle, or sends what is no question.</summary>
    /// <exception cref="IOException">The connection broke.</exception>
    internal async Task RunAsync(CancellationToken cancellationToken)
    {
        using var broken = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        try
        {
            while (await ReadAsync(broken.Token).ConfigureAwait(false) is { } query)
            {
                await _places.WaitAsync(broken.Token).ConfigureAwait(false);
                _ = AnswerAsync(query, broken);
            }
        }
        finally
        {
            // Answers that are being made still go out, each within its own bounds.
            for (var i = 0; i < _options.PipelineMax; i++)
            {
                await _places.WaitAsync(CancellationToken.None).ConfigureAwait(false);
            }
        }
    }

    public void Dispose()
    {
        _stream.Dispose();
        _places.Dispose();
        _writing.Dispose();
    }

    private async Task<byte[]?> ReadAsync(CancellationToken cancellationToken)
    {
        using var idle = new CancellationTokenSource(_options.ConnectionIdle, _time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(idle.Token, cancellationToken);
        var length = new byte[2];
        if (await _stream.ReadAtLeastAsync(length, 2, throwOnEndOfStream: false, both.Token).ConfigureAwait(false) < 2)
        {
            return null;
        }

        var size = BinaryPrimitives.ReadUInt16BigEndian(length);
        if (size > QueryBytesMax)
        {
            return null;
        }

        var query = new byte[size];
        await _stream.ReadExactlyAsync(query, both.Token).ConfigureAwait(false);
        return query;
    }

    private async Task AnswerAsync(byte[] query, CancellationTokenSource broken)
    {
        try
        {
            if (await _handler.HandleAsync(query, isUdp: false, broken.Token).ConfigureAwait(false) is { } response)
            {
                await WriteAsync(response, broken.Token).ConfigureAwait(false);
            }
        }
        catch (Exception)
        {
            // Half an answer may be on its way: nothing else can follow on this connection.
            await broken.CancelAsync().ConfigureAwait(false);
        }
        finally
        {
            _places.Release();
        }
    }

    private async Task WriteAsync(byte[] response, CancellationToken cancellationToken)
    {
        using var idle = new CancellationTokenSource(_options.ConnectionIdle, _time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(idle.Token, cancellationToken);
        var framed = new byte[2 + response.Length];
        BinaryPrimitives.WriteUInt16BigEndian(framed, (ushort)response.Length);
        response.CopyTo(framed, 2);
        await _writing.WaitAsync(both.Token).ConfigureAwait(false);
        try
        {
            await _stream.WriteAsync(framed, both.Token).ConfigureAwait(false);
        }
        finally
        {
            _writing.Release();
        }
    }
}
