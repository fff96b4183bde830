using System.Globalization;

namespace Fairlead.Bench;

/// <summary>
/// 1,000 sidecars of one pod's kind, each with three names of another segment, at the anchors of one home: what they
/// cost these, and how many subscriptions these have upstream for all of them.
/// </summary>
internal static class SubscriptionBenchmarks
{
    private const int Sidecars = 1_000;
    private const int Names = 3;
    private const int Changes = 10;
    private const int OwnImports = 1; // what the demo's own sidecar asks for beside those
    private const double Seconds = 60;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(120);

    public static IReadOnlyList<Benchmark> All { get; } = [new("subscriptions", RunAsync)];

    private static async Task<IReadOnlyList<BenchRow>> RunAsync(CancellationToken cancellationToken)
    {
        // The numbers of a cluster: with those of the demo, whose seals live 15 s, renewals would be all that is seen.
        await using var demo = await DemoProcess.StartAsync(cancellationToken, "--policy", "default");
        await using var endpoint = await NewEndpoint.StartAsync(demo.Manifests, cancellationToken);
        var names = await demo.ExportAsync(Names, cancellationToken);
        await demo.SealedAsync(names.Length, cancellationToken);
        var anchors = demo.Processes("ANCHOR_PIDS_EU1");
        await using (var first = await SidecarCrowd.StartAsync(demo, anchors.Count, names, cancellationToken))
        {
            // What every anchor has once is there, and does not count.
        }

        var memory = Memory(anchors);
        await using var crowd = await SidecarCrowd.StartAsync(demo, Sidecars, names, cancellationToken);
        var (relayed, streams) = await UpstreamAsync(demo, cancellationToken);
        var each = (Memory(anchors) - memory) / Sidecars;
        var cpu = Cpu(anchors);
        await Task.Delay(TimeSpan.FromSeconds(Seconds), TimeProvider.System, cancellationToken);
        var idle = (Cpu(anchors) - cpu) / Seconds;
        cpu = Cpu(anchors);
        var times = new Latencies(Changes);
        for (var i = 0; i < Changes; i++)
        {
            await crowd.AskAsync("arm", Patience, cancellationToken);
            Action change = i % 2 == 0 ? endpoint.Add : endpoint.Remove;
            await times.MeasureAsync(() =>
            {
                change();
                return crowd.ReadLineAsync(Patience, cancellationToken);
            });
        }

        var update = (Cpu(anchors) - cpu) * 1_000 / (Changes * Sidecars);
        return
        [
            new("subscriptions: upstream of one anchor, for 1,000 sidecars of 3 names each", relayed, "", Names)
            {
                Note = string.Create(
                    CultureInfo.InvariantCulture,
                    $"{Sidecars * Names} downstream; over {streams} streams of the four anchors"),
            },
            new("subscriptions: memory of the home's anchors for one sidecar", each, "kB")
            {
                Note = "anonymous, of the four together",
            },
            new("subscriptions: CPU of the home's anchors while nothing changes", idle, "ms/s")
            {
                Note = string.Create(CultureInfo.InvariantCulture, $"seals live 60 s; over {Seconds} s"),
            },
            new("subscriptions: CPU of the home's anchors for one update of one sidecar", update, "us")
            {
                Note = string.Create(
                    CultureInfo.InvariantCulture, $"of {Changes * Sidecars}; with the renewals of that time"),
            },
            .. times.Rows("subscriptions: change in the other segment -> the last of 1,000 was told"),
        ];
    }

    private static async Task<(int Relayed, int Streams)> UpstreamAsync(
        DemoProcess demo, CancellationToken cancellationToken)
    {
        // Each anchor has its own; who asks another one beside the first makes that one subscribe as well.
        var (relayed, streams) = (0, 0);
        foreach (var address in demo["ANCHOR_ADMINS_EU1"].Split(','))
        {
            using var admin = new AdminPage(address);
            var upstream = (await admin.ReadAsync("status", cancellationToken))["upstream"]!;
            relayed = Math.Max(relayed, (int)upstream["names"]! - OwnImports);
            streams += (int)upstream["streams"]!;
        }

        return (relayed, streams);
    }

    private static double Memory(IEnumerable<int> anchors) =>
        anchors.Sum(anchor => (double)Machine.StatusKilobytes(anchor, "RssAnon"));

    private static double Cpu(IEnumerable<int> anchors) => anchors.Sum(Machine.ProcessMilliseconds);
}
