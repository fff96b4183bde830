using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Fairlead.Hosting;
using Fairlead.TestKit;
using Fairlead.TestKit.Processes;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Fairlead.Telemetry.Tests;

public sealed class TelemetryExportTests
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Numbers_AreThoseOfThePageByTheSameNames()
    {
        await using var collector = await Collector.StartAsync(Stop);
        var refused = new CounterFamily();
        refused.With("ProofMismatch").Add(3);
        await using var export = Start(collector.Address, () => new MetricsText()
            .Gauge("fairlead_x_ready", "Ready.", 1)
            .Counter("fairlead_x_refused_total", "Refused.", "failure", refused.Values));

        var sent = await collector.UntilAsync("/v1/metrics", "fairlead_x_refused_total", Stop);
        var resource = Assert.Single(sent.At(1, 1)).At(1).ToDictionary(
            pair => pair.Text(1), pair => pair.At(2).Single().Text(1));
        Assert.Equal("fairlead-test", resource["service.name"]);
        Assert.Equal("one", resource["service.instance.id"]);
        var metrics = sent.At(1, 2, 2).ToDictionary(metric => metric.Text(1));
        Assert.Equal(1, Assert.Single(metrics["fairlead_x_ready"].At(5, 1)).Double(4));
        var point = Assert.Single(metrics["fairlead_x_refused_total"].At(7, 1));
        Assert.Equal(3, point.Double(4));
        var label = Assert.Single(point.At(7));
        Assert.Equal(("failure", "ProofMismatch"), (label.Text(1), label.At(2).Single().Text(1)));
    }

    /// <summary>As a reload does it: the new one is there before the old one has ended.</summary>
    [Fact]
    public async Task Export_ThatFollowsAnother_SendsOnAfterTheOtherEnded_AndNothingOfIt()
    {
        await using var before = await Collector.StartAsync(Stop);
        await using var after = await Collector.StartAsync(Stop);
        var old = Start(before.Address, () => new MetricsText().Gauge("fairlead_x_ready", "Ready.", 1));
        await before.UntilAsync("/v1/metrics", "fairlead_x_ready", Stop);
        await using var next = Start(after.Address, () => new MetricsText().Gauge("fairlead_x_ready", "Ready.", 2));
        await after.UntilAsync("/v1/metrics", "fairlead_x_ready", Stop);
        await old.DisposeAsync();

        after.Posts.Clear();
        var values = new List<double>();
        for (var post = 0; post < 3; post++)
        {
            var sent = await after.UntilAsync("/v1/metrics", "fairlead_x_ready", Stop);
            values.AddRange(sent.At(1, 2, 2, 5, 1).Select(point => point.Double(4)));
            after.Posts.Clear();
        }

        Assert.Equal([2, 2, 2], values);
    }

    [Fact]
    public async Task End_SendsWhatWasCountedSinceTheLastTime()
    {
        await using var collector = await Collector.StartAsync(Stop);
        var count = 1.0;
        var options = new TelemetryOptions(collector.Address, TimeSpan.FromMinutes(10), 1);
        await using (new TelemetryExport(
            options, "fairlead-test", "one",
            _ => new(new MetricsText().Gauge("fairlead_x_count", "Counted.", Volatile.Read(ref count))),
            TimeProvider.System, NullLogger.Instance))
        {
            await collector.UntilAsync("/v1/metrics", "fairlead_x_count", Stop);
            collector.Posts.Clear();
            Volatile.Write(ref count, 7);
        }

        var sent = await collector.UntilAsync("/v1/metrics", "fairlead_x_count", Stop);
        Assert.Equal(7, Assert.Single(sent.At(1, 2, 2, 5, 1)).Double(4));
    }

    [Fact]
    public async Task Spans_OfFairleadsSourcesAlone_AreSentAtTheEnd()
    {
        await using var collector = await Collector.StartAsync(Stop);
        using var ours = new ActivitySource("Fairlead.Test");
        using var other = new ActivitySource("Somebody.Else");
        await using (Start(collector.Address, () => new MetricsText()))
        {
            using var span = ours.StartActivity("hop");
            Assert.NotNull(span);
            Assert.Null(other.StartActivity("theirs"));
        }

        var sent = await collector.UntilAsync("/v1/traces", "hop", Stop);
        Assert.Equal("hop", Assert.Single(sent.At(1, 2, 2)).Text(5));
    }

    [Fact]
    public async Task Ratio_Zero_KeepsNoTraceThatACallerWantsKept()
    {
        await using var collector = await Collector.StartAsync(Stop);
        using var ours = new ActivitySource("Fairlead.Test");
        await using var export = Start(collector.Address, () => new MetricsText(), ratio: 0);
        _ = ActivityContext.TryParse(
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", null, isRemote: true, out var parent);
        using var span = ours.StartActivity("hop", ActivityKind.Server, parent);
        Assert.False(span is { Recorded: true });
    }

    [Fact]
    public async Task Collector_ThatIsNotThere_StopsNothing()
    {
        var reads = 0;
        await using (Start(new Uri("http://127.0.0.1:1"), () => Count(ref reads)))
        {
            await Eventually.HoldsAsync(
                () => Task.FromResult(Volatile.Read(ref reads)), count => count >= 2, TimeSpan.FromMinutes(2), Stop);
        }
    }

    /// <summary>One that takes connections and answers nothing costs the end of a program one bound, whatever is left
    /// to send.</summary>
    [Fact]
    public async Task End_BeforeASilentCollector_IsBoundedAsAWhole()
    {
        using var silent = new TcpListener(IPAddress.Loopback, 0);
        silent.Start();
        var (time, log) = (new ManualTimeProvider(), new Lines());
        using var ours = new ActivitySource("Fairlead.Test");
        var export = new TelemetryExport(
            new TelemetryOptions(new Uri($"http://{silent.LocalEndpoint}"), TimeSpan.FromMinutes(10), 1),
            "fairlead-test", "one", _ => new(new MetricsText().Gauge("x", "X.", 1)), time, log);
        ours.StartActivity("hop")?.Dispose();
        using var taken = await silent.AcceptSocketAsync(Stop);
        var ending = export.DisposeAsync().AsTask();
        Assert.False(ending.IsCompleted);

        // It arms its timers on tasks of its own: the clock moves until it has ended, and by that.
        await Eventually.HoldsAsync(
            () =>
            {
                time.Advance(TimeSpan.FromSeconds(5));
                return Task.FromResult(ending.IsCompleted);
            },
            hasEnded => hasEnded, TimeSpan.FromMinutes(2), Stop);
        await ending;
        Assert.Contains("within 5 s", Assert.Single(log.All), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("http://127.0.0.1:4318", true)]
    [InlineData("https://collector.example/otlp", true)]
    [InlineData("ftp://127.0.0.1", false)]
    [InlineData("http://me:secret@127.0.0.1", false)]
    [InlineData("http://127.0.0.1/?a=b", false)]
    [InlineData("127.0.0.1:4318", false)]
    public void Address_IsHttpWithoutSecrets(string text, bool isGood) =>
        Assert.Equal(isGood, TelemetryOptions.TryAddress(text, out _));

    private static MetricsText Count(ref int reads)
    {
        Interlocked.Increment(ref reads);
        return new MetricsText().Gauge("x", "X.", 1);
    }

    private static TelemetryExport Start(Uri address, Func<MetricsText> numbers, double ratio = 1) => new(
        new TelemetryOptions(address, TimeSpan.FromSeconds(1), ratio), "fairlead-test", "one",
        _ => new(numbers()), TimeProvider.System, NullLogger.Instance);

    private sealed class Lines : ILogger
    {
        internal ConcurrentQueue<string> All { get; } = new();

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(
            LogLevel logLevel, EventId eventId, TState state, Exception? exception,
            Func<TState, Exception?, string> formatter) => All.Enqueue(formatter(state, exception));
    }
}
