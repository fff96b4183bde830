using System.Collections.Concurrent;
using System.Text.Json.Nodes;
using Fairlead.EnvoyApi.Listeners;
using Fairlead.Rpc;
using Fairlead.Sidecar.Translation;
using Fairlead.TestKit.Processes;
using Grpc.Health.V1;
using Status = Fairlead.EnvoyApi.Rpc.Status;

namespace Fairlead.Sidecar.Tests.Hosting;

/// <summary>A whole sidecar against eight real anchors: first contact to endpoints at clients, and what operators
/// see.</summary>
public sealed class SidecarHostTests(TwoClusters clusters) : IClassFixture<TwoClusters>
{
    private const string Cluster = TwoClusters.Checkout + ":80";
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);

    [Fact]
    public async Task Import_OverTheUnixSocketAndLoopback_IsServedToBoth()
    {
        using var bounded = Bounded();
        await using var host = await TwoClusters.StartAsync(clusters.Configure("served"));
        var socket = Path.Combine(clusters.Folder, "served", "xds.sock");
        foreach (var target in new[] { $"unix:{socket}", $"http://{host.Server.Endpoints[1].Address}" })
        {
            await using var client = new XdsClient(target, bounded.Token);
            await client.AskAsync(XdsClient.Clusters);
            Assert.Equal(Cluster, Assert.Single(await client.ClustersAsync(bounded.Token)).Name);
            await client.AskAsync(XdsClient.Endpoints, Cluster);
            Assert.Equal(
                ["127.0.2.1", "127.0.2.2"],
                await client.EndpointsAsync(Cluster, addresses => addresses.Count == 2, bounded.Token));
        }

        await host.Ready.WaitAsync(bounded.Token);

        // Anchors that are late, as on a machine under load, or have nothing yet are no more than that.
        Assert.Empty(host.Resolver.Troubles.Newest.Where(trouble =>
            trouble.Refusal.Failure is Naming.VerificationFailure.TransportKeyMismatch
            || (trouble.Refusal.Failure is not Naming.VerificationFailure.NoFreshHead
                && Resolver.FailureKinds.Of(trouble.Refusal) != Resolver.FailureKind.Transport)));
    }

    /// <summary>A user's must not be the first request of the Envoy's life: the sidecar is not ready before its own has
    /// an answer, be it that there is no such service, and before the Envoy has asked on demand for it.</summary>
    [Fact]
    public async Task FirstRequest_ThroughTheEnvoy_IsAnsweredBeforeItIsReady()
    {
        using var bounded = Bounded();
        var asked = new TaskCompletionSource<string>(TaskCreationOptions.RunContinuationsAsynchronously);
        var answer = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var envoy = await Proxy.Backend.StartAsync(async context =>
        {
            asked.TrySetResult(context.Request.Host.Value!);
            await answer.Task;
            context.Response.StatusCode = 503;
        });
        var xds = $"xds: {{socket: {Path.Combine(clusters.Folder, "first.sock")}, address: 127.0.0.1:0, "
            + $"on_demand: {{first_request: 127.0.0.1:{envoy.Port}}}}}";
        await using var host = await TwoClusters.StartAsync(clusters.Configure("first", xds));
        Assert.Equal("first-request.fairlead.svc.us1.internal", await asked.Task.WaitAsync(bounded.Token));
        await Task.WhenAll(host.Resolver.HomeMet, host.Views.Settled).WaitAsync(bounded.Token);
        Assert.False(host.Ready.IsCompleted);
        var (status, page) = await TwoClusters.GetAsync(host.Admin.Metrics, "ready");
        Assert.Equal(503, status);
        Assert.Contains("envoy: no answer from ", page!["pending"]!.ToJsonString(), StringComparison.Ordinal);
        answer.SetResult();
        await Eventually.HoldsAsync(
            async () => (await TwoClusters.GetAsync(host.Admin.Metrics, "ready")).Page!["pending"]!.ToJsonString(),
            said => said.Contains("itself, and asks for nothing on demand", StringComparison.Ordinal),
            Patience, bounded.Token);
        Assert.False(host.Ready.IsCompleted);
        await using var stream = new DeltaCall(host, "cluster", bounded.Token);
        await stream.AskAsync(ClusterNames.Glob);
        await stream.NextAsync();
        await host.Ready.WaitAsync(bounded.Token);
        Assert.Equal(200, (await TwoClusters.GetAsync(host.Admin.Metrics, "ready")).Status);
    }

    /// <summary>A pod that uses names only as it needs them has none in its configuration that tells what its Envoy
    /// routes on demand: the operator says it.</summary>
    [Fact]
    public async Task FirstRequest_OfThisHost_IsForNoOther()
    {
        using var bounded = Bounded();
        var asked = new ConcurrentQueue<string>();
        var again = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var envoy = await Proxy.Backend.StartAsync(context =>
        {
            asked.Enqueue(context.Request.Host.Value!);
            if (asked.Count > 2)
            {
                again.TrySetResult();
            }

            context.Response.StatusCode = 404;
            return Task.CompletedTask;
        });
        var xds = $"xds: {{socket: {Path.Combine(clusters.Folder, "host.sock")}, address: 127.0.0.1:0, "
            + $"on_demand: {{first_request: 127.0.0.1:{envoy.Port}, first_request_host: any.shop.svc.us9.internal}}}}";
        await using var host = await TwoClusters.StartAsync(clusters.Configure("host", xds));
        await again.Task.WaitAsync(bounded.Token);
        Assert.All(asked, name => Assert.Equal("any.shop.svc.us9.internal", name));
        await using var stream = new DeltaCall(host, "cluster", bounded.Token);
        await stream.AskAsync("any.shop.svc.us9.internal:80");
        await host.Ready.WaitAsync(bounded.Token);
    }

    /// <summary>At the same address, whose authority here is no endpoint of the name.</summary>
    [Fact]
    public async Task Envoy_IsAnsweredWhetherConnectionsMayGoOn()
    {
        using var bounded = Bounded();
        await using var host = await TwoClusters.StartAsync(clusters.Configure("asked"));
        await host.Ready.WaitAsync(bounded.Token);
        await using var channel = new RpcChannel($"http://{host.Server.Endpoints[1].Address}");
        foreach (var (service, expected) in new[] { ("", "Serving"), (Cluster, "NotServing"), ("a:b:c", "NotServing") })
        {
            var answer = await channel.CreateCallInvoker().AsyncUnaryCall(
                HealthService.CheckMethod, null, new CallOptions(cancellationToken: bounded.Token),
                new HealthCheckRequest { Service = service });
            Assert.Equal(expected, answer.Status.ToString());
        }
    }

    [Fact]
    public async Task Admin_Names_HasExactlyTheFieldsThatUsersRead()
    {
        using var bounded = Bounded();
        await using var host = await TwoClusters.StartAsync(clusters.Configure("names"));
        await host.Ready.WaitAsync(bounded.Token);
        var (status, page) = await TwoClusters.GetAsync(host.Admin.Admin, "names");
        Assert.Equal(200, status);
        var name = Assert.Single(page!.AsArray())!.AsObject();
        Assert.Equal(
            [
                "name", "state", "path", "epoch", "seal", "signers", "age_ms", "ttl_ms", "bound", "stale_ms", "failure",
                "introductions", "members", "anchor", "bounded", "unbounded", "left_out",
            ],
            name.Select(field => field.Key));
        Assert.Equal(TwoClusters.Checkout, (string?)name["name"]);
        Assert.Equal("fresh", (string?)name["state"]);
        Assert.Equal(["eu1.internal", "us1.internal"], name["path"]!.AsArray().Select(hop => (string?)hop));
        Assert.Equal(1, (long?)name["epoch"]);
        Assert.Equal(3, name["signers"]!.AsArray().Count);
        Assert.InRange((long)name["ttl_ms"]!, 1, 15_000);
        Assert.Equal("seal", (string?)name["bound"]);
    }

    /// <summary>Of two Envoys, one of which takes everything and one refuses its clusters.</summary>
    [Fact]
    public async Task Admin_Clients_TellsOfEachWhatItAskedForWasSentTookAndRefused()
    {
        using var bounded = Bounded();
        await using var host = await TwoClusters.StartAsync(clusters.Configure("clients"));
        await host.Ready.WaitAsync(bounded.Token);
        var target = $"http://{host.Server.Endpoints[1].Address}";
        await using var taking = new XdsClient(target, bounded.Token, node: "taking");
        await taking.AskAsync(XdsClient.Clusters);
        await taking.ClustersAsync(bounded.Token);
        await using var refusing = new XdsClient(target, bounded.Token, node: "refusing");
        await refusing.AskAsync(XdsClient.Clusters);
        await refusing.NextAsync<EnvoyApi.Clusters.Cluster>(
            XdsClient.Clusters, bounded.Token, new Status { Code = 3, Message = "no such load balancer" });
        await refusing.AskAsync(XdsClient.Endpoints, Cluster);
        await refusing.EndpointsAsync(Cluster, addresses => addresses.Count == 2, bounded.Token);
        await UntilAsync(
            () => host.Ads.Streams().SelectMany(stream => stream.Types).ToList() is var types
                && types.Count(type => type.AckedVersion.Length > 0) == 2
                && types.Exists(type => type.Refused is not null)
                && types.TrueForAll(type => type.Refused is not null || type.AckedVersion == type.SentVersion),
            bounded.Token);

        var (_, page) = await TwoClusters.GetAsync(host.Admin.Admin, "clients");
        var told = page!.AsArray().ToDictionary(one => (string)one!["node"]!, one => one!["types"]!);
        Assert.Equal(["refusing", "taking"], told.Keys.Order(StringComparer.Ordinal));
        Assert.Equal(["cds"], told["taking"].AsObject().Select(type => type.Key));
        var version = taking.Versions[XdsClient.Clusters];
        AssertTold(told["taking"]["cds"]!, [], sent: version, acknowledged: version, refused: null);
        version = refusing.Versions[XdsClient.Clusters];
        AssertTold(told["refusing"]["cds"]!, [], version, "", $"{version} 3 no such load balancer");
        Assert.Equal([Cluster], told["refusing"]["cds"]!["refused_names"]!.AsArray().Select(one => (string?)one));
        version = refusing.Versions[XdsClient.Endpoints];
        AssertTold(told["refusing"]["eds"]!, [Cluster], version, version, refused: null);
    }

    [Fact]
    public async Task ReadinessPort_TellsReadinessAndMetricsAndNothingOfNames()
    {
        using var bounded = Bounded();
        await using var host = await TwoClusters.StartAsync(clusters.Configure("metrics"));
        await host.Ready.WaitAsync(bounded.Token);
        Assert.Equal(200, (await TwoClusters.GetAsync(host.Admin.Metrics, "ready")).Status);
        Assert.Equal(200, (await TwoClusters.GetAsync(host.Admin.Admin, "ready")).Status);
        foreach (var page in new[] { "names", "clients", "refusals" })
        {
            Assert.Equal(404, (await TwoClusters.GetAsync(host.Admin.Metrics, page)).Status);
            Assert.Equal(200, (await TwoClusters.GetAsync(host.Admin.Admin, page)).Status);
        }

        var (status, metrics) = await TwoClusters.GetTextAsync(host.Admin.Metrics, "metrics");
        Assert.Equal(200, status);
        Assert.Contains("fairlead_sidecar_names{state=\"fresh\"} 1\n", metrics, StringComparison.Ordinal);
        Assert.Contains("fairlead_sidecar_ready 1\n", metrics, StringComparison.Ordinal);
        Assert.DoesNotContain("checkout", metrics, StringComparison.Ordinal);
    }

    /// <summary>As any pod could open them.</summary>
    [Fact]
    public async Task ReadinessPort_FullOfSilentConnections_AnswersAndLeavesTheAdminPortAlone()
    {
        using var bounded = Bounded();
        await using var host = await TwoClusters.StartAsync(clusters.Configure("crowd"));
        await host.Ready.WaitAsync(bounded.Token);
        using var kept = new System.Net.Sockets.TcpClient();
        await kept.ConnectAsync(host.Admin.Admin, bounded.Token);
        var silent = new List<System.Net.Sockets.TcpClient>();
        try
        {
            for (var i = 0; i < 300; i++)
            {
                silent.Add(new System.Net.Sockets.TcpClient());
                await silent[i].ConnectAsync(host.Admin.Metrics, bounded.Token);
            }

            try
            {
                Assert.Equal(0, await silent[0].GetStream().ReadAsync(new byte[1], bounded.Token));
            }
            catch (IOException)
            {
                // Cut off rather than closed.
            }

            Assert.Equal(200, (await TwoClusters.GetAsync(host.Admin.Metrics, "ready")).Status);
            Assert.Equal(200, (await TwoClusters.GetAsync(host.Admin.Admin, "ready")).Status);
            await kept.GetStream().WriteAsync("GET /ready HTTP/1.1\r\nHost: a\r\n\r\n"u8.ToArray(), bounded.Token);
            Assert.NotEqual(0, await kept.GetStream().ReadAsync(new byte[1], bounded.Token));
        }
        finally
        {
            silent.ForEach(client => client.Dispose());
        }
    }

    [Fact]
    public async Task Listeners_EveryOneForEnvoyIsNone_ByNameTheyServeGrpc()
    {
        using var bounded = Bounded();
        await using var host = await TwoClusters.StartAsync(clusters.Configure("listeners"));
        await host.Ready.WaitAsync(bounded.Token);
        var target = $"http://{host.Server.Endpoints[1].Address}";
        await using (var envoy = new XdsClient(target, bounded.Token))
        {
            await envoy.AskAsync(XdsClient.Listeners);
            Assert.Empty(await envoy.NextAsync<Listener>(XdsClient.Listeners, bounded.Token));
        }

        await using var grpc = new XdsClient(target, bounded.Token, "gRPC C-core linux Python");
        await grpc.AskAsync(XdsClient.Listeners, TwoClusters.Checkout);
        var listener = Assert.Single(await grpc.NextAsync<Listener>(XdsClient.Listeners, bounded.Token));
        Assert.Equal(TwoClusters.Checkout, listener.Name);
        Assert.NotNull(listener.ApiListener);
    }

    [Fact]
    public async Task OnDemandName_ThatNobodyAsksForAnyMore_IsForgotten()
    {
        using var bounded = Bounded();
        await clusters.PublishAsync("ondemand.shop.svc", "127.0.4.1");
        await using var host = await TwoClusters.StartAsync(clusters.Configure("ondemand"));
        const string name = "ondemand.shop.svc.us1.internal";
        await using (var client = new XdsClient($"http://{host.Server.Endpoints[1].Address}", bounded.Token))
        {
            await client.AskAsync(XdsClient.Clusters, name + ":80");
            Assert.Equal(name + ":80", Assert.Single(await client.ClustersAsync(bounded.Token)).Name);
            await UntilAsync(() => host.Resolver.Names.Any(held => held.Name == name), bounded.Token);
        }

        await UntilAsync(() => host.Resolver.Names.All(held => held.Name != name), bounded.Token);
        await host.Ready.WaitAsync(bounded.Token);
        Assert.Equal(TwoClusters.Checkout, Assert.Single(host.Resolver.Names).Name);
    }

    [Fact]
    public async Task Record_ThatIsWithdrawn_LeavesItsClusterEmptyAndComesBack()
    {
        using var bounded = Bounded();
        await clusters.PublishAsync("cart.shop.svc", "127.0.3.1");
        const string cluster = "cart.shop.svc.us1.internal:80";
        await using var host = await TwoClusters.StartAsync(
            clusters.Configure("withdrawn", "imports: [cart.shop.svc.us1.internal]"));
        await using var client = new XdsClient($"http://{host.Server.Endpoints[1].Address}", bounded.Token);
        await client.AskAsync(XdsClient.Clusters);
        Assert.Equal(cluster, Assert.Single(await client.ClustersAsync(bounded.Token)).Name);
        await client.AskAsync(XdsClient.Endpoints, cluster);
        await client.EndpointsAsync(cluster, addresses => addresses.Count == 1, bounded.Token);

        await clusters.WithdrawAsync("cart.shop.svc");
        await client.EndpointsAsync(cluster, addresses => addresses.Count == 0, bounded.Token);
        await UntilAsync(
            () => host.Views.Open(Xds.ClientNode.Anonymous, null).Current.Wildcard(Xds.ResourceType.Cluster).Contains(
                cluster), bounded.Token);
        Assert.Equal(Resolver.NameState.Absent, host.Resolver.Names[0].State);

        await clusters.PublishAsync("cart.shop.svc", "127.0.3.2");
        Assert.Equal(["127.0.3.2"], await client.EndpointsAsync(
            cluster, addresses => addresses.Count == 1, bounded.Token));
    }

    [Fact]
    public async Task FirstAnchor_ThatStopsAndComesBack_FailsNobodyAndIsUsedAgain()
    {
        using var bounded = Bounded();
        await using var host = await TwoClusters.StartAsync(clusters.Configure("stopped"));
        await host.Ready.WaitAsync(bounded.Token);
        await clusters.Home.StopAsync(0);

        // Of another one there may be troubles for reasons of its own.
        var gone = $"127.0.0.1:{clusters.Home.Ports[0]}";
        await UntilAsync(() => host.Resolver.Troubles.Newest.Any(trouble => trouble.Anchor == gone), bounded.Token);
        await clusters.Home.StartAsync(0);
        await UntilAsync(
            () => host.Resolver.Names[0].State == Resolver.NameState.Fresh
                && host.Resolver.AnchorOf(TwoClusters.Checkout) == gone,
            bounded.Token);
    }

    [Fact]
    public async Task State_OverARestart_IsKeptAndServedAtOnce()
    {
        using var bounded = Bounded();
        var bootstrap = await File.ReadAllTextAsync(clusters.Bootstrap, bounded.Token);
        var lone = Path.Combine(clusters.Folder, "restart-lone.json");
        await File.WriteAllTextAsync(
            lone,
            Enumerable.Range(0, 4).Aggregate(bootstrap, (text, index) => text.Replace(
                $":{clusters.Home.Ports[index]}\"", $":{index + 1}\"", StringComparison.Ordinal)),
            bounded.Token);

        // Where no anchor answers, what is served is what was kept.
        await using (var without = await TwoClusters.StartAsync(
            clusters.Configure("restart-without", $"bootstrap: {lone}")))
        {
            Assert.False(without.Views.Open(Xds.ClientNode.Anonymous, null).Current.Primed);
        }

        await using (var host = await TwoClusters.StartAsync(clusters.Configure("restart", "state: kept")))
        {
            await host.Ready.WaitAsync(bounded.Token);
        }

        await using (var again = await TwoClusters.StartAsync(
            clusters.Configure("restart", "state: kept", $"bootstrap: {lone}")))
        {
            Assert.True(again.Views.Open(Xds.ClientNode.Anonymous, null).Current.Primed);
            Assert.NotNull(again.Resolver.Memory.State.HomeState!.Seal);
        }

        await using var last = await TwoClusters.StartAsync(clusters.Configure("restart", "state: kept"));
        await last.Ready.WaitAsync(bounded.Token);
    }

    [Fact]
    public async Task Streams_WhenItEnds_AreToldThatTheServerStops()
    {
        using var bounded = Bounded();
        var host = await TwoClusters.StartAsync(clusters.Configure("ends"));
        await using var client = new XdsClient($"http://{host.Server.Endpoints[1].Address}", bounded.Token);
        await client.AskAsync(XdsClient.Clusters);
        await client.ClustersAsync(bounded.Token);
        var next = client.ClustersAsync(bounded.Token);
        await host.DisposeAsync();
        var end = await Assert.ThrowsAsync<Rpc.RpcException>(() => next);
        Assert.Equal(Rpc.StatusCode.Unavailable, end.StatusCode);
    }

    [Fact]
    public async Task Loopback_WithoutTheUnsafeFlag_IsRefusedByName()
    {
        using var bounded = Bounded();
        var safe = Path.Combine(clusters.Folder, "safe.json");
        clusters.WriteBootstrap(safe, null, isUnsafe: false);
        await using var host = await TwoClusters.StartAsync(clusters.Configure("safe", $"bootstrap: {safe}"));
        await UntilAsync(
            () => host.Resolver.Troubles.Newest.Any(
                trouble => trouble.Refusal.Failure == Naming.VerificationFailure.AddressOutOfScope),
            bounded.Token);
        Assert.False(host.Ready.IsCompleted);
    }

    // Who asks for no name wants everything.
    private static void AssertTold(
        JsonNode type, string[] subscribed, string sent, string acknowledged, string? refused)
    {
        Assert.NotEqual("", sent);
        Assert.Equal(subscribed.Length == 0, (bool)type["wildcard"]!);
        Assert.Equal(subscribed, type["subscribed"]!.AsArray().Select(one => (string?)one));
        Assert.Equal((sent, acknowledged), ((string?)type["sent"], (string?)type["acknowledged"]));
        Assert.Equal(
            refused,
            type["refused"] is { } told ? $"{told["version"]} {(int?)told["code"]} {told["message"]}" : null);
    }

    private static CancellationTokenSource Bounded()
    {
        var bounded = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        bounded.CancelAfter(Patience);
        return bounded;
    }

    private static async Task UntilAsync(Func<bool> condition, CancellationToken cancellationToken)
    {
        while (!condition())
        {
            await Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System, cancellationToken);
        }
    }
}
