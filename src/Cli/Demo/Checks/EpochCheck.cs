using System.Globalization;
using System.Net;
using System.Text.Json.Nodes;

namespace Fairlead.Cli.Demo.Checks;

/// <summary>
/// A new epoch of us1 that denies eu1: one operator proposes it, two others approve it, each at the socket of its own
/// anchor; a second after an anchor serves it, eu1 is denied everywhere. An epoch that takes the Rule away lets eu1 in
/// again.
/// </summary>
internal sealed class EpochCheck(DemoWorld world)
{
    private const string Rule = "no-eu1";
    private const double BoundSeconds = 1; // with push, after T anchors hold it (trust.md 4.7)

    internal async Task<string> RunAsync(CancellationToken cancellationToken)
    {
        var genesis = await DemoWorld.GenesisAsync(world.Home, cancellationToken).ConfigureAwait(false);
        var denied = await DecideAsync(
            $"rules: [{{id: {Rule}, effect: deny, names: [\"*.svc\"], subjects: [{{segment: {genesis}}}]}}]",
            403, cancellationToken).ConfigureAwait(false);
        var run = await Cli.ResolveAsync(world, DemoWorld.Checkout, cancellationToken).ConfigureAwait(false);
        Check.Equal(ExitCode.Denied, run.ExitCode, $"resolve of a denied name ({run.Output}{run.Error})");
        using var sidecar = new JsonApi(world.SidecarAdmin, world.Time);
        foreach (var name in new[] { DemoWorld.Checkout, DemoWorld.Catalog })
        {
            await sidecar.WaitForAsync(
                "names", names => StateOf(names, name) == "denied", cancellationToken).ConfigureAwait(false);
        }

        if (world.Envoy is not null)
        {
            await UntilEnvoyAsync(status => status == 503, cancellationToken).ConfigureAwait(false);
        }

        var allowed = await DecideAsync($"remove_rules: [{Rule}]", 200, cancellationToken).ConfigureAwait(false);
        if (world.Envoy is not null)
        {
            await UntilEnvoyAsync(status => status == 200, cancellationToken).ConfigureAwait(false);
        }

        return $"epoch {denied.Epoch} of us1, approved by 3 of 4, denies eu1: 403 {denied.Milliseconds:F0} ms after an "
            + "anchor served it, and resolve says denied;\n"
            + $"epoch {allowed.Epoch} takes the Rule away: 200 after {allowed.Milliseconds:F0} ms";
    }

    private async Task<(long Epoch, double Milliseconds)> DecideAsync(
        string policy, int status, CancellationToken cancellationToken)
    {
        var file = Path.Combine(world.Folder, "policy.yaml");
        await File.WriteAllTextAsync(file, policy + "\n", cancellationToken).ConfigureAwait(false);
        var proposed = (await FairleadAsync(0, ["propose", "policy", file], cancellationToken).ConfigureAwait(false));
        var digest = (string?)proposed["digest"]
            ?? throw new CheckFailedException($"no digest was proposed: {proposed}");
        var epoch = (long)proposed["epoch"]!;
        await HeardAsync(1, digest, cancellationToken).ConfigureAwait(false);
        await HeardAsync(2, digest, cancellationToken).ConfigureAwait(false);
        var served = ServedAsync(epoch, cancellationToken);
        var answered = AnsweredAsync(status, cancellationToken);
        await FairleadAsync(1, ["approve", digest], cancellationToken).ConfigureAwait(false);
        await FairleadAsync(2, ["approve", digest], cancellationToken).ConfigureAwait(false);
        var elapsed = world.Time.GetElapsedTime(
            await served.ConfigureAwait(false), await answered.ConfigureAwait(false)).TotalMilliseconds;
        Check.That(
            elapsed <= BoundSeconds * 1000,
            string.Create(
                CultureInfo.InvariantCulture,
                $"{elapsed:F0} ms passed from the first anchor that served epoch {epoch} to status {status}"));
        return (epoch, Math.Max(0, elapsed));
    }

    // An operation is gossiped: it may not have reached the other anchor when the proposer is told that it waits.
    private async Task HeardAsync(int anchor, string digest, CancellationToken cancellationToken)
    {
        while (true)
        {
            var waiting = await FairleadAsync(anchor, ["proposals"], cancellationToken).ConfigureAwait(false);
            if (waiting["proposals"]!.AsArray().Any(one => (string?)one!["digest"] == digest))
            {
                return;
            }

            await Task.Delay(TimeSpan.FromMilliseconds(100), world.Time, cancellationToken).ConfigureAwait(false);
        }
    }

    private async Task<JsonNode> FairleadAsync(
        int anchor, IEnumerable<string> arguments, CancellationToken cancellationToken)
    {
        var socket = Path.Combine(world.Peer.AnchorFolder(anchor), "data", Protocol.OperatorMethods.SocketName);
        var run = await CliRun.RunAsync(
            world.Spawner,
            world.Programs.Start("Cli", [.. arguments, "--socket", socket, "--output", "json"]),
            cancellationToken).ConfigureAwait(false);
        Check.Equal(ExitCode.Answer, run.ExitCode, $"{arguments.First()} ({run.Output}{run.Error})");
        return run.Json();
    }

    // When the first anchor of us1 served the epoch.
    private async Task<long> ServedAsync(long epoch, CancellationToken cancellationToken)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var asked = world.Peer.AdminAddresses.Select(async address =>
        {
            using var admin = new JsonApi(address, world.Time);
            await admin.WaitForAsync(
                "status", status => (long?)status["seal"]?["epoch"] >= epoch, stop.Token).ConfigureAwait(false);
            return world.Time.GetTimestamp();
        }).ToList();
        var first = await Task.WhenAny(asked).ConfigureAwait(false);
        await stop.CancelAsync().ConfigureAwait(false);
        await ((Task)Task.WhenAll(asked)).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        return await first.ConfigureAwait(false);
    }

    // When the sidecar's proxy answered so for checkout.
    private async Task<long> AnsweredAsync(int status, CancellationToken cancellationToken)
    {
        using var client = ProxyCheck.Client();
        var proxy = IPEndPoint.Parse(world.ProxyAddress);
        while (true)
        {
            using (var response = await ProxyCheck.SendAsync(client, proxy, DemoWorld.Checkout, cancellationToken)
                .ConfigureAwait(false))
            {
                if ((int)response.StatusCode == status)
                {
                    return world.Time.GetTimestamp();
                }
            }

            await Task.Delay(TimeSpan.FromMilliseconds(10), world.Time, cancellationToken).ConfigureAwait(false);
        }
    }

    private async Task UntilEnvoyAsync(Func<int, bool> fits, CancellationToken cancellationToken)
    {
        var load = new RequestLoad(world.EnvoyListener, DemoWorld.Checkout, perSecond: 20, world.Time);
        await using (load.ConfigureAwait(false))
        {
            await load.WaitForAsync(response => fits(response.Status), cancellationToken).ConfigureAwait(false);
        }
    }

    private static string? StateOf(JsonNode names, string name) =>
        (string?)names.AsArray().FirstOrDefault(one => (string?)one!["name"] == name)?["state"];
}
