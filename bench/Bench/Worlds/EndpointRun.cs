using System.Diagnostics;
using System.Globalization;

namespace Fairlead.Bench;

/// <summary>
/// Adds and removes an endpoint in us1's manifests and sees when Envoy in eu1 acknowledged it, by the sidecar's own
/// record, and when the first request reached it.
/// </summary>
internal sealed class EndpointRun : IDisposable
{
    private const string Host = "checkout.shop.svc.us1.internal";
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan StartPatience = TimeSpan.FromSeconds(60);

    private readonly AdminPage _sidecar;
    private readonly HttpClient _envoy;
    private readonly NewEndpoint _endpoint;
    private readonly IReadOnlyList<int> _processes;
    private readonly Random _pauses = new(7);
    private long _firstAt;

    public EndpointRun(DemoProcess demo, NewEndpoint endpoint)
    {
        _sidecar = new AdminPage(demo["ADMIN_ADDRESS"]);
        _envoy = new HttpClient { BaseAddress = demo.EnvoyListener, Timeout = TimeSpan.FromSeconds(5) };
        _envoy.DefaultRequestHeaders.Host = Host;
        _endpoint = endpoint;
        _processes =
        [
            .. new[] { "ANCHOR_PIDS_EU1", "ANCHOR_PIDS_US1", "SIDECAR_PID", "ENVOY_PID" }.SelectMany(demo.Processes),
        ];
    }

    public Latencies Added { get; } = new(64);

    public Latencies Removed { get; } = new(64);

    public Latencies All { get; } = new(128);

    public Latencies FirstRequest { get; } = new(64);

    /// <summary>The CPU time of all anchors, the sidecar and Envoy for one change, in milliseconds.</summary>
    public double Cpu { get; private set; }

    /// <summary>So many adds and removes, after some that do not count.</summary>
    public async Task RunAsync(int warm, int count, CancellationToken cancellationToken)
    {
        await ServingAsync(cancellationToken);
        var cpu = 0.0;
        for (var i = -warm; i < count; i++)
        {
            cpu = i == 0 ? _processes.Sum(Machine.ProcessMilliseconds) : cpu;
            var (added, first) = await AddAsync(cancellationToken);
            await PauseAsync(cancellationToken);
            var removed = await AcknowledgedAsync(_endpoint.Remove, cancellationToken);
            await PauseAsync(cancellationToken);
            if (i >= 0)
            {
                Added.Add(added);
                Removed.Add(removed);
                All.Add(added);
                All.Add(removed);
                FirstRequest.Add(first);
            }
        }

        Cpu = (_processes.Sum(Machine.ProcessMilliseconds) - cpu) / (2 * count);
    }

    public void Dispose()
    {
        _sidecar.Dispose();
        _envoy.Dispose();
    }

    // Envoy starts after the demo says that it is up, and again after an anchor went every part must have settled.
    private async Task ServingAsync(CancellationToken cancellationToken)
    {
        for (var start = Stopwatch.GetTimestamp(); ;)
        {
            try
            {
                using var response = await _envoy.GetAsync(new Uri("/", UriKind.Relative), cancellationToken);
                if (response.IsSuccessStatusCode)
                {
                    return;
                }
            }
            catch (HttpRequestException) when (Stopwatch.GetElapsedTime(start) < StartPatience)
            {
                // Not listening yet.
            }

            if (Stopwatch.GetElapsedTime(start) > StartPatience)
            {
                throw new TimeoutException("Envoy does not serve checkout");
            }

            await Task.Delay(TimeSpan.FromMilliseconds(100), TimeProvider.System, cancellationToken);
        }
    }

    private async Task<(TimeSpan Acknowledged, TimeSpan First)> AddAsync(CancellationToken cancellationToken)
    {
        using var bound = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        bound.CancelAfter(Patience);
        var start = Stopwatch.GetTimestamp();
        var first = Task.CompletedTask;
        var acknowledged = await AcknowledgedAsync(
            () =>
            {
                start = Stopwatch.GetTimestamp();
                _endpoint.Add();
                first = FirstAsync(bound.Token);
            },
            bound.Token);
        await first;
        return (acknowledged, Stopwatch.GetElapsedTime(start, _firstAt));
    }

    // One request after the other, a millisecond apart, until the new endpoint answers.
    private async Task FirstAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            var body = await _envoy.GetStringAsync(new Uri("/", UriKind.Relative), cancellationToken);
            if (body.Trim() == NewEndpoint.Body)
            {
                _firstAt = Stopwatch.GetTimestamp();
                return;
            }

            await Task.Delay(TimeSpan.FromMilliseconds(1), TimeProvider.System, cancellationToken);
        }
    }

    // The sidecar notes to the tick when an acknowledgement came, so looking often is not needed.
    private async Task<TimeSpan> AcknowledgedAsync(Action change, CancellationToken cancellationToken)
    {
        var (before, _) = await EndpointsAsync(cancellationToken);
        var start = TimeProvider.System.GetUtcNow();
        change();
        while (true)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(5), TimeProvider.System, cancellationToken);
            var (version, at) = await EndpointsAsync(cancellationToken);
            if (version != before && at > start)
            {
                return at - start;
            }

            if (TimeProvider.System.GetUtcNow() - start > Patience)
            {
                throw new TimeoutException("Envoy acknowledged no change of its endpoints");
            }
        }
    }

    private async Task<(string Version, DateTimeOffset At)> EndpointsAsync(CancellationToken cancellationToken)
    {
        var clients = await _sidecar.ListAsync("clients", cancellationToken);
        var envoy = clients.LastOrDefault(client =>
            ((string?)client!["user_agent"])?.StartsWith("envoy", StringComparison.Ordinal) == true);
        var type = envoy?["types"]?["eds"];
        return type?["acknowledged"] is null || type["acknowledged_at"] is not { } at
            ? ("", default)
            : ((string)type["acknowledged"]!, DateTimeOffset.Parse((string)at!, CultureInfo.InvariantCulture));
    }

    // Not in step with anything that ticks.
    private Task PauseAsync(CancellationToken cancellationToken) =>
        Task.Delay(TimeSpan.FromMilliseconds(40 + _pauses.Next(30)), TimeProvider.System, cancellationToken);
}
