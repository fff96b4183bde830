using System.Collections.Immutable;
using System.Net;
using Fairlead.TestKit.Processes;
using Xunit;
using static Fairlead.Xds.Tests.Fixtures;

namespace Fairlead.Xds.Tests.Functional;

/// <summary>
/// The newest and the oldest real Envoy as clients of each variant, under 200 requests a second: they may fail in the
/// steps of <c>MayFailAsync</c> and in no other.
/// </summary>
public sealed class EnvoyVariantTests
{
    private const string Host = "checkout.shop.svc.us1.internal";
    private const string Name = Host + ":80";
    private const string Served = "served";
    private static readonly TimeSpan Bound = TimeSpan.FromMinutes(2);

    // On a loaded machine an Envoy may take longer for a cluster's endpoints than routes wait for it.
    private static AdsOptions Patient => new() { Limits = XdsLimits.Default with { WarmWaitMax = Bound } };

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public static MatrixTheoryData<Variant, bool> Cases => new(Enum.GetValues<Variant>(), [false, true]);

    [Theory]
    [MemberData(nameof(Cases))]
    public Task Envoy_IsFollowedThroughEveryChange(Variant variant, bool isOldest) => RunAsync(variant, isOldest);

    /// <summary>The same among the tests that take long, which are the whole matrix.</summary>
    [Theory(Explicit = true)]
    [MemberData(nameof(Cases))]
    public Task Envoy_AmongTheMatrix_IsFollowedThroughEveryChange(Variant variant, bool isOldest) =>
        RunAsync(variant, isOldest);

    private static async Task RunAsync(Variant variant, bool isOldest)
    {
        var isDelta = variant is Variant.Delta or Variant.DeltaPerType;
        var isPerType = variant is Variant.SotwPerType or Variant.DeltaPerType;
        var program = isOldest ? EnvoyBinary.Oldest : EnvoyBinary.Path;
        Assert.SkipWhen(program is null, isOldest ? EnvoyBinary.OldestReason : EnvoyBinary.Reason);
        await using var one = await HttpBackend.StartAsync("one");
        await using var two = await HttpBackend.StartAsync("two");
        await using var host = await AdsHost.StartAsync(Patient);
        var source = isPerType ? PerType(isDelta) : null;
        var cluster = Cluster(Name, endpoints: source);
        var (endpoints, routes) = (Endpoints(Name, one.Port), Routes("fairlead", Name));
        host.Publish(cluster, endpoints, routes);
        await using var envoy = await EnvoyProcess.StartAsync(
            program!, host.Socket, Cancellation, isDelta, isPerType, hasListeners: true);
        await host.AckOfAsync(routes);
        Assert.All(host.Service.Streams(), stream => Assert.Equal(
            (isDelta, isPerType),
            (stream.Service.EndsWith(" delta", StringComparison.Ordinal), !stream.Service.StartsWith('a'))));
        await ServesAsync(envoy, "one");
        await StartedAsync(envoy);
        await using var load = new RequestLoad(envoy.Listeners[0], Cancellation, Host);

        await ListenersAsync(host, envoy, load, source);
        await EndpointsAsync(host, envoy, load, one.Port, two.Port);
        await ClustersAsync(host, envoy, load, source);
        await BadClusterAsync(host, envoy, load, source);
        await RefusedAndRestartedAsync(host, envoy, load, one.Port, two.Port);
        await MovedAsync(host, envoy, load, source, two.Port, one.Port);

        // From here on requests fail, as they should, and in no other way.
        await load.MayFailAsync($"{Host}: 503 no healthy upstream", async () =>
        {
            await AckedAsync(host, Resource.EmptyEndpoints(Name));
            await ServesAsync(envoy, "no healthy upstream");
            await AckedAsync(host, Endpoints(Name, one.Port));
            await ServesAsync(envoy, "one");
        });
        host.ForgetAcks();
        await load.MayFailAsync($"{Host}: 503 ", async () =>
        {
            host.View.Update(builder => builder.Remove(ResourceType.Cluster, Name).Set(Routes("fairlead", "none")));
            await host.AckAsync(ack => ack.Type == ResourceType.Cluster && ack.Resources.Count == 0, "no clusters");
            Assert.DoesNotContain(Name, await envoy.AdminAsync("/clusters", Cancellation));
            host.Publish(cluster, endpoints, routes);
            await ServesAsync(envoy, "one");
        });
        await load.NoneFailsAsync("after all that", () => load.AnsweredByAsync("one"));
        await load.NoneFailsAsync("a listener leaves", async () =>
        {
            var (status, _) = await envoy.GetAtAsync(
                (await envoy.FindListenerAsync(Served, Cancellation))!, Host, Cancellation);
            Assert.Equal(HttpStatusCode.OK, status);
            host.View.Update(builder => builder.Remove(ResourceType.Listener, Served));
            await Eventually.HoldsAsync(
                () => envoy.FindListenerAsync(Served, Cancellation), at => at is null, Bound, Cancellation);
        });
    }

