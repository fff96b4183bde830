namespace Fairlead.Cli.Demo.Checks;

/// <summary>The checks of the demo, in the order in which they run: the last ones break what the first ones need.</summary>
internal static class AllChecks
{
    internal static IEnumerable<(string Name, TimeSpan Patience, Func<CancellationToken, Task<string>> Run)> Of(DemoWorld world)
    {
        yield return ("1 checkout resolves in eu1, and an auditor agrees offline", Seconds(40), new ResolveCheck(world).RunAsync);
        yield return ("2 gRPC C-core reaches catalog through xds:///", Seconds(40), new GrpcCheck(world).RunAsync);
        yield return ("3 Envoy proxies to checkout and shows where its endpoints come from", Seconds(60), new EnvoyCheck(world).RunAsync);
        yield return ("4 endpoints added and removed in us1 reach Envoy", Seconds(60), new EndpointsCheck(world).RunAsync);
        yield return ("5a a lying anchor changes a digit: ProofMismatch", Seconds(60), new LiarCheck(world, "ttl-max", "ProofMismatch").RunAsync);
        yield return ("5b a lying anchor replays an older seal: SealRollback", Seconds(60), new LiarCheck(world, "old-seal", "SealRollback").RunAsync);
        yield return ("5c a lying anchor puts eu1's seal into us1's hop: WrongSegment", Seconds(60),
            new LiarCheck(world, "foreign-seal", "WrongSegment").RunAsync);
        yield return ("6 names that are not there are proven absent, bad names are named", Seconds(40), new AbsentCheck(world).RunAsync);
        yield return ("7a one us1 anchor is stopped: changes still arrive", Seconds(60), new OneStoppedCheck(world).RunAsync);
        yield return ("7b two are stopped: answers live to the end of their TTL, then expire", Seconds(90), new TwoStoppedCheck(world).RunAsync);
    }

    private static TimeSpan Seconds(int count) => TimeSpan.FromSeconds(count);
}
