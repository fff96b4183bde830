using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Logging;

namespace Fairlead.Sidecar.Dns;

/// <summary>
/// Answers datagrams. One task receives; what has to wait does so beside it, within the handler's bound.
/// </summary>
internal sealed class UdpServer(Socket socket, QueryHandler handler, ILogger logger)
{
    /// <summary>No question is longer; a datagram that is gets cut, and a cut one is malformed.</summary>
    private const int QueryBytesMax = 4_096;

    /// <summary>Runs until the token is cancelled.</summary>
    internal async Task RunAsync(CancellationToken cancellationToken)
    {
        var buffer = new byte[QueryBytesMax];
        var anyone = new IPEndPoint(
            socket.AddressFamily == AddressFamily.InterNetwork ? IPAddress.Any : IPAddress.IPv6Any, 0);
        while (!cancellationToken.IsCancellationRequested)
        {
            try
            {
                var received = await socket.ReceiveFromAsync(buffer, SocketFlags.None, anyone, cancellationToken)
                    .ConfigureAwait(false);
                _ = AnswerAsync(buffer[..received.ReceivedBytes], received.RemoteEndPoint, cancellationToken);
            }
            catch (SocketException e)
            {
                // A word about an earlier datagram: its client is gone, the others are not.
                DnsLog.SocketTrouble(logger, e.SocketErrorCode.ToString());
            }
            catch (OperationCanceledException)
            {
                return;
            }
        }
    }

    private async Task AnswerAsync(byte[] query, EndPoint client, CancellationToken cancellationToken)
    {
        try
        {
            if (await handler.HandleAsync(query, isUdp: true, cancellationToken).ConfigureAwait(false) is { } response)
            {
                await socket.SendToAsync(response, SocketFlags.None, client, cancellationToken).ConfigureAwait(false);
            }
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // The client asks again, if it is still there.
        }
        catch (Exception e)
        {
            DnsLog.Broken(logger, e);
        }
    }
}
