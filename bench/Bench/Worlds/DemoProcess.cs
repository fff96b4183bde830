using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;
using Fairlead.TestKit.Processes;

namespace Fairlead.Bench;

/// <summary>
/// The two segments of <c>fairlead demo --keep</c>: eight anchors, two controllers, a sidecar as it is published and,
/// where one can be had, an Envoy, all in processes of their own. Used by one caller at a time; disposing it ends them.
/// </summary>
internal sealed partial class DemoProcess : IAsyncDisposable
{
    private static readonly TimeSpan StartPatience = TimeSpan.FromSeconds(180);
    private static readonly TimeSpan StopPatience = TimeSpan.FromSeconds(30);

    private readonly ScratchFolder _folder;
    private readonly ChildProcess _process;
    private readonly Dictionary<string, string> _values = new(StringComparer.Ordinal);

    private DemoProcess(ChildProcess process, ScratchFolder folder)
    {
        _process = process;
        _folder = folder;
    }

    /// <summary>A value of the file that the demo writes, such as MANIFESTS_DIR.</summary>
    public string this[string key] => _values[key];

    /// <summary>Whether it has an Envoy.</summary>
    public bool HasEnvoy => this["ENVOY_PID"].Length > 0;

    /// <summary>Where us1's manifests are watched.</summary>
    public string Manifests => Path.Combine(this["MANIFESTS_DIR"], this["SEGMENT_US1"]);

    /// <summary>Where applications send requests to Envoy.</summary>
    public Uri EnvoyListener
    {
        get
        {
            var port = ListenerPort().Match(File.ReadAllText(this["ENVOY_BOOTSTRAP"])).Groups[1].Value;
            return new Uri($"http://127.0.0.1:{port}/");
        }
    }

    /// <summary>Starts it, with more words for <c>fairlead demo</c> where some are given.</summary>
    public static async Task<DemoProcess> StartAsync(
        CancellationToken cancellationToken, params IEnumerable<string> more)
    {
        var folder = new ScratchFolder();
        var file = folder.File("demo.env");
        var process = ChildProcess.Start(
            "env",
            [
                $"FAIRLEAD_SIDECAR={BuiltPrograms.Sidecar}", "dotnet", BuiltPrograms.Fairlead, "demo", "--keep",
                "--env-file", file, .. more,
            ]);
        var demo = new DemoProcess(process, folder);
        try
        {
            await demo.WaitAsync(file, cancellationToken);
            return demo;
        }
        catch
        {
            await demo.DisposeAsync();
            throw;
        }
    }

    /// <summary>The demo's pod, for resolvers of our own.</summary>
    public Pod Pod() => Bench.Pod.Read(this["BOOTSTRAP_FILE"], this["KEY_FILE"]);

    /// <summary>Has us1 export so many names; they are sealed a little later.</summary>
    /// <returns>The names, <c>checkout</c> first.</returns>
    public async Task<string[]> ExportAsync(int names, CancellationToken cancellationToken)
    {
        var generated = names - 2;
        await ChildRun.FairleadAsync(
            ["manifests", "generate", "--services", $"{generated}", "--endpoints", "3", "--out", Manifests],
            cancellationToken);
        var segment = this["SEGMENT_US1"];
        return
        [
            "checkout.shop.svc." + segment, "catalog.shop.svc." + segment,
            .. Enumerable.Range(0, generated)
                .Select(i => string.Create(CultureInfo.InvariantCulture, $"svc-{i:d5}.shop.svc.{segment}")),
        ];
    }

    /// <summary>Returns once every anchor of us1 holds so many sealed entries.</summary>
    public async Task SealedAsync(int entries, CancellationToken cancellationToken)
    {
        using var bound = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        bound.CancelAfter(StartPatience);
        foreach (var address in this["ANCHOR_ADMINS_US1"].Split(','))
        {
            using var admin = new AdminPage(address);
            while ((int)(await admin.ReadAsync("status", bound.Token))["entries"]! < entries)
            {
                await Task.Delay(TimeSpan.FromMilliseconds(100), TimeProvider.System, bound.Token);
            }
        }
    }

    /// <summary>The process ids of a list such as ANCHOR_PIDS_US1.</summary>
    public IReadOnlyList<int> Processes(string key) =>
        [.. this[key].Split(',', StringSplitOptions.RemoveEmptyEntries)
            .Select(id => int.Parse(id, CultureInfo.InvariantCulture))];

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            Machine.End(_process.Id);
            for (var clock = Stopwatch.StartNew(); !_process.HasExited && clock.Elapsed < StopPatience;)
            {
                await Task.Delay(TimeSpan.FromMilliseconds(50), TimeProvider.System, CancellationToken.None);
            }
        }

        await _process.DisposeAsync();
        _folder.Dispose();
    }

    private async Task WaitAsync(string file, CancellationToken cancellationToken)
    {
        var clock = Stopwatch.StartNew();
        while (!File.Exists(file))
        {
            if (_process.HasExited || clock.Elapsed > StartPatience)
            {
                throw new InvalidOperationException($"the demo does not come up: {_process.Errors}");
            }

            await Task.Delay(TimeSpan.FromMilliseconds(50), TimeProvider.System, cancellationToken);
        }

        foreach (var line in await File.ReadAllLinesAsync(file, cancellationToken))
        {
            var at = line.IndexOf('=', StringComparison.Ordinal);
            _values[line[..at]] = line[(at + 1)..];
        }
    }

    [GeneratedRegex(@"name: outbound\s+address:\s+socket_address: \{ address: 127\.0\.0\.1, port_value: (\d+) \}")]
    private static partial Regex ListenerPort();
}
