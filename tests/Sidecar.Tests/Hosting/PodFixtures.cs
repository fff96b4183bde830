using System.Net;
using System.Net.Sockets;

namespace Fairlead.Sidecar.Tests.Hosting;

/// <summary>Loopback addresses of this process alone: a service's own port is the same everywhere.</summary>
internal static class PodFixtures
{
    private static readonly int Id = Environment.ProcessId;

    /// <summary>A range for services' addresses; <see cref="Address"/> gives none of it.</summary>
    internal static string Range => $"127.{192 + ((Id >> 8) & 63)}.{Id & 255}.0/24";

    /// <summary>An address for a test or a backend; 1 to 254.</summary>
    internal static IPAddress Address(byte number) =>
        new([127, (byte)(128 + ((Id >> 8) & 63)), (byte)(Id & 255), number]);

    internal static void SkipWithoutLowPorts()
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            socket.Bind(new IPEndPoint(Address(255), 80));
        }
        catch (SocketException e) when (e.SocketErrorCode == SocketError.AccessDenied)
        {
            Assert.Skip("port 80 needs root here, or net.ipv4.ip_unprivileged_port_start=80");
        }
    }
}
