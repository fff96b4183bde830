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

    private readonly ChildProcess _process;

    private ForeignControlPlane(ChildProcess process, int port) => (_process, Port) = (process, port);

    /// <summary>Its port on loopback.</summary>
    internal int Port { get; }

    internal static async Task<ForeignControlPlane> StartAsync([CallerFilePath] string here = "")
    {
        Assert.SkipWhen(
            PythonGrpc.Program is null, "no python3 with grpcio; install python3-grpcio or set PYTHON");
        var script = Path.Combine(Path.GetDirectoryName(here)!, "foreign_xds.py");
        var process = ChildProcess.Start(PythonGrpc.Program!, [script]);
        var ready = await process.ReadLineAsync(Bound, TestContext.Current.CancellationToken);
        return new ForeignControlPlane(process, int.Parse(ready.Split(' ')[1], CultureInfo.InvariantCulture));
    }

    /// <summary>Serves a cluster to whoever asks for everything.</summary>
    internal async Task SetAsync(Cluster cluster) =>
        Assert.Equal("ok", await AskAsync($"set cds {cluster.Name} {Convert.ToBase64String(cluster.ToByteArray())}"));

    /// <summary>How many of its responses were refused.</summary>
    internal async Task<int> RefusedAsync() => int.Parse((await AskAsync("seen"))[8..], CultureInfo.InvariantCulture);

    public ValueTask DisposeAsync() => _process.DisposeAsync();

    private Task<string> AskAsync(string line) =>
        _process.AskAsync(line, Bound, TestContext.Current.CancellationToken);
}
