using System.Globalization;
using Fairlead.Cli.Demo.Checks;
using Fairlead.Cli.Demo.Checks.Acme;

namespace Fairlead.Cli.Demo;

/// <summary>The demo from its first line to its last.</summary>
internal static class DemoRun
{
    // A busy machine is slow, not wrong: patience is for what never comes. Bounds that are promises stand in the
    // checks.
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(10);
    private const string Peers =
        "Fairlead demo: two segments that are peers, eu1.internal and us1.internal, four anchors each (F=1, T=3).\n";

    /// <summary>Runs the demo.</summary>
    /// <returns>0 if no check failed, else 1.</returns>
    /// <exception cref="CliException">It cannot start here; the message names the address or the file, and the
    /// remedy.</exception>
    internal static async Task<int> RunAsync(
        DemoOptions options, TextWriter output, TimeProvider time, CancellationToken cancellationToken)
    {
        output.WriteLine(Banner(options));
        try
        {
            return options.Keep
                ? await KeepAsync(options, output, time, cancellationToken).ConfigureAwait(false)
                : await CheckAsync(options, output, time, cancellationToken).ConfigureAwait(false);
        }
        catch (CheckFailedException e)
        {
            throw new CliException(ExitCode.Internal, e.Message);
        }
    }

    private static string Banner(DemoOptions options) => options switch
    {
        { Keep: true, IsBelowAParent: true } =>
            "Fairlead demo: acme.internal above eu1, us1 and ap1; partner.internal, a stranger, is acme's peer.",
        { Keep: true, Policy: { } policy } => Peers + $"Policy: {policy}.",
        _ => Peers + "Demo policy: seals live 15 s (V), clocks may differ by 1 s (delta), no continuity (0): "
            + "answers end soon, on purpose.",
    };

    private static async Task<int> CheckAsync(
        DemoOptions options, TextWriter output, TimeProvider time, CancellationToken cancellationToken)
    {
        var scoreboard = new Scoreboard(output, time);
        if (options.Wants(AllChecks.OfPeers))
        {
            await CheckWorldAsync(
                WorldPlan.TwoPeers, AllChecks.Of, scoreboard, options, output, time, cancellationToken)
                .ConfigureAwait(false);
        }

        if (options.Wants(AcmeChecks.Numbers))
        {
            output.WriteLine(
                "A second world: acme.internal above eu1, us1 and ap1; partner.internal, a stranger, is acme's peer. "
                + "Here answers outlive a transport failure by 8 s (continuity).");
            await CheckWorldAsync(
                AcmePlan.Plan, AcmeChecks.Of, scoreboard, options, output, time, cancellationToken)
                .ConfigureAwait(false);
        }

        output.WriteLine(scoreboard.Closing());
        return scoreboard.AnyFailed ? ExitCode.Internal : ExitCode.Answer;
    }

