using System.Diagnostics;
using System.Globalization;

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
        Check.That(File.Exists(saved), "check 1 saved no answer");
        var isolation = await FindIsolationAsync(cancellationToken).ConfigureAwait(false);
        var moment = File.GetLastWriteTimeUtc(saved)
            .ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture);

        var resolve = await RunAsync(isolation, Cli.Resolve(world, DemoWorld.Checkout), cancellationToken)
            .ConfigureAwait(false);
        Check.Equal(
            ExitCode.Unreachable, resolve.ExitCode, $"resolve where no network is ({resolve.Output}{resolve.Error})");

        var genesis = await DemoWorld.GenesisAsync(world.Home, cancellationToken).ConfigureAwait(false);
        var program = world.Programs.Start(
            "Cli", "verify", saved, "--genesis", genesis, "--at", moment, "--output", "json");
        var verify = await RunAsync(isolation, program, cancellationToken).ConfigureAwait(false);
        Check.Equal(ExitCode.Answer, verify.ExitCode, $"verify where no network is ({verify.Output}{verify.Error})");
        Check.Equal("record", (string?)verify.Json()["outcome"], "the verified outcome");
        return $"unshare {string.Join(' ', isolation)}: resolve ends with 6, verify with 0";
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
