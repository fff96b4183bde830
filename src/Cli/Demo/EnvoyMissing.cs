namespace Fairlead.Cli.Demo;

/// <summary>Checks that need the Envoy of an earlier one.</summary>
internal static class EnvoyMissing
{
    internal static void SkipIf(DemoWorld world)
    {
        if (world.Envoy is null || world.Envoy.HasExited)
        {
            throw new CheckSkippedException("no Envoy runs");
        }
    }
}
