using System.Runtime.CompilerServices;
using System.Text.Json.Nodes;
using Fairlead.Sidecar.Hosting;
using Fairlead.Sidecar.Serving;
using Fairlead.Sidecar.Tests.Proxy;
using Fairlead.Sidecar.Translation;
using Fairlead.TestKit.Processes;
using Microsoft.AspNetCore.Http;
using YamlDotNet.Serialization;

namespace Fairlead.Sidecar.Tests.OnDemand;

/// <summary>What samples/istio patches into the Envoys of a mesh, in a real Envoy and beside a sidecar: each patch laid
/// where istiod lays it.</summary>
public sealed class IstioSampleTests
{
    private const string Known = OnDemandWorld.Checkout;
    private const string Other = "cart" + OnDemandWorld.Suffix;
    private const string Nobody = "nobody" + OnDemandWorld.Suffix;
    private const string Filters = "type.googleapis.com/envoy.extensions.filters.";

    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public Task NewestEnvoy_IsServedByWhatTheSamplePatches() => RunAsync(isOldest: false);

    [Fact(Explicit = true)]
    public Task OldestEnvoy_IsServedByWhatTheSamplePatches() => RunAsync(isOldest: true);

    [Fact]
    public void Sidecar_TakesTheSample()
    {
        var folder = Directory.CreateTempSubdirectory("fairlead-istio-");
        try
        {
            File.WriteAllText(Path.Combine(folder.FullName, "bootstrap.json"), "{}");
            File.WriteAllText(Path.Combine(folder.FullName, "pod-key"), "");
            var file = Path.Combine(folder.FullName, "sidecar.yaml");
            File.WriteAllText(
                file,
                File.ReadAllText(Sample("sidecar.yaml")).Replace("/etc/fairlead", folder.FullName)
                    .Replace("/var/lib/fairlead", folder.FullName));
            var options = SidecarOptions.Load(file, new Dictionary<string, string>());
            Assert.Equal((Audience.DefaultXdsCluster, true, "127.0.0.1:15007"),
                (options.OnDemand.XdsCluster, options.XdsClusters.AreGatewaysIstio,
                    $"{options.OnDemand.FirstRequest}"));
            var port = options.OnDemand.FirstRequest!.Port;
            Assert.Contains($"proxyHttpPort: {port}", File.ReadAllText(Sample("mesh.yaml")), StringComparison.Ordinal);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static async Task RunAsync(bool isOldest)
    {
        var program = isOldest ? EnvoyBinary.Oldest : EnvoyBinary.Path;
        Assert.SkipWhen(program is null, isOldest ? EnvoyBinary.OldestReason : EnvoyBinary.Reason);
        await using var backend = await Backend.StartAsync(context => context.Response.WriteAsync("served"));
        await using var sidecar = new ScriptedSidecar(new OnDemandOptions(), Known);
        sidecar.Publish(
            OnDemandWorld.Named(Known, backend.Port), OnDemandWorld.Named(Other, backend.Port),
            ServedName.Without(Nobody, Reasons.Absent, []));
        await sidecar.StartAsync();
        await using var envoy = await EnvoyProcess.StartWithAsync(program!, Bootstrap(sidecar.Socket), Cancellation);
        await FirstAsync(envoy, sidecar);

        // Not in the collection: were it the first request of the Envoy's life, it would fail.
        Assert.Equal("200 served -", await GetAsync(envoy, Other));
        await AnswersAsync(envoy, Known, "200 served -");
        await AnswersAsync(envoy, Nobody, $"503 no healthy upstream {Reasons.Absent}");
    }

    // Of the home's names the sample routes none, and the Envoy says so by itself: a user's request would still be the
    // first.
    private static async Task FirstAsync(EnvoyProcess envoy, ScriptedSidecar sidecar)
    {
        var at = envoy.Listeners[0];
        using (var end = CancellationTokenSource.CreateLinkedTokenSource(Cancellation))
        {
            var home = Request("eu1.internal");
            var running = home.RunAsync(end.Token);
            await Eventually.HoldsAsync(
                () => Task.FromResult(home.Pending), said => said?.Contains("itself", StringComparison.Ordinal) == true,
                Patience, Cancellation);
            await end.CancelAsync();
            await running.WaitAsync(Patience, Cancellation);
            Assert.False(home.Answered.IsCompleted);
            Assert.Empty(sidecar.Streams);
        }

        var both = Request("eu1.internal", "us1.internal");
        await both.RunAsync(Cancellation).WaitAsync(Patience, Cancellation);
        Assert.Null(both.Pending);

        FirstRequest Request(params string[] segments) => new(
            at, () => [.. segments.Select(FirstRequest.HostIn)], () => sidecar.Streams, TimeProvider.System);
    }

    private static async Task<string> GetAsync(EnvoyProcess envoy, string host)
    {
        var (status, body, headers) = await envoy.GetWithHeadersAsync(host, Cancellation);
        return $"{(int)status} {body} {headers.GetValueOrDefault("fairlead-reason", "-")}";
    }

    private static Task AnswersAsync(EnvoyProcess envoy, string host, string expected) => Eventually.HoldsAsync(
        async () =>
        {
            try
            {
                return await GetAsync(envoy, host);
            }
            catch (HttpRequestException e)
            {
                return e.Message; // It does not listen yet.
            }
        },
        seen => seen == expected, Patience, Cancellation);

    // As istiod generates it for a ServiceEntry of these hosts: an HTTP listener whose route leads to a cluster of its
    // own, before the patches.
    private static string Bootstrap(string socket)
    {
        var patches = Read(File.ReadAllText(Sample("mesh.yaml"))).SelectMany(document =>
            document["spec"]?["configPatches"]?.AsArray() ?? []).ToDictionary(
                patch => (string)patch!["applyTo"]!, patch => patch!["patch"]!["value"]!);
        var manager = patches["NETWORK_FILTER"]["typed_config"]!.DeepClone().AsObject();
        var route = patches["HTTP_ROUTE"].DeepClone().AsObject();
        route["match"] = new JsonObject { ["prefix"] = "/" };
        manager["stat_prefix"] = "outbound";
        manager["route_config"] = new JsonObject
        {
            ["validate_clusters"] = false,
            ["virtual_hosts"] = new JsonArray(new JsonObject
            {
                ["name"] = "*.svc.us1.internal:80",
                ["domains"] = new JsonArray("*.svc.us1.internal", "*.svc.us1.internal:80"),
                ["routes"] = new JsonArray(route),
            }),
        };
        manager["http_filters"] = new JsonArray(
            patches["HTTP_FILTER"].DeepClone(),
            new JsonObject
            {
                ["name"] = "envoy.filters.http.router",
                ["typed_config"] = new JsonObject { ["@type"] = Filters + "http.router.v3.Router" },
            });
        return new JsonObject
        {
            ["node"] = new JsonObject { ["id"] = "sidecar~10.0.0.1~frontend.shop", ["cluster"] = "frontend.shop" },
            ["admin"] = new JsonObject { ["address"] = AnyPort() },
            ["static_resources"] = new JsonObject
            {
                ["clusters"] = new JsonArray(patches["CLUSTER"].DeepClone()),
                ["listeners"] = new JsonArray(new JsonObject
                {
                    ["name"] = "0.0.0.0_80",
                    ["address"] = AnyPort(),
                    ["filter_chains"] = new JsonArray(new JsonObject
                    {
                        ["filters"] = new JsonArray(new JsonObject
                        {
                            ["name"] = "envoy.filters.network.http_connection_manager", ["typed_config"] = manager,
                        }),
                    }),
                }),
            },
        }.ToJsonString().Replace("/var/run/fairlead/xds.sock", socket, StringComparison.Ordinal);
    }

    private static JsonObject AnyPort() => new()
    {
        ["socket_address"] = new JsonObject { ["address"] = "127.0.0.1", ["port_value"] = 0 },
    };

    // Numbers become texts, which Envoy reads as well.
    private static IEnumerable<JsonNode> Read(string text)
    {
        var json = new SerializerBuilder().JsonCompatible().Build();
        return text.Split("\n---\n").Select(document =>
            JsonNode.Parse(json.Serialize(new DeserializerBuilder().Build().Deserialize(document)!))!);
    }

    private static string Sample(string name, [CallerFilePath] string here = "") =>
        Path.GetFullPath(Path.Combine(Path.GetDirectoryName(here)!, "../../../samples/istio", name));
}
