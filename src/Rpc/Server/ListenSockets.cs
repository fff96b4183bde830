using System.Net;
using System.Net.Sockets;

namespace Fairlead.Rpc;

/// <summary>Makes the listening sockets of a server's endpoints.</summary>
internal static class ListenSockets
{
    /// <summary>A bound socket. Throws <see cref="RpcEndpointException"/>.</summary>
    public static Socket Bind(RpcEndpoint endpoint)
    {
        try
        {
            return endpoint.SocketPath is { } path ? BindUnix(endpoint, path) : BindTcp(endpoint.Address!);
        }
        catch (SocketException exception)
        {
            throw new RpcEndpointException(endpoint, Explain(endpoint, exception), exception);
        }
    }

    private static Socket BindTcp(IPEndPoint address)
    {
        var socket = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            if (address.Address.Equals(IPAddress.IPv6Any))
            {
                socket.DualMode = true;
            }

            socket.Bind(address);
            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private static Socket BindUnix(RpcEndpoint endpoint, string path)
    {
        MakeFolder(endpoint, path);
        RemoveDead(endpoint, path);
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            // Between bind and listen the file is there and nobody can connect: the time to set its mode.
            socket.Bind(new UnixDomainSocketEndPoint(path));
            if (!OperatingSystem.IsWindows())
            {
                File.SetUnixFileMode(path, endpoint.SocketMode);
            }

            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    // A volume that is mounted empty, and /var/run of an image, have no folder of ours yet.
    private static void MakeFolder(RpcEndpoint endpoint, string path)
    {
        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new RpcEndpointException(
                endpoint, $"no folder for the socket {path}: {e.Message} Make it, or choose another path", e);
        }
    }

    private static void RemoveDead(RpcEndpoint endpoint, string path)
    {
        if (!File.Exists(path))
        {
            return;
        }

        using var probe = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            probe.Connect(new UnixDomainSocketEndPoint(path));
        }
        catch (SocketException exception) when (exception.SocketErrorCode == SocketError.ConnectionRefused)
        {
            // Refused is what a dead socket answers, and what a file of another kind does. Only the first has no bytes
            // and cannot be opened.
            if (!IsSocket(path))
            {
                throw new RpcEndpointException(
                    endpoint, $"{path} is there and is no socket; remove it or choose another path");
            }

            File.Delete(path);
            return;
        }

        throw new RpcEndpointException(
            endpoint, $"socket in use: {path}; stop the process that serves it or choose another path");
    }

    private static bool IsSocket(string path)
    {
        try
        {
            using var file = File.Open(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            return false;
        }
        catch (UnauthorizedAccessException)
        {
            return false;
        }
        catch (IOException)
        {
            return true;
        }
    }

    private static string Explain(RpcEndpoint endpoint, SocketException exception) => exception.SocketErrorCode switch
    {
        SocketError.AddressAlreadyInUse =>
            $"address in use: {endpoint}; stop the process that listens there or choose another port",
        SocketError.AddressNotAvailable => $"{endpoint}: this machine has no such address",
        SocketError.AccessDenied => $"{endpoint}: not allowed; choose another port or path",
        _ => $"{endpoint}: {exception.Message}",
    };
}
