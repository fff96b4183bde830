using Fairlead.Cli.Demo.Checks.Acme;

namespace Fairlead.Cli.Demo.Checks;

/// <summary>
/// The checks of the demo, in the order in which they run: the last ones, 7a and 7b, break what the others need.
/// </summary>
internal static class AllChecks
{
    // A busy machine is slow, not wrong: patience is for what never comes. Bounds that are promises stand in the
    // checks.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(180);

    /// <summary>What a check of the world with two peers is chosen by, in the order in which they run.</summary>
    internal static IReadOnlyList<string> OfPeers { get; } =
        ["1", "1b", "2", "3", "4", "5a", "5b", "5c", "5d", "6", "8", "9", "10", "7a", "7b", "7c"];

    /// <summary>All numbers, in the order in which they run.</summary>
    internal static IReadOnlyList<string> Numbers { get; } = [.. OfPeers, .. AcmeChecks.Numbers];

    /// <summary>The checks of the world with two peers.</summary>
    /// <param name="world">Where they run.</param>
    /// <param name="chosen">The numbers of those to run; null for all.</param>
    internal static IEnumerable<(string Name, TimeSpan Patience, Func<CancellationToken, Task<string>> Run)> Of(
        DemoWorld world, IReadOnlySet<string>? chosen)
    {
        var whileLying = new EnvoyHalf(world, Chosen("5a", "5b", "5c"));
        var whileStopped = new EnvoyHalf(world, Chosen("7a", "7b"));
        return All(world, whileLying, whileStopped)
            .Where(check => chosen?.Contains(check.Name.Split(' ')[0]) ?? true);

        string[] Chosen(params string[] numbers) => [.. numbers.Where(number => chosen?.Contains(number) ?? true)];
    }

    private static IEnumerable<(string Name, TimeSpan Patience, Func<CancellationToken, Task<string>> Run)> All(
        DemoWorld world, EnvoyHalf whileLying, EnvoyHalf whileStopped)
    {
        yield return One(
            "1 checkout resolves in eu1, and an auditor agrees offline", new ResolveCheck(world).RunAsync);
        yield return One(
            "1b where no network is, resolve is unreachable and verify agrees", new OfflineCheck(world).RunAsync);
        yield return One("2 gRPC C-core reaches catalog through xds:///", new GrpcCheck(world).RunAsync);
        yield return One(
            "3 Envoy proxies to checkout and shows where its endpoints come from", new EnvoyCheck(world).RunAsync);
        yield return One("4 endpoints added and removed in us1 reach Envoy", new EndpointsCheck(world).RunAsync);
        yield return One(
            "5a a lying anchor changes a digit: ProofMismatch",
            new LiarCheck(world, whileLying, "5a", "ttl-max", "ProofMismatch").RunAsync);
        yield return One(
            "5b a lying anchor replays an older seal: SealRollback",
            new LiarCheck(world, whileLying, "5b", "old-seal", "SealRollback").RunAsync);
        yield return One(
            "5c a lying anchor puts eu1's seal into us1's hop: WrongSegment",
            new LiarCheck(world, whileLying, "5c", "foreign-seal", "WrongSegment").RunAsync);
        yield return One("5d through Envoy no request fails while an anchor lies", whileLying.RunAsync);
        yield return One(
            "6 names that are not there are proven absent, bad names are named", new AbsentCheck(world).RunAsync);
        yield return One(
            "8 a request through the HTTP proxy reaches checkout, 404 for an unknown name",
            new ProxyCheck(world).RunAsync);
        yield return One(
            "9 DNS answers checkout with an address that the proxy serves, NXDOMAIN on proof for an unknown name",
            new DnsCheck(world).RunAsync);
        yield return One(
            "10 a new epoch of us1 denies eu1 everywhere within a second, another one admits it",
            new EpochCheck(world).RunAsync);
        yield return One(
            "7a one us1 anchor is stopped: changes still arrive", new OneStoppedCheck(world, whileStopped).RunAsync);
        yield return One(
            "7b two are stopped: answers live to the end of their TTL, then expire",
            new TwoStoppedCheck(world, whileStopped).RunAsync);
        yield return One("7c through Envoy requests succeed until then, and 503 UH after", whileStopped.RunAsync);
    }

    private static (string Name, TimeSpan Patience, Func<CancellationToken, Task<string>> Run) One(
        string name, Func<CancellationToken, Task<string>> run) => (name, Patience, run);
}
