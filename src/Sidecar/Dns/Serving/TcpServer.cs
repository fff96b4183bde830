using System.Net.Sockets;
using Microsoft.Extensions.Logging;

namespace Fairlead.Sidecar.Dns;

/// <summary>Accepts connections, a bounded number at once; each is a <see cref="TcpConnection"/>.</summary>
internal sealed class TcpServer(
    Socket listener, QueryHandler handler, DnsOptions options, TimeProvider time, ILogger logger)
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);

    private int _connections;

    /// <summary>Connections that are open now.</summary>
    internal int Connections => Volatile.Read(ref _connections);

    /// <summary>Runs until the token is cancelled.</summary>
    internal async Task RunAsync(CancellationToken cancellationToken)
    {
        var isFailing = false;
        while (!cancellationToken.IsCancellationRequested)
        {
            try
            {
                var socket = await listener.AcceptAsync(cancellationToken).ConfigureAwait(false);
                isFailing = false;
                if (Interlocked.Increment(ref _connections) > options.ConnectionsMax)
                {
                    Interlocked.Decrement(ref _connections);
                    socket.Dispose();
                    continue;
                }

                _ = ServeAsync(socket, cancellationToken);
            }
            catch (SocketException e)
            {
                // As long as no descriptor is left, every further try fails at once.
                if (!isFailing)
                {
                    DnsLog.AcceptTrouble(logger, e.SocketErrorCode.ToString());
                }

                isFailing = true;
                await Task.Delay(Pause, time, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
            catch (OperationCanceledException)
            {
                return;
            }
        }
    }

    private async Task ServeAsync(Socket socket, CancellationToken cancellationToken)
    {
        try
        {
            using var connection = new TcpConnection(socket, handler, options, time);
            await connection.RunAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (Exception e) when (e is IOException or SocketException or OperationCanceledException)
        {
            // Closed by the client, or by its own idleness.
        }
        catch (Exception e)
        {
            DnsLog.Broken(logger, e);
        }
        finally
        {
            Interlocked.Decrement(ref _connections);
        }
    }
}
