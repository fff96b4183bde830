using System.Net;
using System.Net.Sockets;
using Fairlead.Sidecar.Dns;
using Fairlead.Sidecar.Hosting;
using Fairlead.Sidecar.Proxy;
using Fairlead.Sidecar.Tests.Dns;
using Fairlead.Sidecar.Tests.Proxy;
using Microsoft.AspNetCore.Http;

namespace Fairlead.Sidecar.Tests.Hosting;

/// <summary>A pod without an Envoy: proxy and DNS of a whole sidecar against eight real anchors, by real
/// sockets.</summary>
public sealed class PodServicesTests(TwoClusters clusters) : IClassFixture<TwoClusters>
{
    private const int BackendPort = 18080; // as TwoClusters publishes
    private const string Nobody = "nobody.shop.svc.us1.internal";
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);
    private static readonly HttpClient Http = new(new SocketsHttpHandler { UseProxy = false }) { Timeout = Patience };

    [Fact]
    public async Task Proxy_AKnownNameAndAnUnknownOne_ReachesTheBackendAndSaysAbsent()
    {
        using var bounded = Bounded();
        var (web, backend) = await PublishAsync("web", 11, Backend.EchoAsync);
        await using var _ = backend;
        await using var host = await StartAsync("proxied");
        using var response = await GetAsync(host.Pod.Proxy!.Http1, web, bounded.Token);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        var echoed = await response.Content.ReadAsStringAsync(bounded.Token);
        Assert.Contains($"Host: {web}", echoed, StringComparison.Ordinal);
        Assert.Equal(1, backend.Requests);
        using var absent = await GetAsync(host.Pod.Proxy!.Http1, Nobody, bounded.Token);
        await ProxyWorld.IsProblemAsync(absent, 404, "absent");
        Assert.Contains($" proxy={host.Pod.Proxy.Http1},", host.Addresses, StringComparison.Ordinal);
        Assert.Contains($" dns={host.Pod.Dns!.Server.Address}", host.Addresses, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Dns_AnswersWithAnAddress_WhereTheServicesOwnPortReachesIt()
    {
        PodFixtures.SkipWithoutLowPorts();
        using var bounded = Bounded();
        var (web, backend) = await PublishAsync("vip", 12, Backend.EchoAsync);
        await using var _ = backend;
        await using var host = await StartAsync("vip", "state: kept");
        var answer = await AskAsync(host, web, bounded.Token);
        Assert.Equal(DnsRcode.NoError, answer.Rcode);
        var vip = new IPAddress(Assert.Single(answer.Answers).Data.Span);
        Assert.True(VipRange.TryParse(PodFixtures.Range, out var range) && range.Contains(vip));
        using var response = await GetAsync(new IPEndPoint(vip, 80), web, bounded.Token);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal(1, backend.Requests);
        Assert.True(File.Exists(Path.Combine(clusters.Folder, "vip", "kept", "vips.state")));

        var absent = await AskAsync(host, Nobody, bounded.Token);
        var (_, page) = await TwoClusters.GetTextAsync(host.Admin.Metrics, "metrics");
        Assert.Contains("fairlead_sidecar_dns_answers_total{rcode=\"NXDOMAIN\"} 1\n", page, StringComparison.Ordinal);
        Assert.Equal(DnsRcode.NXDomain, absent.Rcode);
        Assert.Equal(DnsType.SOA, Assert.Single(absent.Authorities).Type);
        Assert.Equal(Resolver.NameState.Absent, host.Resolver.Names.Single(name => name.Name == Nobody).State);
    }

    [Fact]
    public async Task Dns_WhereThePortIsAnothers_FailsAndSaysWhy()
    {
        PodFixtures.SkipWithoutLowPorts();
        using var bounded = Bounded();
        var (name, backend) = await PublishAsync("taken", 13, Backend.EchoAsync);
        await using var _ = backend;
        Assert.True(VipRange.TryParse(PodFixtures.Range, out var range));
        var vip = new IPEndPoint(range.At(range.Start(name)), 80);
        await using var host = await StartAsync("taken");
        using (var taken = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp))
        {
            taken.Bind(vip);
            taken.Listen();
            var failed = await AskAsync(host, name, bounded.Token);
            Assert.Equal(DnsRcode.ServFail, failed.Rcode);
            Assert.Contains(
                $"cannot listen at {vip}", Assert.Single(failed.Edns!.Errors).Text, StringComparison.Ordinal);
        }

        Assert.Equal(DnsRcode.NoError, (await AskAsync(host, name, bounded.Token)).Rcode);
    }

    [Fact]
    public async Task Dns_WithoutTheProxy_SaysThatItIsOff()
    {
        using var bounded = Bounded();
        await using var host = await StartAsync("dns-only", "proxy: {enabled: false}");
        Assert.Null(host.Pod.Proxy);
        var failed = await AskAsync(host, TwoClusters.Checkout, bounded.Token);
        Assert.Equal(DnsRcode.ServFail, failed.Rcode);
        Assert.Contains("the proxy is off", Assert.Single(failed.Edns!.Errors).Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Name_ThatDnsStillWants_OutlivesTheXdsClientThatLeft()
    {
        using var bounded = Bounded();
        await clusters.PublishAsync("shared.shop.svc", "127.0.4.2");
        const string name = "shared.shop.svc.us1.internal";
        await using var host = await StartAsync("shared");
        await AskAsync(host, name, bounded.Token, DnsType.TXT);
        await using (var client = new XdsClient($"http://{host.Server.Endpoints[1].Address}", bounded.Token))
        {
            await client.AskAsync(XdsClient.Clusters, name + ":80");
            Assert.Equal(name + ":80", Assert.Single(await client.ClustersAsync(bounded.Token)).Name);
        }

        while (host.Ads.Streams().Count > 0)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(10), TimeProvider.System, bounded.Token);
        }

        // The resolver takes words in their order: once it has answered a later one, it has heard the client's.
        await AskAsync(host, "later.shop.svc.us1.internal", bounded.Token);
        Assert.Contains(host.Resolver.Names, held => held.Name == name);
    }

    [Fact]
    public async Task End_WithARequestUnderWay_WaitsForItAndIsNotReadyMeanwhile()
    {
        using var bounded = Bounded();
        var (arrived, release) = (new TaskCompletionSource(), new TaskCompletionSource());
        var (slow, backend) = await PublishAsync("slow", 14, async context =>
        {
            arrived.TrySetResult();
            await release.Task;
            await context.Response.WriteAsync("done");
        });
        await using var _ = backend;
        var host = await StartAsync("drained");
        await host.Ready.WaitAsync(bounded.Token);
        Assert.Equal(200, (await TwoClusters.GetAsync(host.Admin.Metrics, "ready")).Status);
        var request = GetAsync(host.Pod.Proxy!.Http1, slow, bounded.Token);
        await arrived.Task.WaitAsync(bounded.Token);
        var ending = host.DisposeAsync().AsTask();
        var (status, page) = await TwoClusters.GetAsync(host.Admin.Metrics, "ready");
        Assert.Equal(503, status);
        Assert.Equal("draining", (string?)page!["pending"]![0]);
        Assert.False(ending.IsCompleted);
        release.SetResult();
        using var response = await request;
        Assert.Equal("done", await response.Content.ReadAsStringAsync(bounded.Token));
        await ending.WaitAsync(bounded.Token);

        // The last export is made now, and the request is in it.
        var numbers = Fairlead.Sidecar.Admin.MetricsPage.Of(host).Metrics;
        Assert.Contains(("ok", 1), numbers.Single(one => one.Name == "fairlead_sidecar_proxy_requests_total").Samples);
        Assert.Empty(numbers.Single(one => one.Name == "fairlead_sidecar_dns_answers_total").Samples);
        await Assert.ThrowsAsync<HttpRequestException>(() => TwoClusters.GetAsync(host.Admin.Metrics, "ready"));
    }

    [Fact]
    public async Task Sidecar_ToldOfNeither_HasNeither()
    {
        await using var host = await TwoClusters.StartAsync(clusters.Configure("neither"));
        Assert.Null(host.Pod.Proxy);
        Assert.Null(host.Pod.Dns);
        Assert.Empty(host.Pod.Pending);
        Assert.DoesNotContain("proxy=", host.Addresses, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Parts_ThatDoNotListenYet_ArePendingByName()
    {
        var options = SidecarOptions.Load(
            clusters.Configure("unstarted", Lines), new Dictionary<string, string>());
        using var setup = ResolverSetup.Read(
            options, TimeProvider.System, new Random(1),
            Microsoft.Extensions.Logging.Abstractions.NullLogger.Instance);
        var services = new PodServices(
            options, setup.Options, (_, _) => { }, _ => { },
            (TimeProvider.System, new Random(1), Microsoft.Extensions.Logging.Abstractions.NullLoggerFactory.Instance));
        await using var _ = services;
        Assert.Equal(
            ["proxy: not listening at 127.0.0.1:0 and 127.0.0.1:0", "dns: not listening at 127.0.0.1:0"],
            services.Pending);
        await services.StartAsync(TestContext.Current.CancellationToken);
        Assert.Empty(services.Pending);
    }

    private static string[] Lines =>
    [
        "proxy: {http: 127.0.0.1:0, h2c: 127.0.0.1:0}",
        $"dns: {{address: 127.0.0.1:0, upstreams: [], zones: [us1.internal], vip_cidr: {PodFixtures.Range}}}",
    ];

    private Task<SidecarHost> StartAsync(string name, params string[] lines) =>
        TwoClusters.StartAsync(clusters.Configure(name, [.. Lines, .. lines]));

    private async Task<(string Name, Backend Backend)> PublishAsync(
        string service, byte address, RequestDelegate answer)
    {
        var at = PodFixtures.Address(address);
        var backend = await Backend.StartAsync(answer, at: new IPEndPoint(at, BackendPort));
        await clusters.PublishAsync($"{service}.shop.svc", at.ToString());
        return ($"{service}.shop.svc.us1.internal", backend);
    }

    /// <summary>As a client does, it asks again where the first traversal took longer than the proxy waits.</summary>
    internal static async Task<HttpResponseMessage> GetAsync(
        IPEndPoint at, string host, CancellationToken cancellationToken)
    {
        while (true)
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, $"http://{at}/");
            request.Headers.Host = host;
            var response = await Http.SendAsync(request, cancellationToken);
            if (!response.Headers.TryGetValues(ProxyReason.Header, out var reasons)
                || !reasons.Contains(ProxyReason.Pending))
            {
                return response;
            }

            response.Dispose();
        }
    }

    /// <summary>As a stub resolver does, it asks again where the first traversal, or the proxy, took longer than DNS
    /// waits.</summary>
    internal static async Task<DnsMessage> AskAsync(
        SidecarHost host, string name, CancellationToken cancellationToken, DnsType type = DnsType.A)
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        await socket.ConnectAsync(host.Pod.Dns!.Server.Address, cancellationToken);
        var buffer = new byte[ushort.MaxValue];
        while (true)
        {
            await socket.SendAsync(DnsWriter.Write(ForwarderTests.Query(name, 1232, type), 512), cancellationToken);
            var length = await socket.ReceiveAsync(buffer, cancellationToken);
            Assert.True(DnsReader.TryRead(buffer.AsSpan(0, length), out var message));
            if (message.Edns?.Errors is not [var error, ..] || (error.Code != ExtendedErrorCode.NotReady
                && !error.Text.StartsWith("nothing listens at ", StringComparison.Ordinal)))
            {
                return message;
            }
        }
    }

    private static CancellationTokenSource Bounded()
    {
        var bounded = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        bounded.CancelAfter(Patience);
        return bounded;
    }
}
