using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace Fairlead.Bench;

/// <summary>
/// The HTTP proxy beside a plain YARP and beside a real Envoy, each in a process of its own, with the same four
/// endpoints and the same client, in turns. Requests are small: it is the cost of a request that differs, not that of
/// bytes.
/// </summary>
internal static class ProxyBenchmarks
{
    private const int Rounds = 6;

    public static IReadOnlyList<Benchmark> All { get; } = [new("proxy", RunAsync)];

    private static async Task<IReadOnlyList<BenchRow>> RunAsync(CancellationToken cancellationToken)
    {
        var endpoints = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => SmallServer.StartAsync(
            _ => { }, application => application.Run(AnswerAsync))));
        try
        {
            return await RunAsync([.. endpoints.Select(one => one.Port)], cancellationToken);
        }
        finally
        {
            foreach (var server in endpoints)
            {
                await server.DisposeAsync();
            }
        }
    }

    private static async Task<IReadOnlyList<BenchRow>> RunAsync(
        IReadOnlyList<int> ports, CancellationToken cancellationToken)
    {
        var (proxy, proxyAt) = await ProxyProgram.StartAsync(ProxyProgram.Fairlead, ports, cancellationToken);
        await using var first = proxy;
        var (plain, plainAt) = await ProxyProgram.StartAsync(ProxyProgram.Yarp, ports, cancellationToken);
        await using var second = plain;
        await using var envoy = await PlainEnvoy.StartAsync(ports, cancellationToken);
        var ours = Contend(proxyAt, proxy.Id);
        var yarp = Contend(plainAt, plain.Id);
        var theirs = envoy is null ? null : Contend(envoy.Listener, envoy.Id);
        Contender[] all = theirs is null ? [ours, yarp] : [ours, yarp, theirs];
        for (var round = 0; round <= Rounds; round++)
        {
            // Who begins changes with each round; the first one warms up and does not count.
            for (var i = 0; i < all.Length; i++)
            {
                await all[(round + i) % all.Length].RunAsync(counts: round > 0, cancellationToken);
            }
        }

        return
        [
            .. Alone(ours, "proxy"),
            .. Alone(yarp, "plain YARP"),
            .. Beside(ours, yarp, "plain YARP", ""),
            .. theirs is null
                ? [BenchRow.Skip("proxy / Envoy, time of a request, 16 clients", "ratio", null, PlainEnvoy.Reason)]
                : Alone(theirs, "Envoy").Concat(Beside(ours, theirs, "Envoy", envoy!.Version)),
        ];
    }

    private static Contender Contend(string listener, int process) =>
        new($"http://{listener}/item?id=1", ProxyProgram.Name, process, Rounds);

    private static IEnumerable<BenchRow> Alone(Contender one, string name) =>
    [
        new($"{name}, 16 clients", one.PerSecond, "req/s"),
        .. one.Single.Rows($"{name}, one client"),
        new($"{name}, CPU of its process for one request, 16 clients", one.CpuMicroseconds, "us"),
    ];

    private static IEnumerable<BenchRow> Beside(Contender ours, Contender other, string name, string which) =>
    [
        new($"proxy / {name}, time of a request, 16 clients", other.PerSecond / ours.PerSecond, "ratio")
        {
            Note = which,
        },
        new($"proxy / {name}, CPU of a request, 16 clients", ours.CpuMicroseconds / other.CpuMicroseconds, "ratio"),
        new($"proxy / {name}, p50, one client", ours.Single.Milliseconds(50) / other.Single.Milliseconds(50), "ratio"),
        new($"proxy / {name}, p99, one client", ours.Single.Milliseconds(99) / other.Single.Milliseconds(99), "ratio"),
    ];

    private static Task AnswerAsync(HttpContext context) =>
        context.Response.WriteAsync("{\"id\":1,\"price\":\"12.50\"}");
}
