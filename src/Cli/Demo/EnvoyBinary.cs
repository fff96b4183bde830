using System.Diagnostics;

namespace Fairlead.Cli.Demo;

/// <summary>Finds an Envoy by the one script that everything here uses.</summary>
internal static class EnvoyBinary
{
    /// <summary>Its path.</summary>
    /// <exception cref="CheckSkippedException">There is none; the message is the script's reason.</exception>
    internal static async Task<string> FindAsync(
        Spawner spawner, string repository, CancellationToken cancellationToken)
    {
        var script = Path.Combine(repository, "eng", "find-envoy.sh");
        var info = new ProcessStartInfo("bash") { RedirectStandardOutput = true, RedirectStandardError = true };
        info.ArgumentList.Add(script);
        using var process = await spawner.StartAsync(info).ConfigureAwait(false);
        var reading = process.StandardOutput.ReadToEndAsync(cancellationToken);
        var complaining = process.StandardError.ReadToEndAsync(cancellationToken);
        await process.WaitForExitAsync(cancellationToken).ConfigureAwait(false);
        var path = (await reading.ConfigureAwait(false)).Trim();
        if (process.ExitCode != 0 || path.Length == 0)
        {
            var reason = (await complaining.ConfigureAwait(false)).Trim().Split('\n')[^1];
            throw new CheckSkippedException("no Envoy: " + reason);
        }

        return path;
    }
}
