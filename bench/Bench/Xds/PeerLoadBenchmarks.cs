using System.Globalization;

namespace Fairlead.Bench;

/// <summary>The same client and work on src/Xds and on go-control-plane, in turns on the same machine.</summary>
internal static class PeerLoadBenchmarks
{
    private const string Deliveries = "delivered_per_host_cpu_s";
    private const string Memory = "anon_per_stream_b";

    // Many streams that want everything, and streams that want one name each of which few change.
    private static readonly (string Name, int Streams, int Subscribe, int Updates)[] Works =
    [
        ("1,000 streams of 100 names", 1_000, 100, 100),
        ("100 streams of 1 name", 100, 1, 20_000),
    ];

    public static IReadOnlyList<Benchmark> All { get; } = [new("xds", RunAsync)];

    private static async Task<IReadOnlyList<BenchRow>> RunAsync(CancellationToken cancellationToken)
    {
        List<BenchRow> rows = [];
        foreach (var (name, streams, subscribe, updates) in Works)
        {
            foreach (var (variant, most) in new[] { ("sotw", 1 / 3.0), ("delta", 1 / 2.0) })
            {
                var label = $"xds {variant}: {name}";
                if (PeerLoad.Program is null)
                {
                    rows.Add(BenchRow.Skip(label, "x", most, "there is no go-control-plane host: PEERS is not set"));
                    continue;
                }

                var load = new PeerLoad(streams, subscribe, updates, variant);
                var peer = await load.RunAsync(XdsServerKind.GoControlPlane, cancellationToken);
                var own = await load.RunAsync(XdsServerKind.Own, cancellationToken);
                rows.AddRange(Compare(label, own, peer, most));
            }
        }

        return rows;
    }

    // A budget is an upper bound, so what is compared is the processor time of one delivery.
    private static IEnumerable<BenchRow> Compare(
        string label, IReadOnlyDictionary<string, double> own, IReadOnlyDictionary<string, double> peer, double most)
    {
        var ratio = peer[Deliveries] / own[Deliveries];
        yield return new($"{label}, CPU of one delivery over go-control-plane's", ratio, "x", most)
        {
            Note = string.Create(
                CultureInfo.InvariantCulture,
                $"{own[Deliveries]:0} and {peer[Deliveries]:0} a CPU second"),
        };
        foreach (var percentile in new[] { "p50", "p99" })
        {
            var figure = percentile + "_ms";
            yield return new($"{label}, change to last ACK {percentile}", own[figure], "ms")
            {
                Note = string.Create(CultureInfo.InvariantCulture, $"go-control-plane {peer[figure]:0.00} ms"),
            };
        }

        yield return new($"{label}, anonymous memory of an idle stream", own[Memory] / 1_024, "kB",
            Math.Max(20, peer[Memory] / 1_024 / 10))
        {
            Note = string.Create(
                CultureInfo.InvariantCulture, $"go-control-plane {peer[Memory] / 1_024:0.0} kB"),
        };
    }
}
