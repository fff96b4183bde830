namespace Fairlead.Cli.Demo.Checks.Acme;

/// <summary>The checks of the second world, in the order in which they run; the last ones break what others need.
/// </summary>
[System.Runtime.Versioning.UnsupportedOSPlatform("windows")]
internal static class AcmeChecks
{
    /// <summary>What a check is chosen by.</summary>
    internal static IReadOnlyList<string> Numbers { get; } =
        ["11", "11b", "11c", "12", "12b", "13", "14", "15", "15b", "16"];

    /// <summary>The checks.</summary>
    internal static IEnumerable<CheckRow> Of(DemoWorld world, DemoOptions options)
    {
        var withholding = new WithholdingChecks(world);
        yield return new(
            "11 below acme, one name by proxy, Envoy, gRPC and DNS reaches the one verified endpoint",
            new PathsCheck(world).RunAsync);
        yield return new(
            "11b the relay that serves the sidecar withholds a denial: denied after the move to another",
            withholding.OneAsync)
        {
            IsBeside = true,
        };
        yield return new(
            "11c below acme, a new epoch of us1 denies eu1 everywhere within a second",
            new DenialCheck(world).RunAsync);
        yield return new(
            "12 acme is dead: requests go on by its introduction", new ParentDeadCheck(world, options.Outage).RunAsync);
        yield return new(
            "12b a stranger's forbidden address and its claim to be eu1 are refused by name",
            new ContentScopeCheck(world).RunAsync)
        {
            IsBeside = true,
        };
        yield return new(
            "13 acme is an attacker's with all its keys: whoever was introduced sees no other segment",
            new CompromiseCheck(world).RunAsync);
        yield return new(
            "14 all us1 anchors are killed: strict names end with their seal, others go on as stale",
            new TargetDeadCheck(world).RunAsync);
        yield return new(
            "15 all relays withhold: strict names end within V + delta, others with their continuity",
            withholding.AllAsync);
        yield return new(
            "15b all relays withhold a name's proof under a new policy: it ends with the grace, before its seal",
            withholding.ProofAsync);
        yield return new(
            "16 all anchors of the home are killed: strict names end within V, others with their continuity",
            new HomeDeadCheck(world).RunAsync);
    }
}
