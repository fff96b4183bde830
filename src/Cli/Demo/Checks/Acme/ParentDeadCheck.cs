using System.Globalization;
using System.Net;

namespace Fairlead.Cli.Demo.Checks.Acme;

/// <summary>
/// acme is killed: requests for a service of us1 go on, none fails, and what vouches for us1 is what acme said once.
/// The anchor of the home that the sidecar asks first is stopped meanwhile: no request notices it, and a name of which
/// nothing is held costs the hedge delay more.
/// </summary>
internal sealed class ParentDeadCheck(DemoWorld world, TimeSpan outage)
{
    private const int Rate = 20;
    private const double HedgeSeconds = 0.2; // at most, and at first
    // Less than the 3 s after which a silent stream is left anyway, whatever the load.
    private static readonly TimeSpan Tolerance = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan AskAgain = TimeSpan.FromMilliseconds(50);

    internal async Task<string> RunAsync(CancellationToken cancellationToken)
    {
        await NamesView.FreshAsync(world, cancellationToken).ConfigureAwait(false);
        world.Find(AcmePlan.Acme).Anchors[0]!.Signal(Signals.Kill);
        await DemoWorld.StopAnchorAsync(world.Find(AcmePlan.Acme), 0).ConfigureAwait(false);
        int frozen;
        TimeSpan stall;
        (double Before, double Frozen) asked;
        var stalls = new Stalls(world.Time);
        await using var watching = stalls.ConfigureAwait(false);
        var load = new RequestLoad(IPEndPoint.Parse(world.ProxyAddress), AcmePlan.Checkout, Rate, world.Time);
        await using (load.ConfigureAwait(false))
        {
            await Task.Delay(outage / 2, world.Time, cancellationToken).ConfigureAwait(false);
            var before = await NewNameAsync("nobody-before", cancellationToken).ConfigureAwait(false);
            frozen = await AskedFirstAsync("nobody-before", cancellationToken).ConfigureAwait(false);
            world.Home.Anchors[frozen]!.Signal(Signals.Stop);
            try
            {
                var asking = world.Time.GetTimestamp();
                asked = (before, await NewNameAsync("nobody-frozen", cancellationToken).ConfigureAwait(false));
                stall = stalls.Worst(asking);
                await Task.Delay(outage / 2, world.Time, cancellationToken).ConfigureAwait(false);

                // A machine that sends more slowly has the outage for longer.
                while (load.Responses.Count < outage.TotalSeconds * Rate * 0.8)
                {
                    await Task.Delay(AskAgain, world.Time, cancellationToken).ConfigureAwait(false);
                }
            }
            finally
            {
                world.Home.Anchors[frozen]!.Signal(Signals.Cont);
            }
        }

        var tolerance = (Pace.Of(Tolerance) + stall).TotalSeconds;
        var failed = load.Responses.Where(response => response.Status != 200).ToList();
        Check.That(failed.Count == 0, $"{failed.Count} of {load.Responses.Count} failed: {failed.FirstOrDefault()}");
        Check.That(
            asked.Frozen <= asked.Before + HedgeSeconds + tolerance,
            string.Create(
                CultureInfo.InvariantCulture,
                $"a name of which nothing was held took {asked.Frozen:0.00} s, and {asked.Before:0.00} s before"));
        var introduced = await IntroducedAsync(cancellationToken).ConfigureAwait(false);
        return string.Create(
            CultureInfo.InvariantCulture,
            $"{load.Responses.Count} requests in {outage.TotalSeconds:0} s, 0 failed, {world.Home.AnchorIds[frozen]} "
            + $"stopped (SIGSTOP) in the second half\na name of which nothing is held, asked there first: answered in "
            + $"{asked.Before * 1000:0} ms before, in {asked.Frozen * 1000:0} ms then (bound: "
            + $"{HedgeSeconds * 1000:0} ms more, and {tolerance * 1000:0} ms for the machine)\ntrace: {introduced}");
    }

    // A name that nobody asked for yet, and that is not there: the proxy waits for the proof. How long it took, in
    // seconds.
    private async Task<double> NewNameAsync(string service, CancellationToken cancellationToken)
    {
        using var client = ProxyCheck.Client();
        var from = world.Time.GetTimestamp();
        using var response = await ProxyCheck.SendSettledAsync(
            client, IPEndPoint.Parse(world.ProxyAddress), NameOf(service), cancellationToken).ConfigureAwait(false);
        Check.Equal(404, (int)response.StatusCode, $"a request for {NameOf(service)}");
        return world.Time.GetElapsedTime(from).TotalSeconds;
    }

    // Which of the home's anchors answered a name, by its index: the next new one is asked there first.
    private async Task<int> AskedFirstAsync(string service, CancellationToken cancellationToken)
    {
        using var sidecar = new JsonApi(world.SidecarAdmin, world.Time);
        var page = await sidecar.WaitForAsync("names", now => At(now) >= 0, cancellationToken).ConfigureAwait(false);
        return At(page);

        int At(System.Text.Json.Nodes.JsonNode now) =>
            world.Home.Addresses.ToList().IndexOf((string?)NamesView.Of(now, NameOf(service))["anchor"] ?? "");
    }

    private static string NameOf(string service) => $"{service}.shop.svc.{AcmePlan.Us1}";

    // As trace shows it to a process of its own, which asks anew while acme is dead.
    private async Task<string> IntroducedAsync(CancellationToken cancellationToken)
    {
        var program = world.Programs.Start(
            "Cli", "trace", AcmePlan.Checkout, "--bootstrap", world.BootstrapFile, "--key", world.KeyFile);
        var run = await CliRun.RunAsync(world.Spawner, program, cancellationToken).ConfigureAwait(false);
        Check.Equal(ExitCode.Answer, run.ExitCode, $"trace ({run.Output}{run.Error})");
        var lines = run.Output.Split('\n').ToList();
        var hop = lines.FindIndex(line => line.Contains($"up {AcmePlan.Acme}", StringComparison.Ordinal));
        Check.That(hop >= 0, $"no hop over {AcmePlan.Acme}: {run.Output}");
        var introduced = lines.Skip(hop).FirstOrDefault(
            line => line.Contains("introduced by this seal", StringComparison.Ordinal));
        Check.That(introduced is not null, $"the trace names no introduction: {run.Output}");
        var seal = lines.Skip(hop).First(line => line.Contains("seal (", StringComparison.Ordinal));
        return $"{lines[hop].Trim()}; {seal.Trim()}; {introduced!.Trim()}";
    }
}
