using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Text;

namespace Fairlead.TestKit.Processes;

/// <summary>Things in a folder that are no regular files. Stateless.</summary>
public static class OddFiles
{
    /// <summary>Makes a pipe that nobody writes to: to open it waits for ever.</summary>
    public static string Pipe(string folder, string name = "pipe")
    {
        var path = Path.Combine(folder, name);
        return Mkfifo(Encoding.UTF8.GetBytes(path + '\0'), 0x180) == 0
            ? path : throw new IOException($"no pipe at {path}");
    }

    /// <summary>Makes the file of a socket that nobody serves.</summary>
    public static string Socket(string folder)
    {
        var path = Path.Combine(folder, "socket");
        using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        socket.Bind(new UnixDomainSocketEndPoint(path + ".bound"));

        // With the socket goes the file that it was bound to.
        File.Move(path + ".bound", path);
        return path;
    }

    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    [DllImport("libc", EntryPoint = "mkfifo")]
    private static extern int Mkfifo(byte[] path, uint mode);
}
