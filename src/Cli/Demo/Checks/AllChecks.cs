using Fairlead.Cli.Demo.Checks.Acme;

namespace Fairlead.Cli.Demo.Checks;

/// <summary>
/// The checks of the demo, in the order in which they run: the last ones, 7a and 7b, break what the others need.
/// </summary>
internal static class AllChecks
{
    /// <summary>What a check of the world with two peers is chosen by, in the order in which they run.</summary>
    internal static IReadOnlyList<string> OfPeers { get; } =
        ["1", "1b", "2", "3", "4", "5a", "5b", "5c", "5d", "6", "6b", "8", "9", "9b", "10", "7a", "7b", "7c"];

    /// <summary>All numbers, in the order in which they run.</summary>
    internal static IReadOnlyList<string> Numbers { get; } = [.. OfPeers, .. AcmeChecks.Numbers];

    /// <summary>The checks of the world with two peers.</summary>
    internal static IEnumerable<CheckRow> Of(DemoWorld world, DemoOptions options)
    {
        var whileLying = new EnvoyHalf(world, Wanted("5a", "5b", "5c"));
        var whileStopped = new EnvoyHalf(world, Wanted("7a", "7b"));
        yield return new(
            "1 checkout resolves in eu1, and an auditor agrees offline", new ResolveCheck(world).RunAsync);
        yield return new(
            "1b where no network is, resolve is unreachable and verify agrees", new OfflineCheck(world).RunAsync);
        yield return new("2 gRPC C-core reaches catalog through xds:///", new GrpcCheck(world).RunAsync);
        yield return new(
            "3 Envoy proxies to checkout and shows where its endpoints come from", new EnvoyCheck(world).RunAsync);
        yield return new("4 endpoints added and removed in us1 reach Envoy", new EndpointsCheck(world).RunAsync);
        yield return new(
            "5a a lying anchor changes a digit: ProofMismatch",
            new LiarCheck(world, whileLying, "5a", "ttl-max", "ProofMismatch").RunAsync);
        yield return new(
            "5b a lying anchor replays an older seal: SealRollback",
            new LiarCheck(world, whileLying, "5b", "old-seal", "SealRollback").RunAsync);
        yield return new(
            "5c a lying anchor puts eu1's seal into us1's hop: WrongSegment",
            new LiarCheck(world, whileLying, "5c", "foreign-seal", "WrongSegment").RunAsync);
        yield return new("5d through Envoy no request fails while an anchor lies", whileLying.RunAsync);
        yield return new(
            "6 names that are not there are proven absent, bad names are named", new AbsentCheck(world).RunAsync);
        yield return new(
            "6b a name that comes to be is found within the time of an absence", new ComesToBeCheck(world).RunAsync);
        yield return new(
            "8 a request through the HTTP proxy reaches checkout, 404 for an unknown name",
            new ProxyCheck(world).RunAsync);
        yield return new(
            "9 DNS answers checkout with an address that the proxy serves, NXDOMAIN on proof for an unknown name",
            new DnsCheck(world).RunAsync);
        yield return new(
            "9b a cluster is dead and nobody withdraws it: its endpoints are left in seconds, and no trust ends",
            new DeadClusterCheck(world).RunAsync);
        yield return new(
            "10 a new epoch of us1 denies eu1 everywhere within a second, another one admits it",
            new EpochCheck(world).RunAsync);
        yield return new(
            "7a one us1 anchor is stopped: changes still arrive", new OneStoppedCheck(world, whileStopped).RunAsync);
        yield return new(
            "7b two are stopped: answers live to the end of their TTL, then expire",
            new TwoStoppedCheck(world, whileStopped).RunAsync);
        yield return new("7c through Envoy requests succeed until then, and 504 after", whileStopped.RunAsync);

        string[] Wanted(params string[] numbers) => [.. numbers.Where(number => options.Wants(number))];
    }
}
