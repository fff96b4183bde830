using Fairlead.Hosting.Reloading;
using Fairlead.TestKit;
using Fairlead.TestKit.Processes;
using Microsoft.Extensions.Logging;

namespace Fairlead.Hosting.Tests;

/// <summary>A configuration that changes under a program that runs: on a manual clock, over a real file.</summary>
public sealed class ReloadableConfigurationTests : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    private readonly string _file = Path.GetTempFileName();
    private readonly ManualTimeProvider _time = new();
    private readonly Lines _log = new();
    private readonly List<string> _applied = [];

    public void Dispose() => File.Delete(_file);

    [Fact]
    public async Task Change_IsTakenOverOnce_AndTheRestIsNamed()
    {
        await RunAsync("a", async (configuration, _) =>
        {
            await LookAsync(configuration);
            Assert.Empty(_applied);
            Write("b");
            await LookAsync(configuration);
            await LookAsync(configuration);
            Assert.Equal(["b"], _applied);
            Assert.Equal(
                [
                    $"Information {_file} was read; changed: text",
                    $"Warning RestartNeeded: {_file} has another `id`; it is in force after a restart",
                ],
                _log.All);
        });
    }

    [Fact]
    public async Task Change_WhileTheProgramStarts_IsSeen()
    {
        Write("a");
        var configuration = Make();
        Write("b");
        await RunAsync(configuration, async _ =>
        {
            await LookAsync(configuration);
            Assert.Equal(["b"], _applied);
        });
    }

    [Fact]
    public async Task Request_IsHeardThoughNothingChanged()
    {
        await RunAsync("a", async (_, requests) =>
        {
            requests.Ask();
            await UntilAsync(() => _applied.Count == 1);
        });
    }

    [Fact]
    public async Task File_ThatIsRefused_ChangesNothing_AndOneThatIsGoneIsLookedAtAgain()
    {
        await RunAsync("a", async (configuration, _) =>
        {
            Write("bad");
            await LookAsync(configuration);
            Assert.Equal(["Warning ReloadRefused: first; what ran goes on",
                "Warning ReloadRefused: second; what ran goes on"], _log.All);
            File.Delete(_file);
            await LookAsync(configuration);
            Assert.Equal((0, 2), (_applied.Count, _log.All.Count));
            Write("c");
            await LookAsync(configuration);
            Assert.Equal(["c"], _applied);
        });
    }

    [Fact]
    public async Task Change_ThatBreaks_IsTriedAgain()
    {
        await RunAsync("a", async (configuration, _) =>
        {
            Write("break");
            await UntilAsync(() =>
            {
                _time.Advance(ReloadableConfiguration<string>.Pause);
                return _log.All.Count >= 2;
            });
            Assert.All(_log.All, line => Assert.Equal($"Error {_file} could not be taken over", line));
        });
    }

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    // As editors and volumes do that care: a look may come at any moment.
    private void Write(string text)
    {
        File.WriteAllText(_file + ".new", text);
        File.Move(_file + ".new", _file, overwrite: true);
    }

    private ReloadableConfiguration<string> Make() =>
        new(_file, () => File.ReadAllText(_file) is { } text && text != "bad"
            ? text
            : throw new InvalidDataException("first\nsecond"), e => e is InvalidDataException);

    private async Task RunAsync(
        string start, Func<ReloadableConfiguration<string>, ReloadRequests, Task> test)
    {
        Write(start);
        var configuration = Make();
        Assert.Equal(start, configuration.Options);
        await RunAsync(configuration, requests => test(configuration, requests));
    }

    private async Task RunAsync(ReloadableConfiguration<string> configuration, Func<ReloadRequests, Task> test)
    {
        var requests = new ReloadRequests();
        using var end = CancellationTokenSource.CreateLinkedTokenSource(Stop);
        var running = configuration.RunAsync(Apply, requests, _time, _log, end.Token);
        await test(requests);
        await end.CancelAsync();
        await running;
    }

    private OptionDifference Apply(string text)
    {
        if (text == "break")
        {
            throw new InvalidOperationException("it breaks");
        }

        _applied.Add(text);
        return OptionDifference.Between(
            new Dictionary<string, string> { ["text"] = "a", ["id"] = "1", ["same"] = "x" },
            new Dictionary<string, string> { ["text"] = "b", ["id"] = "2", ["same"] = "x" },
            new HashSet<string> { "text" });
    }

    // The first of the looks may have begun before.
    private Task LookAsync(ReloadableConfiguration<string> configuration)
    {
        var before = configuration.Looks;
        return UntilAsync(() =>
        {
            _time.Advance(ReloadableConfiguration<string>.Pause);
            return configuration.Looks > before + 1;
        });
    }

    private static Task UntilAsync(Func<bool> condition) =>
        Eventually.HoldsAsync(() => Task.FromResult(condition()), holds => holds, Patience, Stop);

    private sealed class Lines : ILogger
    {
        private readonly Lock _gate = new();
        private readonly List<string> _lines = [];

        internal IReadOnlyList<string> All
        {
            get
            {
                lock (_gate)
                {
                    return [.. _lines];
                }
            }
        }

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(
            LogLevel logLevel, EventId eventId, TState state, Exception? exception,
            Func<TState, Exception?, string> formatter)
        {
            lock (_gate)
            {
                _lines.Add($"{logLevel} {formatter(state, exception)}");
            }
        }
    }
}
