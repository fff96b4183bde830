using System.Collections.Immutable;
using System.Net;
using System.Text;
using Fairlead.Files;

namespace Fairlead.Sidecar.Dns;

/// <summary>Reads the servers of a resolv.conf. Stateless.</summary>
internal static class ResolvConf
{
    internal const string Path = "/etc/resolv.conf";

    private const int BytesMax = 64 * 1024;
    private const int ServersMax = 8;
    private const int Port = 53;

    /// <summary>The servers of a file; none where it is not there, as on a machine without DNS.</summary>
    /// <exception cref="IOException">It is there and cannot be read.</exception>
    internal static ImmutableArray<IPEndPoint> Read(string path)
    {
        try
        {
            return Servers(Encoding.UTF8.GetString(RegularFile.Read(path, BytesMax)));
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return [];
        }
        catch (UnauthorizedAccessException e)
        {
            throw new IOException(e.Message, e);
        }
    }

    /// <summary>The servers in their order; lines that are none are left out, as every resolver does.</summary>
    internal static ImmutableArray<IPEndPoint> Servers(string text)
    {
        var servers = ImmutableArray.CreateBuilder<IPEndPoint>();
        foreach (var line in text.Split('\n'))
        {
            var words = line.Split((char[])[' ', '\t', '\r'], StringSplitOptions.RemoveEmptyEntries);
            if (words is ["nameserver", var address, ..] && servers.Count < ServersMax
                && IPAddress.TryParse(address, out var parsed))
            {
                servers.Add(new IPEndPoint(parsed, Port));
            }
        }

        return servers.ToImmutable();
    }
}
