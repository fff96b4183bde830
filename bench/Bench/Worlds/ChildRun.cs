using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace Fairlead.Bench;

/// <summary>Short runs of the command line, and ports for what is started afterwards.</summary>
internal static class ChildRun
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(120);

    /// <summary>Runs <c>fairlead ARGUMENTS</c> to its end.</summary>
    /// <exception cref="InvalidOperationException">It did not end with 0; with what it said.</exception>
    public static async Task FairleadAsync(IEnumerable<string> arguments, CancellationToken cancellationToken)
    {
        var info = new ProcessStartInfo("dotnet", [BuiltPrograms.Fairlead, .. arguments])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using var process = Process.Start(info)!;
        var said = Task.WhenAll(
            process.StandardOutput.ReadToEndAsync(cancellationToken),
            process.StandardError.ReadToEndAsync(cancellationToken));
        await process.WaitForExitAsync(cancellationToken).WaitAsync(Patience, cancellationToken);
        if (process.ExitCode != 0)
        {
            var text = string.Join(' ', await said);
            throw new InvalidOperationException($"{info.ArgumentList[1]}: exit code {process.ExitCode}: {text}");
        }
    }

    /// <summary>Loopback ports that were free a moment ago.</summary>
    public static IReadOnlyList<int> FreePorts(int count)
    {
        var held = Enumerable.Range(0, count)
            .Select(_ => new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp)).ToList();
        held.ForEach(socket => socket.Bind(new IPEndPoint(IPAddress.Loopback, 0)));
        var ports = held.ConvertAll(socket => ((IPEndPoint)socket.LocalEndPoint!).Port);
        held.ForEach(socket => socket.Dispose());
        return ports;
    }
}
