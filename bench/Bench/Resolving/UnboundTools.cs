using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using Fairlead.TestKit.Processes;

namespace Fairlead.Bench;

/// <summary>The programs that <c>eng/find-unbound.sh</c> finds. Thread-safe.</summary>
internal sealed class UnboundTools
{
    /// <summary>The port to which a delegation leads.</summary>
    public const int Port = 53;

    private readonly string _root;
    private readonly Dictionary<string, string?> _environment;

    private UnboundTools(string root)
    {
        _root = root;
        var libraries = Path.Combine(root, "usr/lib/x86_64-linux-gnu");
        _environment = root == "/" ? [] : new() { ["LD_LIBRARY_PATH"] = libraries };
    }

    /// <summary>The tools, or why there are none or they are of no use here.</summary>
    /// <param name="servers">Where name servers are to listen.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public static async Task<(UnboundTools? Tools, string Reason)> FindAsync(
        IEnumerable<string> servers, CancellationToken cancellationToken)
    {
        foreach (var server in servers)
        {
            try
            {
                using var udp = new UdpClient(new IPEndPoint(IPAddress.Parse(server), Port));
                using var tcp = new TcpListener(IPAddress.Parse(server), Port);
                tcp.Start();
            }
            catch (SocketException e)
            {
                return (null, $"no name server can listen on {server}:{Port}: {e.Message}");
            }
        }

        var (code, output, error) = await RunAsync("bash", [Script()], [], ".", cancellationToken);
        return code == 0 ? (new UnboundTools(output.Trim()), "") : (null, error.Trim().Split('\n')[^1]);
    }

    /// <summary>Runs a tool to its end and returns what it printed.</summary>
    /// <exception cref="InvalidOperationException">It failed; with what it said.</exception>
    public async Task<string> RunAsync(
        string tool, IEnumerable<string> arguments, string folder, CancellationToken cancellationToken)
    {
        var (code, output, error) = await RunAsync(
            Path.Combine(_root, tool), arguments, _environment, folder, cancellationToken);
        return code == 0 ? output : throw new InvalidOperationException($"{tool}: {code}: {output}{error}");
    }

    /// <summary>Starts a server.</summary>
    public ChildProcess Start(string program, params IEnumerable<string> arguments) =>
        ChildProcess.Start(Path.Combine(_root, program), arguments, _environment);

    private static async Task<(int Code, string Output, string Error)> RunAsync(
        string program,
        IEnumerable<string> arguments,
        Dictionary<string, string?> environment,
        string folder,
        CancellationToken cancellationToken)
    {
        var info = new ProcessStartInfo(program, arguments)
        {
            WorkingDirectory = folder,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (var (name, value) in environment)
        {
            info.Environment[name] = value;
        }

        using var process = Process.Start(info)!;
        var error = process.StandardError.ReadToEndAsync(cancellationToken);
        var output = await process.StandardOutput.ReadToEndAsync(cancellationToken);
        await process.WaitForExitAsync(cancellationToken);
        return (process.ExitCode, output, await error);
    }

    private static string Script([CallerFilePath] string here = "") =>
        Path.GetFullPath(Path.Combine(here, "..", "..", "..", "..", "eng", "find-unbound.sh"));
}