    // Of listeners there are none yet: the answer says so, and ends the Envoy's wait for it, not that wait's end.
    private static async Task StartedAsync(EnvoyProcess envoy)
    {
        Assert.Equal(0, await envoy.KnownStatAsync("server.state", Cancellation));
        Assert.NotEqual(0, await envoy.KnownStatAsync("listener_manager.lds.update_success", Cancellation));
        Assert.Equal(0, await envoy.KnownStatAsync("listener_manager.lds.init_fetch_timeout", Cancellation));
    }

    // One comes with its routes, and changes beside a bad one, which waits until it is put right.
    private static async Task ListenersAsync(
        AdsHost host, EnvoyProcess envoy, RequestLoad load, EnvoyApi.Core.ConfigSource? source)
    {
        const string Beside = "beside";
        await load.NoneFailsAsync("a listener comes", async () =>
        {
            host.Publish(Routes(Served, Name), Routes(Beside, Name));
            await ListensAsync(ListenerAt(Served, "first", source));
            await TakenByAsync(Served, "first");
        });
        await load.NoneFailsAsync("it changes beside a bad one", async () =>
        {
            await ListensAsync(
                ListenerAt(Served, "second", source), ListenerAt(Beside, Beside, source, "not-an-address"));
            await TakenByAsync(Served, "second");
            await Eventually.HoldsAsync(
                () => Task.FromResult(Bad(host, ResourceType.Listener)), bad => bad.SequenceEqual([Beside]), Bound,
                Cancellation);
            Assert.Null(await envoy.FindListenerAsync(Beside, Cancellation));
        });
        await load.NoneFailsAsync("which is put right, and goes", async () =>
        {
            await ListensAsync(ListenerAt(Beside, Beside, source));
            await TakenByAsync(Beside, Beside);
            Assert.Empty(Bad(host, ResourceType.Listener));
            host.View.Update(builder => builder.Remove(ResourceType.Listener, Beside));
            await Eventually.HoldsAsync(
                () => envoy.FindListenerAsync(Beside, Cancellation), at => at is null, Bound, Cancellation);
            await TakenByAsync(Served, "second");
        });

        Task ListensAsync(params Resource[] listeners)
        {
            host.View.Update(builder =>
            {
                foreach (var listener in listeners)
                {
                    builder.Set(listener, wildcard: true);
                }
            });
            return Eventually.HoldsAsync(
                () => envoy.FindListenerAsync(listeners[0].Name, Cancellation), at => at is not null, Bound,
                Cancellation);
        }

        // Until one of the requests is counted by these statistics; it may have been another form's so far.
        Task TakenByAsync(string listener, string statistics) => Eventually.HoldsAsync(
            async () =>
            {
                var at = await envoy.FindListenerAsync(listener, Cancellation);
                Assert.Equal((HttpStatusCode.OK, "one"), await envoy.GetAtAsync(at!, Host, Cancellation));
                return await envoy.StatAsync($"http.{statistics}.downstream_rq_2xx", Cancellation);
            },
            count => count > 0, Bound, Cancellation);
    }

    private static async Task EndpointsAsync(
        AdsHost host, EnvoyProcess envoy, RequestLoad load, int one, int two)
    {
        await load.NoneFailsAsync("add", async () =>
        {
            await AckedAsync(host, Endpoints(Name, one, two));
            await ServesAsync(envoy, "two");
        });
        await load.NoneFailsAsync("remove", async () =>
        {
            await AckedAsync(host, Endpoints(Name, two));
            for (var i = 0; i < 20; i++)
            {
                Assert.Equal((HttpStatusCode.OK, "two"), await envoy.GetAsync(Host, Cancellation));
            }
        });
    }

    private static async Task ClustersAsync(
        AdsHost host, EnvoyProcess envoy, RequestLoad load, EnvoyApi.Core.ConfigSource? source)
    {
        await load.NoneFailsAsync("clusters change, endpoints do not", async () =>
        {
            for (var timeout = 1; timeout <= 3; timeout++)
            {
                host.ForgetAcks();
                await AckedAsync(host, Cluster(Name, timeoutMs: timeout * 100, endpoints: source));
                await host.AckOfAsync(host.View.Current.Find(ResourceType.Endpoints, Name)!);
                await Eventually.HoldsAsync(
                    () => envoy.KnownStatAsync("cluster_manager.warming_clusters", Cancellation), count => count == 0,
                    Bound, Cancellation);
            }

            // Without their endpoints Envoy ends the warming by its timeout, which it counts.
            Assert.Equal(
                0, await envoy.KnownStatAsync($"cluster.{Name.Replace(':', '_')}.init_fetch_timeout", Cancellation));
        });
    }