    private static async Task CheckWorldAsync(
        WorldPlan plan,
        Func<DemoWorld, DemoOptions, IEnumerable<CheckRow>> checks,
        Scoreboard scoreboard,
        DemoOptions options,
        TextWriter output,
        TimeProvider time,
        CancellationToken cancellationToken)
    {
        var start = time.GetTimestamp();
        var world = await DemoWorld.StartAsync(plan, options, output, time, cancellationToken).ConfigureAwait(false);
        var before = scoreboard.Failed;
        await using (world.ConfigureAwait(false))
        {
            var took = time.GetElapsedTime(start).TotalSeconds;
            output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"the clusters are up after {took:0.0} s"));
            foreach (var together in Together(checks(world, options).Where(check => options.Wants(check.Number))))
            {
                await scoreboard.RunAsync(together, Patience + options.Outage, cancellationToken).ConfigureAwait(false);
            }
        }

        if (scoreboard.Failed == before)
        {
            Directory.Delete(world.Folder, recursive: true);
        }
        else
        {
            output.WriteLine($"logs: {world.Folder}");
        }
    }

    private static List<List<CheckRow>> Together(IEnumerable<CheckRow> checks)
    {
        var groups = new List<List<CheckRow>>();
        foreach (var check in checks)
        {
            if (check.IsBeside && groups.Count > 0)
            {
                groups[^1].Add(check);
            }
            else
            {
                groups.Add([check]);
            }
        }

        return groups;
    }

    private static async Task<int> KeepAsync(
        DemoOptions options, TextWriter output, TimeProvider time, CancellationToken cancellationToken)
    {
        DemoWorld? world = null;
        try
        {
            var plan = options.IsBelowAParent ? AcmePlan.Plan : WorldPlan.TwoPeers;
            world = await DemoWorld.StartAsync(
                plan with { Policy = options.Policy ?? plan.Policy }, options, output, time, cancellationToken)
                .ConfigureAwait(false);
            await BringUpAsync(world, options, output, cancellationToken).ConfigureAwait(false);
            await Task.Delay(Timeout.InfiniteTimeSpan, time, cancellationToken).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // Being told to end is how this ends well.
        }
        finally
        {
            if (world is not null)
            {
                await world.DisposeAsync().ConfigureAwait(false);
            }
        }

        if (world is not null)
        {
            Directory.Delete(world.Folder, recursive: true);
        }

        return ExitCode.Answer;
    }

    private static async Task BringUpAsync(
        DemoWorld world, DemoOptions options, TextWriter output, CancellationToken cancellationToken)
    {
        await world.WaitForImportsAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            await world.StartEnvoyAsync(cancellationToken).ConfigureAwait(false);
            var wanted = options.Listener == 0 ? DemoWorld.SampleListenerPort : options.Listener;
            var moved = world.EnvoyListenerPort == wanted
                ? ""
                : $" ({DemoWorld.SampleListenerPort} is another one's)";
            output.WriteLine($"Envoy listens on {world.EnvoyListener}{moved}");
        }
        catch (CheckSkippedException e)
        {
            output.WriteLine("skipped: " + e.Message);
        }

        output.WriteLine($"the sidecar's proxy listens on {world.ProxyAddress}, its DNS on {world.DnsAddress}");
        if (options.EnvFile is { } path)
        {
            var values = await DescribeAsync(world, cancellationToken).ConfigureAwait(false);
            await EnvFile.WriteAsync(path, values, cancellationToken).ConfigureAwait(false);
        }

        output.WriteLine("up; end it with SIGINT or SIGTERM");
    }

    private static async Task<IReadOnlyList<(string Key, string Value)>> DescribeAsync(
        DemoWorld world, CancellationToken cancellationToken) =>
    [
        ("XDS_SOCKET", world.XdsSocket),
        ("XDS_ADDRESS", world.XdsAddress),
        ("ADMIN_ADDRESS", world.SidecarAdmin),
        ("MANIFESTS_DIR", Path.Combine(world.Folder, "manifests")),
        ("ENVOY_BOOTSTRAP", world.EnvoyBootstrap),
        ("ENVOY_PID", world.Envoy?.Id.ToString(CultureInfo.InvariantCulture) ?? ""),
        ("DEMO_PID", Environment.ProcessId.ToString(CultureInfo.InvariantCulture)),
        ("SIDECAR_PID", world.Sidecar!.Id.ToString(CultureInfo.InvariantCulture)),
        ("ANCHOR_PIDS_EU1", Pids(world.Home)),
        ("ANCHOR_PIDS_US1", Pids(world.Peer)),
        ("GENESIS_EU1", await DemoWorld.GenesisAsync(world.Home, cancellationToken).ConfigureAwait(false)),
        ("BOOTSTRAP_FILE", world.BootstrapFile),
        ("KEY_FILE", world.KeyFile),
        ("ANCHOR_ADMINS_EU1", string.Join(',', world.Home.AdminAddresses)),
        ("ANCHOR_ADMINS_US1", string.Join(',', world.Peer.AdminAddresses)),
        ("SEGMENT_US1", world.Peer.Name),
        ("DNS_ADDRESS", world.DnsAddress),
    ];

    private static string Pids(DemoSegment segment) =>
        string.Join(',', segment.Anchors.OfType<ManagedProcess>().Select(anchor => anchor.Id));
}
