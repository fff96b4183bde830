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
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(120);

    private readonly TemporaryFolder _folder = new();
    private readonly ConcurrentQueue<(WatcherChangeTypes Change, string? Name)> _changes = new();
    private readonly SemaphoreSlim _once = new(1, 1);
    private FileSystemWatcher? _watcher;
    private ChildProcess? _process;
    private DemoEnvironment? _environment;

    /// <summary>What happened in the folder of the environment file.</summary>
    internal IReadOnlyCollection<(WatcherChangeTypes Change, string? Name)> Changes => _changes;

    /// <summary>Where it writes.</summary>
    internal string EnvFile => _folder["demo.env"];

    /// <summary>The running demo.</summary>
    internal async Task<DemoEnvironment> GetAsync()
    {
        await _once.WaitAsync(TestContext.Current.CancellationToken);
        try
        {
            return _environment ??= await StartAsync(TestContext.Current.CancellationToken);
        }
        finally
        {
            _once.Release();
        }
    }

    public async ValueTask DisposeAsync()
    {
        try
        {
            if (_process is { } process)
            {
                process.Signal(Signals.Term);
                var (code, output) = await process.WaitForExitAsync(TimeSpan.FromSeconds(60), CancellationToken.None);
                await process.DisposeAsync();
                Assert.True(code == 0, $"ended with {code}: {output}{process.Errors}");
                Remains.None(_environment!.Folder);
            }
        }
        finally
        {
            _watcher?.Dispose();
            _once.Dispose();
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
