using System.Collections.Immutable;
using System.Globalization;
using System.Net;
using Fairlead.Identities;
using Fairlead.Sidecar.Proxy;
using Fairlead.Sidecar.Proxy.Services;
using Fairlead.Sidecar.Translation;
using Fairlead.TestKit.Processes;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Yarp.ReverseProxy.Configuration;
using Yarp.ReverseProxy.Forwarder;

namespace Fairlead.Bench;

/// <summary>
/// A process that is nothing but a proxy to endpoints on 127.0.0.1: the sidecar's, or a plain YARP. Prints where it
/// listens; ends with its stdin.
/// </summary>
internal static class ProxyProgram
{
    /// <summary>The argument that makes this program one: COMMAND KIND PORT,PORT.</summary>
    public const string Command = "--proxy";

    /// <summary>The sidecar's.</summary>
    public const string Fairlead = "fairlead";

    /// <summary>A plain YARP.</summary>
    public const string Yarp = "yarp";

    /// <summary>The name whose endpoints they are.</summary>
    public const string Name = "checkout.shop.svc.us1.internal";

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    /// <summary>Starts one in a process of its own.</summary>
    /// <returns>The process, and where it listens.</returns>
    public static async Task<(ChildProcess Process, string Listener)> StartAsync(
        string kind, IEnumerable<int> ports, CancellationToken cancellationToken)
    {
        var process = ChildProcess.Start(
            "dotnet", [typeof(ProxyProgram).Assembly.Location, Command, kind, string.Join(',', ports)]);
        try
        {
            return (process, await process.ReadLineAsync(Patience, cancellationToken));
        }
        catch
        {
            await process.DisposeAsync();
            throw;
        }
    }

    public static async Task<int> RunAsync(string kind, string list)
    {
        var ports = list.Split(',').Select(port => int.Parse(port, CultureInfo.InvariantCulture)).ToList();
        if (kind == Fairlead)
        {
            await using var proxy = await ProxyAsync(ports);
            await ServeAsync(proxy.Http1!.ToString());
        }
        else
        {
            await using var plain = await SmallServer.StartAsync(
                services => services.AddReverseProxy().LoadFromMemory([Route()], [Cluster(ports)]),
                application =>
                {
                    application.UseRouting();
                    application.MapReverseProxy();
                });
            await ServeAsync(plain.Listener);
        }

        return 0;
    }

    private static async Task ServeAsync(string listener)
    {
        await Console.Out.WriteLineAsync(listener);
        await Task.Run(Console.In.ReadToEnd); // A console has no asynchronous read.
    }

    private static Task<ProxyServer> ProxyAsync(List<int> ports)
    {
        var any = new IPEndPoint(IPAddress.Loopback, 0);
        var service = new ProxiedService(
            Name,
            ServiceStatus.Served,
            "fresh",
            [new ServedPort("http", 80, "http")],
            [.. ports.Select(
                port => new ProxiedEndpoint("127.0.0.1", [port], "", "", 1, 0, EndpointReadiness.Ready, []))],
            ImmutableDictionary<string, TrustBundle>.Empty,
            new ProxyProvenance("us1.internal", 1, 1, 1));
        return ProxyServer.StartAsync(
            new ProxyOptions { Http1 = any, Http2 = any }, _ => service, (_, _) => { }, _ => { },
            TimeProvider.System, new Random(1), NullLoggerFactory.Instance, CancellationToken.None);
    }

    private static RouteConfig Route() => new()
    {
        RouteId = "all",
        ClusterId = "all",
        Match = new RouteMatch { Path = "{**all}" },
    };

    private static ClusterConfig Cluster(IEnumerable<int> ports) => new()
    {
        ClusterId = "all",
        LoadBalancingPolicy = "PowerOfTwoChoices",
        Destinations = ports.ToDictionary(
            port => $"{port}", port => new DestinationConfig { Address = $"http://127.0.0.1:{port}" }),
        HttpRequest = new ForwarderRequestConfig
        {
            Version = HttpVersion.Version11,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
        },
    };
}
