using System.Diagnostics;

namespace Fairlead.Cli.Demo.Checks;

/// <summary>Runs <c>fairlead</c> as a consumer of eu1 would.</summary>
internal static class Cli
{
    internal static ProcessStartInfo Resolve(DemoWorld world, string name, params ReadOnlySpan<string> more) =>
        world.Programs.Start(
        "Cli",
            ["resolve", name, "--bootstrap", world.BootstrapFile, "--key", world.KeyFile, "--output", "json", .. more]);

    internal static Task<CliRun> ResolveAsync(
        DemoWorld world, string name, CancellationToken cancellationToken, params ReadOnlySpan<string> more) =>
        CliRun.RunAsync(world.Spawner, Resolve(world, name, more), cancellationToken);
}