    // Beside one that comes: this one takes effect, the bad one waits until it is put right.
    private static async Task BadClusterAsync(
        AdsHost host, EnvoyProcess envoy, RequestLoad load, EnvoyApi.Core.ConfigSource? source)
    {
        const string Beside = "beside:80";
        await load.NoneFailsAsync("a bad cluster beside a new one, then a good one", async () =>
        {
            host.Publish(Unreadable(Name), Cluster(Beside, endpoints: source), Endpoints(Beside, 1));
            await Eventually.HoldsAsync(
                () => envoy.AdminAsync("/clusters", Cancellation), all => all.Contains($"{Beside}::127.0.0.1:1::"),
                Bound, Cancellation);
            await Eventually.HoldsAsync(
                () => Task.FromResult(Bad(host, ResourceType.Cluster)), bad => bad.SequenceEqual([Name]), Bound,
                Cancellation);
            await ServesAsync(envoy, "two");
            await AckedAsync(host, Cluster(Name, timeoutMs: 444, endpoints: source));
            await Eventually.HoldsAsync(
                () => envoy.AdminAsync("/config_dump?resource=dynamic_active_clusters", Cancellation),
                page => page.Contains("0.444s", StringComparison.Ordinal), Bound, Cancellation);
            Assert.Empty(Bad(host, ResourceType.Cluster));
            host.View.Update(builder => builder.Remove(ResourceType.Cluster, Beside));
            await Eventually.HoldsAsync(
                () => envoy.AdminAsync("/clusters", Cancellation), all => !all.Contains($"{Beside}::"), Bound,
                Cancellation);
        });
    }

    // What an operator sees of clusters or listeners that were refused, or are held back since; of a response that is
    // refused as a whole all are, until each was tried.
    private static string[] Bad(AdsHost host, ResourceType which)
    {
        var type = host.Service.Streams().SelectMany(stream => stream.Types).Single(one => one.Type == which);
        return [.. type.RefusedNames.Union(type.Withheld.Select(one => one.Name))];
    }

    private static async Task RefusedAndRestartedAsync(
        AdsHost host, EnvoyProcess envoy, RequestLoad load, int one, int two)
    {
        await load.NoneFailsAsync("a bad assignment, then a good one", async () =>
        {
            host.Publish(BadEndpoints(Name));
            await Eventually.HoldsAsync(
                () => Task.FromResult(host.Service.Streams().SelectMany(stream => stream.Types).Single(
                    type => type.Type == ResourceType.Endpoints).Refused),
                refused => refused?.Message.Contains("malformed IP address", StringComparison.Ordinal) == true,
                Bound, Cancellation);
            await ServesAsync(envoy, "two");
            await AckedAsync(host, Endpoints(Name, one));
            await ServesAsync(envoy, "one");
        });
        await load.NoneFailsAsync("the server restarts", async () =>
        {
            var streams = Subscribed(host);
            await host.StopServerAsync();
            await ServesAsync(envoy, "one");
            await host.StartServerAsync(Patient);

            // Each stream comes back in its own time, and what is moved before that waits for none that is away.
            await Eventually.HoldsAsync(
                () => Task.FromResult(Subscribed(host)), back => back.SequenceEqual(streams), Bound, Cancellation);
            await host.AckOfAsync(host.View.Current.Find(ResourceType.Endpoints, Name)!);
            await AckedAsync(host, Endpoints(Name, two));
            await ServesAsync(envoy, "two");
        });
    }

    private static ImmutableArray<string> Subscribed(AdsHost host) =>
    [
        .. host.Service.Streams().SelectMany(stream => stream.Types).Where(type => type.Type != ResourceType.Endpoints)
            .Select(type => type.Type.ToString()!).Order(StringComparer.Ordinal),
    ];

    // All at once: the new cluster, the route to it, and that the old one is gone.
    private static async Task MovedAsync(
        AdsHost host, EnvoyProcess envoy, RequestLoad load, EnvoyApi.Core.ConfigSource? source, int from, int to)
    {
        const string Next = "next:80";
        foreach (var (old, name, port, body) in new[] { (Name, Next, to, "one"), (Next, Name, from, "two") })
        {
            await load.NoneFailsAsync($"the route moves to {name}", async () =>
            {
                host.View.Update(builder => builder
                    .Set(Cluster(name, endpoints: source), wildcard: true).Set(Endpoints(name, port))
                    .Set(Routes("fairlead", name)).Set(Routes(Served, name)).Remove(ResourceType.Cluster, old));
                await ServesAsync(envoy, body);
                await Eventually.HoldsAsync(
                    () => envoy.AdminAsync("/clusters", Cancellation), all => !all.Contains($"{old}::"), Bound,
                    Cancellation);
            });
        }
    }

    private static async Task AckedAsync(AdsHost host, Resource resource)
    {
        host.Publish(resource);
        await host.AckOfAsync(resource);
    }

    private static Task ServesAsync(EnvoyProcess envoy, string body) => Eventually.HoldsAsync(
        () => TryGetAsync(envoy), answer => answer.Body == body, Bound, Cancellation);

    private static async Task<(HttpStatusCode Status, string Body)> TryGetAsync(EnvoyProcess envoy)
    {
        try
        {
            return await envoy.GetAsync(Host, Cancellation);
        }
        catch (HttpRequestException e)
        {
            return (0, e.Message); // its listener opens only when clusters and routes are there
        }
    }
}
