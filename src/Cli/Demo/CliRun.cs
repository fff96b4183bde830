using System.Diagnostics;
using System.Text.Json.Nodes;

namespace Fairlead.Cli.Demo;

/// <summary>What a child that runs to its end left behind.</summary>
/// <param name="ExitCode">Its exit code.</param>
/// <param name="Output">Its standard output.</param>
/// <param name="Error">Its standard error.</param>
internal sealed record CliRun(int ExitCode, string Output, string Error)
{
    /// <summary>The output as JSON.</summary>
    /// <exception cref="CheckFailedException">It is not JSON.</exception>
    internal JsonNode Json()
    {
        try
        {
            return JsonNode.Parse(Output)!;
        }
        catch (System.Text.Json.JsonException e)
        {
            throw new CheckFailedException($"the output is not JSON ({e.Message}): {Output} {Error}");
        }
    }

    /// <summary>Runs a child to its end.</summary>
    internal static async Task<CliRun> RunAsync(
        Spawner spawner, ProcessStartInfo info, CancellationToken cancellationToken)
    {
        info.RedirectStandardOutput = true;
        info.RedirectStandardError = true;
        using var process = await spawner.StartAsync(info).ConfigureAwait(false);
        try
        {
            var output = process.StandardOutput.ReadToEndAsync(cancellationToken);
            var error = process.StandardError.ReadToEndAsync(cancellationToken);
            await process.WaitForExitAsync(cancellationToken).ConfigureAwait(false);
            return new CliRun(process.ExitCode, await output.ConfigureAwait(false), await error.ConfigureAwait(false));
        }
        finally
        {
            if (!process.HasExited)
            {
                process.Kill();
            }
        }
    }
}
