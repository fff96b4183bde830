namespace Fairlead.Cli.Demo.Checks.Acme;

/// <summary>The checks of the second world, in the order in which they run; the last ones break what others need.
/// </summary>
[System.Runtime.Versioning.UnsupportedOSPlatform("windows")]
internal static class AcmeChecks
{
    /// <summary>What a check is chosen by.</summary>
    internal static IReadOnlyList<string> Numbers { get; } = ["11", "12", "13", "14"];

    /// <summary>The checks.</summary>
    internal static IEnumerable<(string Name, Func<CancellationToken, Task<string>> Run)> Of(
        DemoWorld world, DemoOptions options)
    {
        yield return (
            "11 below acme, one name by proxy, Envoy, gRPC and DNS reaches the one verified endpoint",
            new PathsCheck(world).RunAsync);
        yield return (
            "12 acme is dead: requests go on by its introduction", new ParentDeadCheck(world, options.Outage).RunAsync);
        yield return (
            "13 acme is an attacker's with all its keys: nobody who was introduced notices",
            new CompromiseCheck(world).RunAsync);
        yield return (
            "14 all us1 anchors are killed: strict names end with their seal, others go on as stale",
            new TargetDeadCheck(world).RunAsync);
    }
}
