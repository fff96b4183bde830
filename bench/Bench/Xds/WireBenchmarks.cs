using System.Globalization;
using Fairlead.EnvoyApi.Clusters;
using Fairlead.EnvoyApi.Core;
using Fairlead.Xds;
using Fairlead.XdsHost;
using Google.Protobuf.WellKnownTypes;

namespace Fairlead.Bench;

/// <summary>The bytes of gRPC messages between the xDS service and one client of 1,000 clusters with their
/// assignments, state of the world against delta, requests and acknowledgements included. Counts, which no load
/// changes.</summary>
internal static class WireBenchmarks
{
    private const int Clusters = 1_000;
    private const int EndpointCount = 3;
    private const int Changed = 7;

    public static IReadOnlyList<Benchmark> All { get; } = [new("wire", RunAsync)];

    private static async Task<IReadOnlyList<BenchRow>> RunAsync(CancellationToken cancellationToken)
    {
        var names = Enumerable.Range(0, Clusters)
            .Select(i => string.Create(CultureInfo.InvariantCulture, $"svc-{i:d5}.shop.svc.us1.internal:80"))
            .ToArray();
        var whole = await MeasureAsync(names, isDelta: false, cancellationToken);
        var delta = await MeasureAsync(names, isDelta: true, cancellationToken);
        string[] steps = ["start", "one endpoint changed", "one cluster changed"];
        return
        [
            .. steps.SelectMany((step, i) => new[] { Row(step, "sotw", whole[i]), Row(step, "delta", delta[i]) }),
        ];
    }

    private static BenchRow Row(string step, string variant, WireBytes bytes) =>
        new($"wire {variant}: {Clusters} clusters, {step}", bytes.Down + bytes.Up, "B")
        {
            Note = string.Create(CultureInfo.InvariantCulture, $"{bytes.Down} to the client, {bytes.Up} from it"),
        };

    // A server for each, so that both see the same changes.
    private static async Task<WireBytes[]> MeasureAsync(
        string[] names, bool isDelta, CancellationToken cancellationToken)
    {
        await using var server = await XdsServer.StartAsync(cancellationToken);
        server.View.Update(builder =>
        {
            foreach (var name in names)
            {
                builder.Set(Resource.Create(ClusterOf(name, 5)), wildcard: true)
                    .Set(Resource.Create(Assignments.Of(name, EndpointCount, 0)));
            }

            builder.MarkPrimed();
        });
        await using var client = isDelta
            ? (WireClient)new DeltaWireClient(server.Address, names)
            : new SotwWireClient(server.Address, names);
        var steps = new WireBytes[3];
        steps[0] = await client.TakeAsync(() => { }, cancellationToken);
        steps[1] = await client.TakeAsync(
            () => server.View.Update(
                builder => builder.Set(Resource.Create(Assignments.Of(names[Changed], EndpointCount, 1)))),
            cancellationToken);
        steps[2] = await client.TakeAsync(
            () => server.View.Update(
                builder => builder.Set(Resource.Create(ClusterOf(names[Changed], 6)), wildcard: true)),
            cancellationToken);
        return steps;
    }

    private static Cluster ClusterOf(string name, int seconds) => new()
    {
        Name = name,
        Type = Cluster.Types.DiscoveryType.Eds,
        ConnectTimeout = Duration.FromTimeSpan(TimeSpan.FromSeconds(seconds)),
        EdsClusterConfig = new Cluster.Types.EdsClusterConfig
        {
            EdsConfig = new ConfigSource { Ads = new AggregatedConfigSource(), ResourceApiVersion = ApiVersion.V3 },
        },
    };
}
