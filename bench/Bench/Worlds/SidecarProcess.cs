using System.Diagnostics;
using Fairlead.TestKit.Processes;

namespace Fairlead.Bench;

/// <summary>A sidecar of our own beside the demo's, with the imports that it is given and, unless it is given a state,
/// nothing remembered.</summary>
internal sealed class SidecarProcess : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(120);

    private readonly ScratchFolder _folder;
    private readonly ChildProcess _process;
    private readonly AdminPage _admin;
    private readonly string _socket;

    private readonly Stopwatch _clock;

    private SidecarProcess(
        ScratchFolder folder, string socket, ChildProcess process, AdminPage admin, Stopwatch clock)
    {
        _folder = folder;
        _clock = clock;
        _socket = socket;
        _process = process;
        _admin = admin;
    }

    public int Id => _process.Id;

    /// <summary>From the fork to the first 200 of <c>/ready</c>.</summary>
    public TimeSpan ReadyAfter { get; private set; }

    /// <summary>The target of its xDS socket, which may not be there yet.</summary>
    public string Xds => "unix:" + _socket;

    /// <summary>Since the fork.</summary>
    public TimeSpan Age => _clock.Elapsed;

    /// <summary>Starts one and waits until it is ready.</summary>
    public static async Task<SidecarProcess> StartAsync(
        DemoProcess demo, IReadOnlyList<string> imports, CpuQuota? quota, CancellationToken cancellationToken)
    {
        var sidecar = await LaunchAsync(demo, imports, quota, null, cancellationToken);
        try
        {
            await sidecar.WaitAsync(cancellationToken);
            return sidecar;
        }
        catch
        {
            await sidecar.DisposeAsync();
            throw;
        }
    }

    /// <summary>Starts one, with a state file of the caller's where one is given, and waits for nothing.</summary>
    public static async Task<SidecarProcess> LaunchAsync(
        DemoProcess demo,
        IReadOnlyList<string> imports,
        CpuQuota? quota,
        string? state,
        CancellationToken cancellationToken)
    {
        var folder = new ScratchFolder();
        var ports = ChildRun.FreePorts(2);
        var configuration = folder.File("sidecar.yaml");

        // A unix socket's path must be short; the scratch folder's may not be.
        var socket = Path.Combine(Path.GetTempPath(), $"fairlead-bench-{ports[0]}.sock");
        state ??= folder.File("state");
        await File.WriteAllLinesAsync(configuration, Lines(demo, state, socket, imports, ports), cancellationToken);
        var command = $"'{BuiltPrograms.Sidecar}' --config '{configuration}'";
        var clock = Stopwatch.StartNew();
        var process = ChildProcess.Start("sh", ["-c", quota?.Wrap(command) ?? "exec " + command]);
        return new SidecarProcess(folder, socket, process, new AdminPage($"127.0.0.1:{ports[1]}"), clock);
    }

    /// <summary>Runs one on a state until every name is fresh, and ends it: the state remembers them.</summary>
    public static async Task RememberAsync(
        DemoProcess demo, IReadOnlyList<string> imports, string state, CancellationToken cancellationToken)
    {
        await using var sidecar = await LaunchAsync(demo, imports, null, state, cancellationToken);
        await sidecar.WaitAsync(cancellationToken);
        while (await sidecar.FreshAsync(cancellationToken) < imports.Count)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(50), TimeProvider.System, cancellationToken);
        }

        Machine.End(sidecar.Id);
        while (!sidecar._process.HasExited && sidecar.Age < Patience)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System, cancellationToken);
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

    private async Task WaitAsync(CancellationToken cancellationToken)
    {
        while (!await _admin.IsOkAsync("ready", cancellationToken))
        {
            if (_process.HasExited || Age > Patience)
            {
                throw new InvalidOperationException($"the sidecar is not ready: {_process.Errors}");
            }

            await Task.Delay(TimeSpan.FromMilliseconds(5), TimeProvider.System, cancellationToken);
        }

        ReadyAfter = Age;
    }

    private static IEnumerable<string> Lines(
        DemoProcess demo,
        string state,
        string socket,
        IReadOnlyList<string> imports,
        IReadOnlyList<int> ports) =>
    [
        $"bootstrap: \"{demo["BOOTSTRAP_FILE"]}\"",
        $"key: \"{demo["KEY_FILE"]}\"",
        $"state: \"{state}\"",
        $"imports: [{string.Join(", ", imports)}]",
        "xds:",
        $"  socket: \"{socket}\"",
        $"  address: \"127.0.0.1:{ports[0]}\"",
        $"admin: \"127.0.0.1:{ports[1]}\"",
        "metrics: \"127.0.0.1:0\"",
        "unsafe_allow_loopback_endpoints: true",
    ];
}
