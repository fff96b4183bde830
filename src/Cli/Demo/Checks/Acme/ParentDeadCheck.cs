using System.Globalization;
using System.Net;

namespace Fairlead.Cli.Demo.Checks.Acme;

/// <summary>
/// acme is killed: requests for a service of us1 go on, none fails, and what vouches for us1 is what acme said once. An
/// anchor of the home that is stopped meanwhile is not noticed either.
/// </summary>
internal sealed class ParentDeadCheck(DemoWorld world, TimeSpan outage)
{
    private const int Rate = 20;
    private const int Frozen = 1;
    private static readonly TimeSpan AskAgain = TimeSpan.FromMilliseconds(50);

    internal async Task<string> RunAsync(CancellationToken cancellationToken)
    {
        await NamesView.FreshAsync(world, cancellationToken).ConfigureAwait(false);
        world.Find(AcmePlan.Acme).Anchors[0]!.Signal(Signals.Kill);
        await DemoWorld.StopAnchorAsync(world.Find(AcmePlan.Acme), 0).ConfigureAwait(false);
        var load = new RequestLoad(IPEndPoint.Parse(world.ProxyAddress), AcmePlan.Checkout, Rate, world.Time);
        await using (load.ConfigureAwait(false))
        {
            await Task.Delay(outage / 2, world.Time, cancellationToken).ConfigureAwait(false);
            world.Home.Anchors[Frozen]!.Signal(Signals.Stop);
            try
            {
                await Task.Delay(outage / 2, world.Time, cancellationToken).ConfigureAwait(false);

                // A machine that sends more slowly has the outage for longer.
                while (load.Responses.Count < outage.TotalSeconds * Rate * 0.8)
                {
                    await Task.Delay(AskAgain, world.Time, cancellationToken).ConfigureAwait(false);
                }
            }
            finally
            {
                world.Home.Anchors[Frozen]!.Signal(Signals.Cont);
            }
        }

        var failed = load.Responses.Where(response => response.Status != 200).ToList();
        Check.That(failed.Count == 0, $"{failed.Count} of {load.Responses.Count} failed: {failed.FirstOrDefault()}");
        var introduced = await IntroducedAsync(cancellationToken).ConfigureAwait(false);
        return string.Create(
            CultureInfo.InvariantCulture,
            $"{load.Responses.Count} requests in {outage.TotalSeconds:0} s, 0 failed, {world.Home.AnchorIds[Frozen]} "
            + $"stopped (SIGSTOP) in the second half\ntrace: {introduced}");
    }

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
