using Fairlead.Controller.Admin;
using Fairlead.Controller.Anchors;
using Fairlead.Controller.Configuration;
using Fairlead.Controller.Documents;
using Fairlead.Controller.Manifests;
using Fairlead.Controller.Publishing;
using Fairlead.Hosting;
using Fairlead.Hosting.Reloading;
using Fairlead.Naming;
using Fairlead.Telemetry;
using Microsoft.Extensions.Logging;

namespace Fairlead.Controller;

/// <summary>The controller of one segment: folder -> desired records -> signed documents -> anchors, and the admin
/// page.
/// </summary>
/// <param name="options">What it is told.</param>
/// <param name="signer">The publisher's key.</param>
/// <param name="anchors">The segment's anchors.</param>
/// <param name="terms">What the newest epoch that is verified asks of who publishes; null before there is one.</param>
/// <param name="time">The clock.</param>
/// <param name="random">Spreads load and retries.</param>
/// <param name="fillRandom">Fills bytes unguessably.</param>
/// <param name="logger">Hears what happens.</param>
internal sealed class ControllerHost(
    ControllerOptions options,
    ISigner signer,
    IReadOnlyList<IAnchorPublisher> anchors,
    Func<SegmentTerms?> terms,
    TimeProvider time,
    Random random,
    Action<Span<byte>> fillRandom,
    ILogger logger)
{
    // A look at the whole folder comes before it is over, unless looks are very rare.
    private static readonly TimeSpan WithdrawDelayMax = TimeSpan.FromSeconds(5);

    private readonly Lock _changing = new();
    private TelemetrySwitch? _telemetry;
    private TelemetryOptions? _sendsTo = options.Telemetry;

    /// <summary>Takes over what can change while it runs. Thread-safe.</summary>
    /// <returns>What changed, and what keeps its value until a restart.</returns>
    public OptionDifference Apply(ControllerOptions next)
    {
        lock (_changing)
        {
            var difference = ControllerChanges.Between(options with { Telemetry = _sendsTo }, next);
            if (difference.Changed.Contains("telemetry"))
            {
                _telemetry?.SendTo(next.Telemetry);
                _sendsTo = next.Telemetry;
            }

            return difference;
        }
    }

    /// <summary>Runs until cancelled.</summary>
    /// <param name="ready">Called with the admin page's address once all that was desired at first is sealed.</param>
    /// <param name="cancellationToken">Ends the run.</param>
    /// <exception cref="StartException">An address cannot be listened on.</exception>
    public async Task RunAsync(Action<string> ready, CancellationToken cancellationToken)
    {
        var kid = signer.Key.Kid;
        var manifests = new ManifestController(
            new()
            {
                Segment = options.Segment.ToString(),
                Genesis = options.Genesis,
                Region = options.Region,
                Network = options.Network,
                TtlMax = options.TtlMax,
            },
            kid,
            logger);
        var engine = new PublisherEngine(
            new()
            {
                Anchors = anchors.Count,
                RecordLife = options.RecordLife,
                WithdrawDelay = options.Rescan < WithdrawDelayMax ? options.Rescan : WithdrawDelayMax,
            },
            new DocumentMaker(signer, fillRandom),
            random);
        var shell = new PublisherShell(
            engine, anchors, Terms, signer.Key, new() { KeyFile = options.PublisherKey }, time, logger);
        using var watcher = new ManifestWatcher(options.Manifests, options.Debounce, options.Rescan, time, logger);
        var pages = new ControllerPages(shell, manifests, watcher, time);
        var admin =
            await PageServer.StartAsync("admin", options.Admin, pages.Admin, isLoopbackOnly: true, cancellationToken)
            .ConfigureAwait(false);
        await using var endOfAdmin = admin.ConfigureAwait(false);
        var metrics =
            await PageServer.StartAsync(
                "metrics", options.Metrics, pages.Metrics, isLoopbackOnly: false, cancellationToken)
            .ConfigureAwait(false);
        await using var endOfMetrics = metrics.ConfigureAwait(false);
        logger.Started(options.Manifests, options.Segment.ToString(), anchors.Count, kid.ToString());
        var telemetry = new TelemetrySwitch(
            "fairlead-controller", options.Segment.ToString(), pages.NumbersAsync, time, logger);
        await using var endOfTelemetry = telemetry.ConfigureAwait(false);
        lock (_changing)
        {
            _telemetry = telemetry;
            telemetry.SendTo(_sendsTo);
        }

        await PublishAsync(shell, watcher, manifests, () => ready($"http://{admin.Address}"), cancellationToken)
            .ConfigureAwait(false);
    }

    // The configuration may ask for more than one honest anchor among them, never for less. Nor may the first anchor
    // that answers, by an older epoch that tolerates fewer: of n there are less than n/3 that may lie (V11).
    private SegmentTerms? Terms() => terms() is { } least
        ? least with { Copies = Math.Max(Math.Max(least.Copies, options.Copies ?? 1), ((anchors.Count - 1) / 3) + 1) }
        : null;

    private static async Task PublishAsync(
        PublisherShell shell, ManifestWatcher watcher, ManifestController manifests, Action ready,
        CancellationToken cancellationToken)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var tasks = new[]
        {
            shell.RunAsync(stop.Token),
            WatchAsync(watcher, manifests, shell, stop.Token),
            TellAsync(shell, ready, stop.Token),
        };

        // The first that fails ends the others; none ends by itself but the one that tells.
        await foreach (var task in Task.WhenEach(tasks).ConfigureAwait(false))
        {
            if (task.IsFaulted)
            {
                await stop.CancelAsync().ConfigureAwait(false);
            }
        }

        await Task.WhenAll(tasks).ConfigureAwait(false);
    }

    private static async Task WatchAsync(
        ManifestWatcher watcher, ManifestController manifests, PublisherShell shell,
        CancellationToken cancellationToken)
    {
        try
        {
            await foreach (var scan in watcher.ScansAsync(cancellationToken).ConfigureAwait(false))
            {
                shell.Desire(manifests.Take(scan));
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
        }
    }

    private static async Task TellAsync(PublisherShell shell, Action ready, CancellationToken cancellationToken)
    {
        try
        {
            await shell.Settled.WaitAsync(cancellationToken).ConfigureAwait(false);
            ready();
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
        }
    }
}
