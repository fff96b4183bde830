using Fairlead.TestKit.Processes;
using Xunit;
using static Fairlead.Xds.Tests.Fixtures;

namespace Fairlead.Xds.Tests.Functional;

/// <summary>
/// Two thousand clusters of ten endpoints, and one of twenty thousand, for the newest and the oldest real Envoy in each
/// variant, while another cluster is asked 200 times a second: none of those requests fails.
/// </summary>
public sealed class EnvoyScaleTests(ITestOutputHelper output)
{
    private const string Host = "checkout.shop.svc.us1.internal";
    private const string Name = Host + ":80";
    private const string Wide = "wide:80";
    private const int Clusters = 2_000;
    private const int Each = 10;
    private const int Endpoints20 = 20_000;

    private static readonly TimeSpan Bound = TimeSpan.FromMinutes(5);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory(Explicit = true)]
    [MemberData(nameof(EnvoyVariantTests.Cases), MemberType = typeof(EnvoyVariantTests))]
    public async Task ManyClustersAndEndpoints_AreServedBesideRequests(Variant variant, bool isOldest)
    {
        var isDelta = variant is Variant.Delta or Variant.DeltaPerType;
        var isPerType = variant is Variant.SotwPerType or Variant.DeltaPerType;
        var program = isOldest ? EnvoyBinary.Oldest : EnvoyBinary.Path;
        Assert.SkipWhen(program is null, isOldest ? EnvoyBinary.OldestReason : EnvoyBinary.Reason);
        await using var backend = await HttpBackend.StartAsync("one");
        await using var host = await AdsHost.StartAsync();
        var source = isPerType ? PerType(isDelta) : null;
        host.Publish(
            Cluster(Name, endpoints: source), Endpoints(Name, backend.Port), Routes("fairlead", Name));
        await using var envoy = await EnvoyProcess.StartAsync(
            program!, host.Socket, Cancellation, isDelta, isPerType);
        await Eventually.HoldsAsync(() => TryGetAsync(envoy), body => body == "one", Bound, Cancellation);
        await using var load = new RequestLoad(envoy.Listeners[0], Cancellation, Host);

        await StepAsync(load, "they come", () => TakenAsync(
            [.. All(i => Cluster(NameOf(i), endpoints: source)), .. All(i => Many(NameOf(i), Each, 1))],
            ActiveAsync, Clusters + 2));
        await StepAsync(load, "all endpoints change", () => TakenAsync(
            [.. All(i => Many(NameOf(i), Each + 1, 1))], () => TotalAsync(NameOf(Clusters - 1)), Each + 1));
        await StepAsync(load, "one has twenty thousand", () => TakenAsync(
            [Cluster(Wide, endpoints: source), Many(Wide, Endpoints20, 1)], () => TotalAsync(Wide), Endpoints20));
        await StepAsync(load, "one of those changes", () => TakenAsync(
            [Many(Wide, Endpoints20 + 1, 2)], () => TotalAsync(Wide), Endpoints20 + 1));
        await StepAsync(load, "the server restarts", async () =>
        {
            await host.StopServerAsync();
            await host.StartServerAsync();
            await TakenAsync([.. All(i => Many(NameOf(i), Each, 1))], () => TotalAsync(NameOf(Clusters - 1)), Each);
        });
        await StepAsync(load, "they leave", () =>
        {
            host.View.Update(builder =>
            {
                foreach (var name in Enumerable.Range(0, Clusters).Select(NameOf).Append(Wide))
                {
                    builder.Remove(ResourceType.Cluster, name).Remove(ResourceType.Endpoints, name);
                }
            });
            return Eventually.HoldsAsync(ActiveAsync, count => count == 2, Bound, Cancellation);
        });
        output.WriteLine($"{variant}, oldest {isOldest}: {load.Sent} requests, none failed, "
            + $"{load.LeastRate:f0} a second at the least");
        Assert.All(host.Service.Streams().SelectMany(stream => stream.Types), type => Assert.Null(type.Refused));

        Task TakenAsync(Resource[] resources, Func<Task<long>> read, long due)
        {
            host.Publish(resources);
            return Eventually.HoldsAsync(read, count => count == due, Bound, Cancellation);
        }

        Task<long> ActiveAsync() => envoy.KnownStatAsync("cluster_manager.active_clusters", Cancellation);

        Task<long> TotalAsync(string name) =>
            envoy.StatAsync($"cluster.{name.Replace(':', '_')}.membership_total", Cancellation);
    }

    private async Task StepAsync(RequestLoad load, string step, Func<Task> act)
    {
        var started = TimeProvider.System.GetTimestamp();
        await load.NoneFailsAsync(step, act);
        output.WriteLine($"{step}: {TimeProvider.System.GetElapsedTime(started).TotalSeconds:f1} s");
    }

    private static IEnumerable<Resource> All(Func<int, Resource> make) => Enumerable.Range(0, Clusters).Select(make);

    private static string NameOf(int i) => $"n{i}:80";

    private static Resource Many(string name, int count, int from) =>
        Endpoints(name, [.. Enumerable.Range(from, count)]);

    private static async Task<string> TryGetAsync(EnvoyProcess envoy)
    {
        try
        {
            return (await envoy.GetAsync(Host, Cancellation)).Body;
        }
        catch (HttpRequestException e)
        {
            return e.Message; // it listens when it has its routes
        }
    }
}
