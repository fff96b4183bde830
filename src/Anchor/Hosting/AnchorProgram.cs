using Fairlead.Configuration;
using Fairlead.Hosting;
using Fairlead.Rpc;

namespace Fairlead.Anchor.Hosting;

/// <summary>The anchor as a program: <c>--config FILE</c>; prints <c>ready</c>; ends on SIGTERM and SIGINT with
/// 0.</summary>
internal static class AnchorProgram
{
    /// <summary>Runs until it is told to end.</summary>
    /// <param name="arguments">The command line.</param>
    /// <param name="decorate">Wraps the service that consumers see; for programs that test how consumers take
    /// lies.</param>
    internal static Task<int> RunAsync(
        IReadOnlyList<string> arguments, Func<ServerServiceDefinition, ServerServiceDefinition>? decorate = null) =>
        ProgramShell.RunAsync(
            async program =>
            {
                var path = arguments is ["--config", var file]
                    ? file
                    : throw new StartException("usage: anchor --config FILE");
                var options = AnchorOptions.Load(path, EnvironmentVariables.Read());
                var host =
                    await AnchorHost.StartAsync(options, program.Time, program.Loggers, decorate, program.Stopped)
                    .ConfigureAwait(false);
                await using (host.ConfigureAwait(false))
                {
                    program.Ready();
                    await host.WaitAsync(program.Stopped).ConfigureAwait(false);
                }
            },
            error => error is ConfigurationException);
}
