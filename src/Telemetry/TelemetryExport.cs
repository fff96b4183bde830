using System.Diagnostics.Metrics;
using Fairlead.Hosting;
using Microsoft.Extensions.Logging;
using OpenTelemetry;
using OpenTelemetry.Exporter;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;
using Metric = Fairlead.Hosting.Metric;

namespace Fairlead.Telemetry;

/// <summary>
/// Sends a program's numbers and spans to a collector by OTLP. The numbers are those of its page <c>/metrics</c>, by
/// the same names, and all of one moment. A collector that is slow or gone costs the program nothing but a bounded
/// queue. Thread-safe.
/// </summary>
public sealed class TelemetryExport : IAsyncDisposable
{
    /// <summary>All of the program's sources of spans have names that begin so.</summary>
    public const string Sources = "Fairlead.*";

    private const string MeterName = "Fairlead";
    private const int FlushMilliseconds = 5_000;
    private const int SpansMax = 2_048;
    private static readonly TimeSpan EndPatience = TimeSpan.FromMilliseconds(FlushMilliseconds);

    private readonly Func<CancellationToken, ValueTask<MetricsText>> _numbers;
    private readonly Meter _meter = new(MeterName);
    private readonly HashSet<string> _known = new(StringComparer.Ordinal);
    private readonly MeterProvider _metrics;
    private readonly TracerProvider _traces;
    private readonly CancellationTokenSource _stop = new();
    private readonly TimeProvider _time;
    private readonly ILogger _log;
    private readonly Task _running;
    private volatile Dictionary<string, Metric> _now = [];

    /// <summary>Starts sending.</summary>
    /// <param name="options">Where to.</param>
    /// <param name="program">What the program is, such as <c>fairlead-anchor</c>.</param>
    /// <param name="instance">Which of them it is.</param>
    /// <param name="numbers">Its numbers of now.</param>
    /// <param name="time">Counts the interval.</param>
    /// <param name="log">Hears once of each failure to read the numbers.</param>
    public TelemetryExport(
        TelemetryOptions options,
        string program,
        string instance,
        Func<CancellationToken, ValueTask<MetricsText>> numbers,
        TimeProvider time,
        ILogger log)
    {
        ArgumentNullException.ThrowIfNull(options);
        _numbers = numbers;
        _time = time;
        _log = log;
        var resource = ResourceBuilder.CreateEmpty().AddService(program, serviceInstanceId: instance);
        _metrics = Sdk.CreateMeterProviderBuilder()
            .SetResourceBuilder(resource)
            .AddMeter(MeterName)

            // Where one export follows another, both have instruments of these names: each sends its own alone, and
            // loses nothing when the other's end.
            .AddView(instrument => instrument.Meter == _meter ? null : MetricStreamConfiguration.Drop)
            .AddReader(new BaseExportingMetricReader(new OtlpMetricExporter(To(options, "v1/metrics"))))
            .Build();
        _traces = Sdk.CreateTracerProviderBuilder()
            .SetResourceBuilder(resource)
            .AddSource(Sources)
            .SetSampler(new TraceIdRatioBasedSampler(options.TraceRatio))
            .AddProcessor(new BatchActivityExportProcessor(
                new OtlpTraceExporter(To(options, "v1/traces")), SpansMax, (int)options.Interval.TotalMilliseconds))
            .Build();
        _running = Task.Run(() => RunAsync(options.Interval));
    }

    /// <summary>Sends what is left and ends, within 5 s: a collector that does not answer by then gets nothing
    /// more.</summary>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync().ConfigureAwait(false);
        using var bounded = new CancellationTokenSource(EndPatience, _time);
        var ending = Task.WhenAll(
            EndMetricsAsync(bounded.Token),
            Task.Run(() =>
            {
                _traces.ForceFlush(FlushMilliseconds);
                _traces.Dispose();
            }));
        try
        {
            await ending.WaitAsync(EndPatience, _time).ConfigureAwait(false);
        }
        catch (TimeoutException)
        {
            TelemetryLog.EndOverdue(_log, EndPatience.TotalSeconds);
        }
    }

    private static OtlpExporterOptions To(TelemetryOptions options, string path) => new()
    {
        Protocol = OtlpExportProtocol.HttpProtobuf,
        Endpoint = new Uri(options.Otlp.AbsoluteUri.TrimEnd('/') + "/" + path),
        TimeoutMilliseconds = FlushMilliseconds,
    };

    private async Task EndMetricsAsync(CancellationToken bound)
    {
        await _running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);

        // What was counted since the last time; the export's own end sends it.
        await ((Task)ReadAsync(bound)).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await Task.Run(_metrics.Dispose, CancellationToken.None).ConfigureAwait(false);
        _meter.Dispose();
        _stop.Dispose();
    }

    private async Task RunAsync(TimeSpan interval)
    {
        using var timer = new PeriodicTimer(interval, _time);
        do
        {
            if (await ReadAsync(_stop.Token).ConfigureAwait(false))
            {
                _metrics.ForceFlush(FlushMilliseconds);
            }
        }
        while (await timer.WaitForNextTickAsync(_stop.Token).ConfigureAwait(false));
    }

    private async Task<bool> ReadAsync(CancellationToken cancellationToken)
    {
        try
        {
            Show(await _numbers(cancellationToken).ConfigureAwait(false));
            return true;
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            TelemetryLog.NoNumbers(_log, e.Message);
            return false;
        }
    }

    private void Show(MetricsText text)
    {
        _now = text.Metrics.ToDictionary(metric => metric.Name, StringComparer.Ordinal);
        foreach (var metric in text.Metrics.Where(metric => _known.Add(metric.Name)))
        {
            var name = metric.Name;
            if (metric.IsCounter)
            {
                _meter.CreateObservableCounter(name, () => Observe(name), description: metric.Help);
            }
            else
            {
                _meter.CreateObservableGauge(name, () => Observe(name), description: metric.Help);
            }
        }
    }

    private IEnumerable<Measurement<double>> Observe(string name) =>
        !_now.TryGetValue(name, out var metric) ? [] : metric.Samples.Select(sample => metric.Label.Length == 0
            ? new Measurement<double>(sample.Value)
            : new Measurement<double>(
                sample.Value, new KeyValuePair<string, object?>(metric.Label, sample.Label)));
}
