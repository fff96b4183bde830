using System.Globalization;
using System.Runtime.CompilerServices;
using Fairlead.EnvoyApi.Clusters;
using Fairlead.TestKit.Processes;
using Google.Protobuf;

namespace Fairlead.Sidecar.Tests.OnDemand;

/// <summary>A control plane that has nothing to do with Fairlead: foreign_xds.py, by gRPC's C core. One caller at a
/// time.</summary>
internal sealed class ForeignControlPlane : IAsyncDisposable
{
    private static readonly TimeSpan Bound = TimeSpan.FromMinutes(3);

    private readonly Dictionary<string, Cluster> _world = new(StringComparer.Ordinal);
    private ChildProcess _process;
    private int _refused;

    private ForeignControlPlane(ChildProcess process, int port) => (_process, Port) = (process, port);

    /// <summary>Its port on loopback.</summary>
    internal int Port { get; }

    internal static async Task<ForeignControlPlane> StartAsync()
    {
        Assert.SkipWhen(
            PythonGrpc.Program is null, "no python3 with grpcio; install python3-grpcio or set PYTHON");
        var (process, port) = await HoldAsync([]);
        var plane = new ForeignControlPlane(process, port);
        await plane.SayAsync("serve");
        return plane;
    }

    /// <summary>Serves a cluster to whoever asks for everything.</summary>
    internal Task SetAsync(Cluster cluster)
    {
        _world[cluster.Name] = cluster;
        return SayAsync($"set cds {cluster.Name} {Convert.ToBase64String(cluster.ToByteArray())}");
    }

    /// <summary>Serves a cluster no more.</summary>
    internal Task DropAsync(string name)
    {
        _world.Remove(name);
        return SayAsync($"drop cds {name}");
    }

    /// <summary>Ends it, and starts it again on its port with what it served.</summary>
    /// <param name="act">What is done while it is not there.</param>
    internal async Task RestartAsync(Func<Task> act)
    {
        _refused = await RefusedAsync();

        // Nobody else takes the port meanwhile.
        var (next, _) = await HoldAsync([Port.ToString(CultureInfo.InvariantCulture)]);
        await _process.DisposeAsync();
        _process = next;
        await act();
        foreach (var cluster in _world.Values.ToArray())
        {
            await SetAsync(cluster);
        }

        await SayAsync("serve");
    }

    /// <summary>How many of its responses were refused.</summary>
    internal async Task<int> RefusedAsync() =>
        _refused + int.Parse((await AskAsync("seen"))[8..], CultureInfo.InvariantCulture);

    public ValueTask DisposeAsync() => _process.DisposeAsync();

    private static async Task<(ChildProcess Process, int Port)> HoldAsync(
        string[] port, [CallerFilePath] string here = "")
    {
        var script = Path.Combine(Path.GetDirectoryName(here)!, "foreign_xds.py");
        var process = ChildProcess.Start(PythonGrpc.Program!, [script, .. port]);
        try
        {
            var held = await process.ReadLineAsync(Bound, TestContext.Current.CancellationToken);
            return (process, int.Parse(held.Split(' ')[1], CultureInfo.InvariantCulture));
        }
        catch
        {
            await process.DisposeAsync();
            throw;
        }
    }

    private async Task SayAsync(string line) => Assert.Equal("ok", await AskAsync(line));

    private Task<string> AskAsync(string line) =>
        _process.AskAsync(line, Bound, TestContext.Current.CancellationToken);
}
