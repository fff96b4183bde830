using System.Diagnostics;
using System.Text.Json.Nodes;

namespace Fairlead.Cli.Demo.Checks;

/// <summary>
/// In a network namespace of its own, which has not even a loopback that is up, a process reaches no anchor; the saved
/// answer verifies there all the same.
/// </summary>
internal sealed class OfflineCheck(DemoWorld world)
{
    // As root, or by a user namespace where the kernel lets everyone make one.
    private static readonly string[][] Isolations = [["--net"], ["--user", "--map-root-user", "--net"]];

    internal async Task<string> RunAsync(CancellationToken cancellationToken)
    {
        var saved = ResolveCheck.SavedAnswer(world);
        var shown = ResolveCheck.ShownAnswer(world);
        Check.That(File.Exists(saved) && File.Exists(shown), "check 1 saved no answer");
        var online = JsonNode.Parse(await File.ReadAllTextAsync(shown, cancellationToken).ConfigureAwait(false))!;
        var moment = online["verified_at"]!.ToString();
        var isolation = await FindIsolationAsync(cancellationToken).ConfigureAwait(false);

        var resolve = await RunAsync(isolation, Cli.Resolve(world, DemoWorld.Checkout), cancellationToken)
            .ConfigureAwait(false);
        Check.Equal(
            ExitCode.Unreachable, resolve.ExitCode, $"resolve where no network is ({resolve.Output}{resolve.Error})");

        var genesis = await DemoWorld.GenesisAsync(world.Home, cancellationToken).ConfigureAwait(false);
        var program = world.Programs.Start(
            "Cli", "verify", saved, "--genesis", genesis, "--at", moment, "--unsafe-allow-loopback-endpoints",
            "--output", "json");
        var verify = await RunAsync(isolation, program, cancellationToken).ConfigureAwait(false);
        Check.Equal(ExitCode.Answer, verify.ExitCode, $"verify where no network is ({verify.Output}{verify.Error})");
        Check.Equal("record", (string?)verify.Json()["outcome"], "the verified outcome");
        ResolveCheck.CheckSame(online, verify.Json());
        return $"unshare {string.Join(' ', isolation)}: resolve ends with 6; "
            + "verify shows the record, endpoints and path that resolve showed";
    }

    private async Task<string[]> FindIsolationAsync(CancellationToken cancellationToken)
    {
        var reason = "";
        foreach (var isolation in Isolations)
        {
            try
            {
                var tried = await RunAsync(isolation, new ProcessStartInfo("true"), cancellationToken)
                    .ConfigureAwait(false);
                if (tried.ExitCode == 0)
                {
                    return isolation;
                }

                reason = tried.Error.Trim();
            }
            catch (System.ComponentModel.Win32Exception e)
            {
                reason = e.Message;
            }
        }

        throw new CheckSkippedException($"no network namespace can be made here: {reason}");
    }

    private Task<CliRun> RunAsync(string[] isolation, ProcessStartInfo program, CancellationToken cancellationToken) =>
        CliRun.RunAsync(
            world.Spawner,
            new ProcessStartInfo("unshare", [.. isolation, "--", program.FileName, .. program.ArgumentList]),
            cancellationToken);
}
