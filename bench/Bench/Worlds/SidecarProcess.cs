using System.Diagnostics;
using Fairlead.TestKit.Processes;

namespace Fairlead.Bench;

/// <summary>A sidecar of our own beside the demo's, with the imports that it is given and nothing remembered.</summary>
internal sealed class SidecarProcess : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(120);

    private readonly ScratchFolder _folder;
    private readonly ChildProcess _process;
    private readonly AdminPage _admin;
    private readonly string _socket;

    private SidecarProcess(ScratchFolder folder, string socket, ChildProcess process, AdminPage admin)
    {
        _folder = folder;
        _socket = socket;
        _process = process;
        _admin = admin;
    }

    public int Id => _process.Id;

    /// <summary>From the fork to the first 200 of <c>/ready</c>.</summary>
    public TimeSpan ReadyAfter { get; private set; }

    public static async Task<SidecarProcess> StartAsync(
        DemoProcess demo, IReadOnlyList<string> imports, CpuQuota? quota, CancellationToken cancellationToken)
    {
        var folder = new ScratchFolder();
        var ports = ChildRun.FreePorts(2);
        var configuration = folder.File("sidecar.yaml");

        // A unix socket's path must be short; the scratch folder's may not be.
        var socket = Path.Combine(Path.GetTempPath(), $"fairlead-bench-{ports[0]}.sock");
        await File.WriteAllLinesAsync(configuration, Lines(demo, folder, socket, imports, ports), cancellationToken);
        var command = $"'{BuiltPrograms.Sidecar}' --config '{configuration}'";
        var clock = Stopwatch.StartNew();
        var process = ChildProcess.Start("sh", ["-c", quota?.Wrap(command) ?? "exec " + command]);
        var sidecar = new SidecarProcess(folder, socket, process, new AdminPage($"127.0.0.1:{ports[1]}"));
        try
        {
            await sidecar.WaitAsync(clock, cancellationToken);
            return sidecar;
        }
        catch
        {
            await sidecar.DisposeAsync();
            throw;
        }
    }

    /// <summary>How many names are fresh.</summary>
    public async Task<int> FreshAsync(CancellationToken cancellationToken) =>
        (await _admin.ListAsync("names", cancellationToken)).Count(name => (string?)name!["state"] == "fresh");

    public async ValueTask DisposeAsync()
    {
        _admin.Dispose();
        if (!_process.HasExited)
        {
            Machine.End(_process.Id);
        }

        await _process.DisposeAsync();
        File.Delete(_socket); // It was ended before it could.
        _folder.Dispose();
    }

    private async Task WaitAsync(Stopwatch clock, CancellationToken cancellationToken)
    {
        while (!await _admin.IsOkAsync("ready", cancellationToken))
        {
            if (_process.HasExited || clock.Elapsed > Patience)
            {
                throw new InvalidOperationException($"the sidecar is not ready: {_process.Errors}");
            }

            await Task.Delay(TimeSpan.FromMilliseconds(5), TimeProvider.System, cancellationToken);
        }

        ReadyAfter = clock.Elapsed;
    }

    private static IEnumerable<string> Lines(
        DemoProcess demo,
        ScratchFolder folder,
        string socket,
        IReadOnlyList<string> imports,
        IReadOnlyList<int> ports) =>
    [
        $"bootstrap: \"{demo["BOOTSTRAP_FILE"]}\"",
        $"key: \"{demo["KEY_FILE"]}\"",
        $"state: \"{folder.File("state")}\"",
        $"imports: [{string.Join(", ", imports)}]",
        "xds:",
        $"  socket: \"{socket}\"",
        $"  address: \"127.0.0.1:{ports[0]}\"",
        $"admin: \"127.0.0.1:{ports[1]}\"",
        "metrics: \"127.0.0.1:0\"",
        "unsafe_allow_loopback_endpoints: true",
    ];
}
