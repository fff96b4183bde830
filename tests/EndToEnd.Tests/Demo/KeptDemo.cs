using System.Collections.Concurrent;
using Fairlead.EndToEnd.Tests.Demo;
using Fairlead.TestKit.Processes;
using Xunit;

[assembly: AssemblyFixture(typeof(KeptDemo))]

namespace Fairlead.EndToEnd.Tests.Demo;

/// <summary>
/// One <c>fairlead demo --keep --env-file F</c> for all tests that only look at it or put back what they change. It
/// starts with the first test that asks for it, and ends by SIGTERM behind the last, which must be 0 and leave nothing.
/// </summary>
public sealed class KeptDemo : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(10);

    private readonly TemporaryFolder _folder = new();
    private readonly ConcurrentQueue<(WatcherChangeTypes Change, string? Name)> _changes = new();
    private readonly Lazy<Task<DemoEnvironment>> _starting;
    private FileSystemWatcher? _watcher;
    private ChildProcess? _process;

    /// <summary>Starts nothing yet.</summary>
    public KeptDemo() => _starting = new(() => StartAsync(CancellationToken.None));

    /// <summary>What happened in the folder of the environment file.</summary>
    internal IReadOnlyCollection<(WatcherChangeTypes Change, string? Name)> Changes => _changes;

    /// <summary>Where it writes.</summary>
    internal string EnvFile => _folder["demo.env"];

    /// <summary>The running demo. Where it did not start, every test says so at once.</summary>
    internal Task<DemoEnvironment> GetAsync() => _starting.Value.WaitAsync(TestContext.Current.CancellationToken);

    public async ValueTask DisposeAsync()
    {
        try
        {
            if (_starting is { IsValueCreated: true, Value.IsCompletedSuccessfully: true })
            {
                _process!.Signal(Signals.Term);
                var (code, output) = await _process.WaitForExitAsync(TimeSpan.FromMinutes(5), CancellationToken.None);
                Assert.True(code == 0, $"ended with {code}: {output}{_process.Errors}");
                Remains.None((await _starting.Value).Folder);
            }
        }
        finally
        {
            _watcher?.Dispose();
            if (_process is not null)
            {
                await _process.DisposeAsync();
            }

            _folder.Dispose();
        }
    }

    private async Task<DemoEnvironment> StartAsync(CancellationToken cancellationToken)
    {
        _watcher = new FileSystemWatcher(Path.GetDirectoryName(EnvFile)!);
        _watcher.Created += (_, e) => _changes.Enqueue((e.ChangeType, e.Name));
        _watcher.Changed += (_, e) => _changes.Enqueue((e.ChangeType, e.Name));
        _watcher.Renamed += (_, e) => _changes.Enqueue((e.ChangeType, e.Name));
        _watcher.EnableRaisingEvents = true;
        _process = Programs.Start(Programs.Line("Cli", "demo", "--keep", "--env-file", EnvFile));
        return await DemoEnvironment.WaitForAsync(_process, EnvFile, Patience, cancellationToken);
    }
}
