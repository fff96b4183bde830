namespace Fairlead.Cli.Demo.Checks;

/// <summary>Runs <c>fairlead</c> as a consumer of eu1 would.</summary>
internal static class Cli
{
    internal static Task<CliRun> ResolveAsync(
        DemoWorld world, string name, CancellationToken cancellationToken, params ReadOnlySpan<string> more)
    {
        var info = world.Programs.Start(
            "Cli", ["resolve", name, "--bootstrap", world.BootstrapFile, "--key", world.KeyFile, "--output", "json", .. more]);
        return CliRun.RunAsync(world.Spawner, info, cancellationToken);
    }
}
