using System.Net;
using Fairlead.TestKit.Processes;
using Xunit;
using static Fairlead.Xds.Tests.Fixtures;

namespace Fairlead.Xds.Tests.Functional;

/// <summary>A real Envoy as a client: aggregated state-of-the-world xDS over a unix socket.</summary>
public sealed class EnvoyClientTests
{
    private const string Name = "checkout.shop.svc.us1.internal:80";
    private const string Host = "checkout.shop.svc.us1.internal";
    private static readonly TimeSpan Bound = TimeSpan.FromMinutes(2);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Cluster_AddedChangedAndRemoved_IsFollowed()
    {
        await using var one = await HttpBackend.StartAsync("one");
        await using var host = await AdsHost.StartAsync();
        await using var envoy = await StartAsync(host);
        host.Publish(Routes("fairlead", "none"));
        await ServesAsync(envoy, HttpStatusCode.ServiceUnavailable, "");

        var routes = Routes("fairlead", Name);
        host.Publish(Cluster(Name), Endpoints(Name, one.Port), routes);
        await host.AckOfAsync(routes);
        await ServesAsync(envoy, HttpStatusCode.OK, "one");

        var changed = Cluster(Name, timeoutMs: 777);
        host.Publish(changed);
        await host.AckOfAsync(changed);
        await Eventually.HoldsAsync(
            () => envoy.AdminAsync("/config_dump?resource=dynamic_active_clusters", Cancellation),
            page => page.Contains("0.777s", StringComparison.Ordinal), Bound, Cancellation);
        await ServesAsync(envoy, HttpStatusCode.OK, "one");

        host.ForgetAcks();
        var moved = Routes("fairlead", "none");
        host.View.Update(builder => builder.Remove(ResourceType.Cluster, Name).Set(moved));
        await host.AckAsync(ack => ack.Type == ResourceType.Cluster && ack.Resources.Count == 0, "no clusters");
        Assert.DoesNotContain(Name, await envoy.AdminAsync("/clusters", Cancellation));
    }

    [Fact]
    public async Task Endpoints_Changed_AreUsedFromTheAckOn()
    {
        await using var one = await HttpBackend.StartAsync("one");
        await using var two = await HttpBackend.StartAsync("two");
        await using var host = await AdsHost.StartAsync();
        await using var envoy = await StartServedAsync(host, one.Port);

        var added = Endpoints(Name, one.Port, two.Port);
        host.Publish(added);
        await host.AckOfAsync(added);
        await Eventually.HoldsAsync(
            () => envoy.GetAsync(Host, Cancellation), answer => answer.Body == "two", Bound, Cancellation);

        var removed = Endpoints(Name, two.Port);
        host.Publish(removed);
        await host.AckOfAsync(removed);
        var before = one.Requests;
        for (var i = 0; i < 20; i++)
        {
            Assert.Equal((HttpStatusCode.OK, "two"), await envoy.GetAsync(Host, Cancellation));
        }

        Assert.Equal(before, one.Requests);
    }

    [Fact]
    public async Task ClusterChange_EndpointsUnchanged_DoesNotWarmForFifteenSeconds()
    {
        await using var one = await HttpBackend.StartAsync("one");
        await using var host = await AdsHost.StartAsync();
        await using var envoy = await StartServedAsync(host, one.Port);
        var endpoints = host.View.Current.Find(ResourceType.Endpoints, Name)!;

        for (var timeout = 1; timeout <= 3; timeout++)
        {
            host.ForgetAcks();
            var changed = Cluster(Name, timeoutMs: timeout * 100);
            host.Publish(changed);

            await host.AckOfAsync(endpoints);
            await host.AckOfAsync(changed);
            await Eventually.HoldsAsync(
                () => envoy.KnownStatAsync("cluster_manager.warming_clusters", Cancellation), count => count == 0,
                Bound, Cancellation);
        }

        // Without their endpoints Envoy ends the warming by its timeout, which it counts.
        Assert.Equal(
            0, await envoy.KnownStatAsync($"cluster.{Name.Replace(':', '_')}.init_fetch_timeout", Cancellation));
        Assert.Equal((HttpStatusCode.OK, "one"), await envoy.GetAsync(Host, Cancellation));
    }

