using System.Globalization;
using Fairlead.Cli.Demo.Checks;

namespace Fairlead.Cli.Demo;

/// <summary>The demo from its first line to its last.</summary>
internal static class DemoRun
{
    private const int SampleListenerPort = 15080;

    /// <summary>Runs the demo.</summary>
    /// <returns>0 if no check failed, else 1.</returns>
    internal static Task<int> RunAsync(DemoOptions options, TextWriter output, TimeProvider time, CancellationToken cancellationToken) =>
        options.Keep ? KeepAsync(options, output, time, cancellationToken) : CheckAsync(options, output, time, cancellationToken);

    private static async Task<int> CheckAsync(
        DemoOptions options, TextWriter output, TimeProvider time, CancellationToken cancellationToken)
    {
        Announce(output);
        var scoreboard = new Scoreboard(output, time);
        var start = time.GetTimestamp();
        var world = await DemoWorld.StartAsync(options, output, time, cancellationToken).ConfigureAwait(false);
        await using (world.ConfigureAwait(false))
        {
            output.WriteLine(string.Create(
                CultureInfo.InvariantCulture, $"both clusters are up after {time.GetElapsedTime(start).TotalSeconds:0.0} s"));
            foreach (var (name, patience, check) in AllChecks.Of(world))
            {
                await scoreboard.RunAsync(name, patience, check, cancellationToken).ConfigureAwait(false);
            }

            if (scoreboard.AnyFailed)
            {
                output.WriteLine($"logs: {world.Folder}");
            }
        }

        if (!scoreboard.AnyFailed)
        {
            Directory.Delete(world.Folder, recursive: true);
        }

        output.WriteLine(scoreboard.Closing());
        return scoreboard.AnyFailed ? ExitCode.Internal : ExitCode.Answer;
    }

    private static async Task<int> KeepAsync(
        DemoOptions options, TextWriter output, TimeProvider time, CancellationToken cancellationToken)
    {
        Announce(output);
        if (options.Listener == 0 && FreePorts.IsFree(new System.Net.IPEndPoint(System.Net.IPAddress.Loopback, SampleListenerPort)))
        {
            options = options with { Listener = SampleListenerPort };
        }

        var world = await DemoWorld.StartAsync(options, output, time, cancellationToken).ConfigureAwait(false);
        await using (world.ConfigureAwait(false))
        {
            try
            {
                await world.StartEnvoyAsync(cancellationToken).ConfigureAwait(false);
            }
            catch (CheckSkippedException e)
            {
                output.WriteLine("skipped: " + e.Message);
            }

            if (options.EnvFile is { } path)
            {
                await EnvFile.WriteAsync(path, await DescribeAsync(world, cancellationToken).ConfigureAwait(false), cancellationToken)
                    .ConfigureAwait(false);
            }

            output.WriteLine("up; end it with SIGINT or SIGTERM");
            var over = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            using var registration = cancellationToken.Register(over.SetResult);
            await over.Task.ConfigureAwait(false);
        }

        Directory.Delete(world.Folder, recursive: true);
        return ExitCode.Answer;
    }

    private static void Announce(TextWriter output) => output.WriteLine(
        "Fairlead demo: two segments that are peers, eu1.internal and us1.internal, four anchors each (F=1, T=3).\n" +
        "Demo policy: seals live 15 s (V), clocks may differ by 1 s (delta), no continuity (0): answers end soon, on purpose.");

    private static async Task<IReadOnlyList<(string Key, string Value)>> DescribeAsync(DemoWorld world, CancellationToken cancellationToken) =>
    [
        ("XDS_SOCKET", world.XdsSocket),
        ("XDS_ADDRESS", world.XdsAddress),
        ("ADMIN_ADDRESS", world.SidecarAdmin),
        ("MANIFESTS_DIR", Path.Combine(world.Folder, "manifests")),
        ("ENVOY_BOOTSTRAP", world.EnvoyBootstrap),
        ("ENVOY_PID", world.Envoy?.Id.ToString(CultureInfo.InvariantCulture) ?? ""),
        ("SIDECAR_PID", world.Sidecar!.Id.ToString(CultureInfo.InvariantCulture)),
        ("ANCHOR_PIDS_EU1", Pids(world.Home)),
        ("ANCHOR_PIDS_US1", Pids(world.Peer)),
        ("GENESIS_EU1", await DemoWorld.GenesisAsync(world.Home, cancellationToken).ConfigureAwait(false)),
        ("BOOTSTRAP_FILE", world.BootstrapFile),
        ("KEY_FILE", world.KeyFile),
    ];

    private static string Pids(DemoSegment segment) =>
        string.Join(',', segment.Anchors.OfType<ManagedProcess>().Select(anchor => anchor.Id));
}
