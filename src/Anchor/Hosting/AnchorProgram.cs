using Fairlead.Configuration;
using Fairlead.Hosting;
using Fairlead.Hosting.Reloading;
using Microsoft.Extensions.Logging;

namespace Fairlead.Anchor.Hosting;

/// <summary>
/// The anchor as a program: <c>--config FILE</c>, with <c>--check-config</c> to check it and end; prints <c>ready</c>;
/// ends on SIGTERM and SIGINT with 0. SIGHUP and a change of the file make it read its configuration anew.
/// </summary>
internal static class AnchorProgram
{
    private const string Usage = "usage: anchor --config FILE [--check-config]";

    /// <summary>Runs until it is told to end.</summary>
    /// <param name="arguments">The command line.</param>
    internal static Task<int> RunAsync(IReadOnlyList<string> arguments) => ProgramShell.RunAsync(
        program => arguments switch
        {
            ["--config", var path] => ServeAsync(path, program),
            ["--config", var path, "--check-config"] => CheckAsync(path, program),
            _ => ProgramHelp.Of(arguments, Usage, typeof(AnchorProgram).Assembly) is { } help
                ? program.TellAsync(help)
                : throw new StartException(Usage),
        },
        IsRefused);

    private static bool IsRefused(Exception error) => error is ConfigurationException;

    private static async Task CheckAsync(string path, ProgramContext program)
    {
        var (problems, notes) = await AnchorCheck.RunAsync(path, EnvironmentVariables.Read(), program.Time)
            .ConfigureAwait(false);
        program.TellCheck(problems, notes);
    }

    private static async Task ServeAsync(string path, ProgramContext program)
    {
        var environment = EnvironmentVariables.Read();
        var configuration = new ReloadableConfiguration<AnchorOptions>(
            path, () => AnchorOptions.Load(path, environment), IsRefused);
        program.LogAs(configuration.Options.Log);
        var host = await AnchorHost.StartAsync(
            configuration.Options, program.Time, program.Loggers, null, program.Stopped).ConfigureAwait(false);
        await using (host.ConfigureAwait(false))
        {
            using var end = CancellationTokenSource.CreateLinkedTokenSource(program.Stopped);
            var reloading = configuration.RunAsync(
                host.Apply, program.Reloads, program.Time, program.Loggers.CreateLogger<AnchorHost>(), end.Token);
            try
            {
                program.Ready();
                await host.WaitAsync(program.Stopped).ConfigureAwait(false);
            }
            finally
            {
                await end.CancelAsync().ConfigureAwait(false);
                await reloading.ConfigureAwait(false);
            }
        }
    }
}
