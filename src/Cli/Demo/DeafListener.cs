using System.Net;
using System.Net.Sockets;

namespace Fairlead.Cli.Demo;

/// <summary>
/// An address that takes no connection and refuses none, as that of a machine that is gone: the queue of its socket is
/// full, so that the kernel drops what more comes (listen(2), <c>backlog</c>). Disposing it frees the address.
/// </summary>
internal sealed class DeafListener : IDisposable
{
    // The kernel lets one more wait than the queue's length says.
    private const int Waiting = 4;

    private readonly Socket _listener;
    private readonly List<Socket> _waiting = [];

    /// <exception cref="SocketException">The address is in use.</exception>
    internal DeafListener(IPEndPoint address)
    {
        _listener = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            _listener.Bind(address);
            _listener.Listen(0);
            for (var i = 0; i < Waiting; i++)
            {
                Connect(address);
            }
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    public void Dispose()
    {
        _waiting.ForEach(socket => socket.Dispose());
        _listener.Dispose();
    }

    // Those behind the first few never get an answer, and nobody waits for one.
    private void Connect(IPEndPoint address)
    {
        var socket = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { Blocking = false };
        _waiting.Add(socket);
        try
        {
            socket.Connect(address);
        }
        catch (SocketException e) when (e.SocketErrorCode is SocketError.WouldBlock or SocketError.InProgress)
        {
            // It goes on by itself.
        }
    }
}
