using System.Net;
using System.Net.Sockets;

namespace Fairlead.Bench;

/// <summary>
/// A name resolved over three segments beside the same name resolved by an unbound that validates three signed zones,
/// in turns. Cold: nothing beyond the trust root is held where it is verified. Warm: it is held, and asked for by DNS.
/// </summary>
internal static class ResolveBenchmarks
{
    private const string Home = "frontend.shop.svc.eu1.acme.internal";
    private const string Ratio = "resolve: cold over three segments, over unbound's p50";
    private const double RatioMost = 0.5;
    private const int Warm = 20;
    private const int Count = 100;
    private const int Asked = 2_000;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    public static IReadOnlyList<Benchmark> All { get; } = [new("resolve", RunAsync)];

    private static async Task<IReadOnlyList<BenchRow>> RunAsync(CancellationToken cancellationToken)
    {
        var (tools, reason) = await UnboundTools.FindAsync(SignedZones.Servers, cancellationToken);
        if (tools is null)
        {
            return [BenchRow.Skip(Ratio, "ratio", RatioMost, reason)];
        }

        await using var demo = await DemoProcess.StartAsync(
            cancellationToken, "--below-a-parent", "--policy", "default");
        var names = await demo.ExportAsync(2 + Warm + Count, cancellationToken);
        await demo.SealedAsync(names.Length, cancellationToken);
        await using var zones = await SignedZones.StartAsync(tools, names, cancellationToken);
        using var unbound = new DnsClient(new IPEndPoint(IPAddress.Loopback, zones.Port));
        await ValidatedAsync(zones, unbound, names[^1], cancellationToken);
        var (ours, again, theirs) = await ColdAsync(demo, zones, unbound, names[2..], cancellationToken);
        using var sidecar = new DnsClient(IPEndPoint.Parse(demo["DNS_ADDRESS"]));
        var (held, cached) = await WarmAsync(sidecar, unbound, names[0], cancellationToken);
        return
        [
            .. ours.Rows("resolve: cold over three segments"),
            .. again.Rows("resolve: cold over three segments, another pod asked before"),
            .. theirs.Rows("resolve: cold by unbound, three signed zones"),
            new(Ratio, ours.Milliseconds(50) / theirs.Milliseconds(50), "ratio", RatioMost),
            new(
                "resolve: cold, another pod asked before, over unbound's p50",
                again.Milliseconds(50) / theirs.Milliseconds(50),
                "ratio"),
            .. held.Rows("resolve: warm, the sidecar's DNS"),
            .. cached.Rows("resolve: warm, unbound"),
            new("resolve: warm, over unbound's p50", held.Milliseconds(50) / cached.Milliseconds(50), "ratio"),
        ];
    }

    // Until all servers are up, and to be sure that what is measured is validation.
    private static async Task ValidatedAsync(
        SignedZones zones, DnsClient unbound, string name, CancellationToken cancellationToken)
    {
        using var bound = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        bound.CancelAfter(Patience);
        while (true)
        {
            try
            {
                if (await unbound.AskAsync(name, bound.Token) is (3, true))
                {
                    return;
                }

                await zones.FlushAsync(bound.Token);
            }
            catch (Exception e) when (e is SocketException or InvalidOperationException)
            {
                // It does not listen yet.
            }

            await Task.Delay(TimeSpan.FromMilliseconds(100), TimeProvider.System, bound.Token);
        }
    }

    // Each time another name, so that the home's anchors have to ask for it too; they know the way to us1, as unbound
    // knows how fast its servers are.
    private static async Task<(Latencies Ours, Latencies Again, Latencies Theirs)> ColdAsync(
        DemoProcess demo,
        SignedZones zones,
        DnsClient unbound,
        IReadOnlyList<string> names,
        CancellationToken cancellationToken)
    {
        using var pod = demo.Pod();
        var (ours, again, theirs) = (new Latencies(Count), new Latencies(Count), new Latencies(Count));
        for (var i = 0; i < names.Count; i++)
        {
            var took = await OnceAsync(pod, names[i], i, cancellationToken);
            var second = await OnceAsync(pod, names[i], i, cancellationToken);
            await zones.FlushAsync(cancellationToken);
            var asking = new Latencies(1);
            await asking.MeasureAsync(() => AskAsync(unbound, names[i], 3, cancellationToken));
            if (i >= Warm)
            {
                ours.Add(took);
                again.Add(second);
                theirs.Add(TimeSpan.FromMilliseconds(asking.Milliseconds(100)));
            }
        }

        return (ours, again, theirs);
    }

    // By a new resolver that is connected to its home: unbound needs no connection.
    private static async Task<TimeSpan> OnceAsync(
        Pod pod, string name, int seed, CancellationToken cancellationToken)
    {
        await using var cold = await ColdResolve.StartAsync(pod, seed, cancellationToken);
        await cold.ResolveAsync(Home, cancellationToken);
        return await cold.ResolveAsync(name, cancellationToken);
    }

    private static async Task<(Latencies Held, Latencies Cached)> WarmAsync(
        DnsClient sidecar, DnsClient unbound, string name, CancellationToken cancellationToken)
    {
        var (held, cached) = (new Latencies(Asked), new Latencies(Asked));
        for (var i = -Asked; i < Asked; i++)
        {
            // As many first that do not count: the sidecar's compiler is at work in them.
            await (i < 0 ? new Latencies(1) : held).MeasureAsync(() => AskAsync(sidecar, name, 1, cancellationToken));
            await (i < 0 ? new Latencies(1) : cached).MeasureAsync(() => AskAsync(unbound, name, 3, cancellationToken));
        }

        return (held, cached);
    }

    // A sidecar gives the one address at which its proxy serves the name.
    private static async Task AskAsync(
        DnsClient client, string name, int expected, CancellationToken cancellationToken)
    {
        var (addresses, _) = await client.AskAsync(name, cancellationToken);
        if (addresses != expected)
        {
            throw new InvalidOperationException($"{name} has {addresses} addresses");
        }
    }
}