    [Fact]
    public async Task Endpoints_Emptied_Answer503AtOnceAndRecover()
    {
        await using var one = await HttpBackend.StartAsync("one");
        await using var host = await AdsHost.StartAsync();
        await using var envoy = await StartServedAsync(host, one.Port);

        var empty = Resource.EmptyEndpoints(Name);
        host.Publish(empty);
        await host.AckOfAsync(empty);
        var (status, body) = await envoy.GetAsync(Host, Cancellation);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, status);
        Assert.Equal("no healthy upstream", body);

        var back = Endpoints(Name, one.Port);
        host.Publish(back);
        await host.AckOfAsync(back);
        await ServesAsync(envoy, HttpStatusCode.OK, "one");
    }

    /// <summary>Of assignments that come together the bad one keeps none from the rest; nor does a cluster that this
    /// Envoy cannot read, of which it does not say which it is.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task BadOne_OfSeveral_KeepsEnvoyFromNoOther(bool isDelta)
    {
        Assert.SkipWhen(EnvoyBinary.Path is null, EnvoyBinary.Reason);
        await using var host = await AdsHost.StartAsync();
        string[] names = ["a", "b", "c", "d"];
        host.Publish([.. names.Select(name => Cluster(name)), Cluster("z"), Unreadable("k"), Routes("fairlead", "a"),
            Endpoints("a", 1), BadEndpoints("b"), Endpoints("c", 1), Endpoints("d", 1), Endpoints("z", 1)]);
        await using var envoy = await EnvoyProcess.StartAsync(
            EnvoyBinary.Path!, host.Socket, Cancellation, isDelta);
        await Eventually.HoldsAsync(
            () => envoy.AdminAsync("/clusters", Cancellation),
            all => new[] { "a", "c", "d", "z" }.All(name => all.Contains($"{name}::127.0.0.1:1::")),
            TimeSpan.FromMinutes(1), Cancellation);
        Assert.DoesNotContain("\nk::", await envoy.AdminAsync("/clusters", Cancellation));

        // A server that was not there before learns from the Envoy's version what it has.
        await host.StopServerAsync();
        await host.StartServerAsync();
        host.Publish(Cluster("y"), Endpoints("y", 1));
        await Eventually.HoldsAsync(
            () => envoy.AdminAsync("/clusters", Cancellation),
            all => all.Contains("y::127.0.0.1:1::") && all.Contains("a::127.0.0.1:1::"),
            TimeSpan.FromMinutes(1), Cancellation);
    }

    [Fact]
    public async Task ClusterWithoutKnownEndpoints_IsAnsweredEmptyAndDoesNotHoldTheStart()
    {
        await using var host = await AdsHost.StartAsync();
        host.Publish(Cluster(Name), Routes("fairlead", Name));
        await using var envoy = await StartAsync(host);

        await host.AckOfAsync(Resource.EmptyEndpoints(Name));

        await ServesAsync(envoy, HttpStatusCode.ServiceUnavailable, "no healthy upstream");
    }

    [Fact]
    public async Task Server_Restarted_IsFoundAgainAndNoRequestFails()
    {
        await using var one = await HttpBackend.StartAsync("one");
        await using var two = await HttpBackend.StartAsync("two");
        await using var host = await AdsHost.StartAsync();
        await using var envoy = await StartServedAsync(host, one.Port);

        await host.StopServerAsync();
        Assert.Equal((HttpStatusCode.OK, "one"), await envoy.GetAsync(Host, Cancellation));
        await host.StartServerAsync();
        await host.AckOfAsync(host.View.Current.Find(ResourceType.Endpoints, Name)!);
        Assert.Equal((HttpStatusCode.OK, "one"), await envoy.GetAsync(Host, Cancellation));

        var moved = Endpoints(Name, two.Port);
        host.Publish(moved);
        await host.AckOfAsync(moved);
        await ServesAsync(envoy, HttpStatusCode.OK, "two");
    }

    [Fact]
    public async Task BadEndpoints_AreRefusedOnceAndTheGoodOnesStay()
    {
        await using var one = await HttpBackend.StartAsync("one");
        await using var host = await AdsHost.StartAsync();
        await using var envoy = await StartServedAsync(host, one.Port);

        host.Publish(BadEndpoints(Name));
        var refused = await Eventually.HoldsAsync(
            () => Task.FromResult(TypeOf(host, ResourceType.Endpoints).Refused), x => x is not null, Bound,
                Cancellation);
        Assert.Equal(13, refused!.Code);
        Assert.Contains("malformed IP address", refused.Message, StringComparison.Ordinal);
        Assert.Equal((HttpStatusCode.OK, "one"), await envoy.GetAsync(Host, Cancellation));
        Assert.Equal(1, await envoy.StatAsync($"cluster.{Name.Replace(':', '_')}.update_rejected", Cancellation));

        host.ForgetAcks();
        var good = Endpoints(Name, one.Port);
        host.Publish(good);
        await host.AckOfAsync(good);
        await Eventually.HoldsAsync(
            () => Task.FromResult(TypeOf(host, ResourceType.Endpoints).Refused), x => x is null, Bound, Cancellation);
    }

    [Fact]
    public async Task Client_Connected_IsDescribedForOperators()
    {
        await using var one = await HttpBackend.StartAsync("one");
        await using var host = await AdsHost.StartAsync();
        await using var envoy = await StartServedAsync(host, one.Port);

        // What it serves by it may not have acknowledged yet.
        var stream = Assert.Single(await Eventually.HoldsAsync(
            () => Task.FromResult(host.Service.Streams()),
            streams => streams.SelectMany(one => one.Types).All(type => type.SentVersion == type.AckedVersion),
            Bound, Cancellation));
        Assert.Equal("shop/frontend", stream.Node.Id);
        Assert.Equal("envoy", stream.Node.UserAgent);
        Assert.Matches(@"^1\.\d+\.\d+$", stream.Node.UserAgentVersion);
        Assert.False(stream.Node.IsGrpc);
        Assert.True(TypeOf(host, ResourceType.Cluster).Wildcard);
        Assert.Equal([Name], TypeOf(host, ResourceType.Endpoints).Names);
        Assert.Equal(["fairlead"], TypeOf(host, ResourceType.Route).Names);
        Assert.Equal(1, await envoy.StatAsync("control_plane.connected_state", Cancellation));
    }

    private static TypeStatus TypeOf(AdsHost host, ResourceType type)
    {
        return host.Service.Streams().Single().Types.Single(status => status.Type == type);
    }

    private static async Task<EnvoyProcess> StartAsync(AdsHost host)
    {
        if (EnvoyBinary.Path is not { } program)
        {
            Assert.Skip(EnvoyBinary.Reason);
            return null;
        }

        return await EnvoyProcess.StartAsync(program, host.Socket, Cancellation);
    }

    private static async Task<EnvoyProcess> StartServedAsync(AdsHost host, int port)
    {
        var routes = Routes("fairlead", Name);
        host.Publish(Cluster(Name), Endpoints(Name, port), routes);
        var envoy = await StartAsync(host);
        await host.AckOfAsync(routes);
        await ServesAsync(envoy, HttpStatusCode.OK, "one");
        return envoy;
    }

    private static Task ServesAsync(EnvoyProcess envoy, HttpStatusCode status, string body)
    {
        return Eventually.HoldsAsync(
            () => TryGetAsync(envoy), answer => answer == (status, body), Bound, Cancellation);
    }

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
