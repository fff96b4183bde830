using System.Collections.Immutable;
using System.Diagnostics;
using System.Net;
using Fairlead.Identities;
using Fairlead.Sidecar.Proxy;
using Fairlead.Sidecar.Proxy.Services;
using Fairlead.Sidecar.Translation;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Yarp.ReverseProxy.Configuration;

namespace Fairlead.Bench;

/// <summary>
/// The HTTP proxy beside a plain YARP with the same four endpoints, in turns and in one process, so that both have the
/// same client, endpoints and machine. Requests are small: it is the cost of a request that differs, not that of bytes.
/// </summary>
internal static class ProxyBenchmarks
{
    private const string Name = "checkout.shop.svc.us1.internal";
    private const int Rounds = 6;
    private const int Clients = 16;
    private const int RequestsOfAClient = 250;
    private const int SingleRequests = 1000;

    public static IReadOnlyList<Benchmark> All { get; } = [new("proxy", RunAsync)];

    private static async Task<IReadOnlyList<BenchRow>> RunAsync(CancellationToken cancellationToken)
    {
        var endpoints = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => StartAsync(
            _ => { }, application => application.Run(AnswerAsync))));
        var plain = await StartAsync(
            services => services.AddReverseProxy().LoadFromMemory([Route()], [Cluster(endpoints)]),
            application =>
            {
                application.UseRouting();
                application.MapReverseProxy();
            });
        await using var proxy = await ProxyAsync(endpoints, cancellationToken);
        try
        {
            var ours = new Contender($"http://{proxy.Http1}/item?id=1");
            var theirs = new Contender($"http://127.0.0.1:{plain.Port}/item?id=1");
            for (var round = 0; round <= Rounds; round++)
            {
                // Who begins changes with each round; the first one warms up and does not count.
                foreach (var one in round % 2 == 0 ? [ours, theirs] : new[] { theirs, ours })
                {
                    await one.RunAsync(counts: round > 0, cancellationToken);
                }
            }

            return
            [
                new("proxy, 16 clients", ours.PerSecond, "req/s"),
                new("plain YARP, 16 clients", theirs.PerSecond, "req/s"),
                new("proxy / plain YARP, time of a request, 16 clients", theirs.PerSecond / ours.PerSecond, "ratio"),
                .. ours.Single.Rows("proxy, one client"),
                .. theirs.Single.Rows("plain YARP, one client"),
                new(
                    "proxy / plain YARP, p50, one client",
                    ours.Single.Milliseconds(50) / theirs.Single.Milliseconds(50),
                    "ratio"),
            ];
        }
        finally
        {
            foreach (var server in endpoints.Append(plain))
            {
                await server.Application.DisposeAsync();
            }
        }
    }

    private static async Task<ProxyServer> ProxyAsync(
        IEnumerable<Server> endpoints, CancellationToken cancellationToken)
    {
        var any = new IPEndPoint(IPAddress.Loopback, 0);
        var service = new ProxiedService(
            Name,
            ServiceStatus.Served,
            "fresh",
            [new ServedPort("http", 80, "http")],
            [.. endpoints.Select(
                one => new ProxiedEndpoint("127.0.0.1", [one.Port], "", "", 1, 0, EndpointReadiness.Ready, []))],
            ImmutableDictionary<string, TrustBundle>.Empty,
            new ProxyProvenance("us1.internal", 1, 1, 1),
            IsStrict: false);
        return await ProxyServer.StartAsync(
            new ProxyOptions { Http1 = any, Http2 = any }, _ => service, (_, _) => { },
            TimeProvider.System, new Random(1), NullLoggerFactory.Instance, cancellationToken);
    }

    private static RouteConfig Route() => new()
    {
        RouteId = "all",
        ClusterId = "all",
        Match = new RouteMatch { Path = "{**all}" },
    };

    private static ClusterConfig Cluster(IEnumerable<Server> endpoints) => new()
    {
        ClusterId = "all",
        LoadBalancingPolicy = "PowerOfTwoChoices",
        Destinations = endpoints.ToDictionary(
            one => $"{one.Port}", one => new DestinationConfig { Address = $"http://127.0.0.1:{one.Port}" }),
        HttpRequest = new Yarp.ReverseProxy.Forwarder.ForwarderRequestConfig
        {
            Version = HttpVersion.Version11,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
        },
    };

    private static async Task<Server> StartAsync(Action<IServiceCollection> services, Action<WebApplication> pipeline)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.Logging.ClearProviders();
        builder.Services.AddRouting();
        services(builder.Services);
        builder.WebHost.UseKestrelCore();
        builder.WebHost.ConfigureKestrel(kestrel =>
            kestrel.Listen(IPAddress.Loopback, 0, listen => listen.Protocols = HttpProtocols.Http1));
        var application = builder.Build();
        pipeline(application);
        await application.StartAsync();
        var address = application.Services.GetRequiredService<IServer>().Features
            .GetRequiredFeature<IServerAddressesFeature>().Addresses.Single();
        return new Server(application, new Uri(address).Port);
    }

    private static Task AnswerAsync(HttpContext context) =>
        context.Response.WriteAsync("{\"id\":1,\"price\":\"12.50\"}");

    private sealed record Server(WebApplication Application, int Port);

    private sealed class Contender(string url)
    {
        private readonly HttpMessageInvoker _client = new(new SocketsHttpHandler { UseProxy = false });
        private double _seconds;
        private long _requests;

        public Latencies Single { get; } = new(Rounds * SingleRequests);

        public double PerSecond => _requests / _seconds;

        public async Task RunAsync(bool counts, CancellationToken cancellationToken)
        {
            var started = Stopwatch.GetTimestamp();
            await Task.WhenAll(Enumerable.Range(0, Clients).Select(_ => Task.Run(
                async () =>
                {
                    for (var i = 0; i < RequestsOfAClient; i++)
                    {
                        await AskAsync(cancellationToken);
                    }
                },
                cancellationToken)));
            var took = Stopwatch.GetElapsedTime(started).TotalSeconds;
            for (var i = 0; i < SingleRequests; i++)
            {
                await (counts ? Single.MeasureAsync(() => AskAsync(cancellationToken)) : AskAsync(cancellationToken));
            }

            if (counts)
            {
                (_seconds, _requests) = (_seconds + took, _requests + (Clients * RequestsOfAClient));
            }
        }

        private async Task AskAsync(CancellationToken cancellationToken)
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, url);
            request.Headers.Host = Name;
            using var response = await _client.SendAsync(request, cancellationToken);
            response.EnsureSuccessStatusCode();
            await response.Content.ReadAsByteArrayAsync(cancellationToken);
        }
    }
}
