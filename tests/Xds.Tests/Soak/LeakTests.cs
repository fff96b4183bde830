using System.Collections.Concurrent;
using System.Globalization;
using Fairlead.EnvoyApi.Discovery;
using Fairlead.TestKit.Wire;
using Fairlead.Xds.Tests.Functional;
using Google.Protobuf;
using Xunit;

namespace Fairlead.Xds.Tests.Soak;

/// <summary>
/// Whatever clients do and wherever they end, the host holds afterwards what it held before: managed and anonymous
/// memory after three compacting collections, within 5 % and 2 MB, three times over.
/// </summary>
public sealed class LeakTests(ITestOutputHelper output)
{
    private const int Repetitions = 3;
    private const int WarmUp = 1_000;
    private const int Cycles = 10_000;
    private const int Names = 100;
    private const int Few = 24;
    private const int AtOnce = 4;
    private const int CyclesPerChange = 50;
    private const int Streams = 1_000;
    private const int Stalled = 100;

    // What one of them may cost: what was written and not read, and that once more.
    private const long StalledMax = 200_000;
    private const string Aggregated =
        "/envoy.service.discovery.v3.AggregatedDiscoveryService/StreamAggregatedResources";

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory(Explicit = true)]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Connections_AbortedAnywhere_LeaveNothing(bool isUnix)
    {
        await using var host = await SoakHost.StartAsync(isUnix, Names, endpoints: 10);
        await LeaveNothingAsync(host, Names, new EndpointWords(Names));
    }

    /// <summary>Of all types and services, of names on demand and collections too.</summary>
    [Theory(Explicit = true)]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Connections_ToASidecarsViews_AbortedAnywhere_LeaveNothing(bool isUnix)
    {
        await using var host = await SoakHost.StartAsync(isUnix, Few, endpoints: 10, hasViews: true);
        await LeaveNothingAsync(host, Few, new ViewWords(Few));
    }

    private async Task LeaveNothingAsync(SoakHost host, int names, SoakWords words)
    {
        var seed = Environment.TickCount;
        output.WriteLine($"seed {seed}");
        await AbortAsync(host, seed, WarmUp, names, words);
        var before = await host.LeastAsync();
        output.WriteLine($"after {WarmUp}: {before}");
        var after = new List<SoakMemory>();
        for (var i = 1; i <= Repetitions; i++)
        {
            var started = TimeProvider.System.GetTimestamp();
            var told = await AbortAsync(host, seed + (i * AtOnce), Cycles, names, words);
            var took = TimeProvider.System.GetElapsedTime(started);
            after.Add(await host.EndAsync(before));
            output.WriteLine($"{Cycles} more in {took.TotalSeconds:0} s, {told}: {after[^1]}");
        }

        Assert.All(after, one => Assert.True(one.IsWithin(before), $"{before}, then {one}"));
    }

    /// <summary>They ask for more than their windows take, and are told of each change: what they do not read is not
    /// queued, and after a while the server ends it.</summary>
    [Fact(Explicit = true)]
    public async Task Readers_ThatStall_AreEndedAndLeaveNothing()
    {
        var seed = Environment.TickCount;
        output.WriteLine($"seed {seed}");
        await using var host = await SoakHost.StartAsync(isUnix: true, Names, endpoints: 30);
        await AbortAsync(host, seed, WarmUp, Names, new EndpointWords(Names));
        await StallAsync(host);
        var before = await host.LeastAsync();
        var after = new List<SoakMemory>();
        output.WriteLine($"before: {before}");
        for (var i = 1; i <= Repetitions; i++)
        {
            var open = await StallAsync(host);
            Assert.InRange(open.Anonymous, 0, before.Anonymous + (Stalled * StalledMax));
            after.Add(await host.EndAsync(before));
            output.WriteLine($"{open}; then {after[^1]}");
        }

        Assert.All(after, one => Assert.True(one.IsWithin(before), $"{before}, then {one}"));
    }

    [Fact(Explicit = true)]
    public async Task ThousandStreams_OfAllVariants_LeaveNothing()
    {
        var seed = Environment.TickCount;
        output.WriteLine($"seed {seed}");
        await using var host = await SoakHost.StartAsync(isUnix: true, Names, endpoints: 100);
        await AbortAsync(host, seed, WarmUp, Names, new EndpointWords(Names));
        await ThousandAsync(host);
        var before = await host.LeastAsync();
        var after = new List<SoakMemory>();
        output.WriteLine($"before: {before}");
        for (var i = 1; i <= Repetitions; i++)
        {
            var open = await ThousandAsync(host);
            after.Add(await host.EndAsync(before));
            output.WriteLine($"{open}; then {after[^1]}");
        }

        Assert.All(after, one => Assert.True(one.IsWithin(before), $"{before}, then {one}"));
    }

    // Names change meanwhile, so that pushes meet connections that are about to end.
    private static async Task<string> AbortAsync(SoakHost host, int seed, int cycles, int names, SoakWords words)
    {
        var left = cycles;
        var counts = new int[Enum.GetValues<AbortPlace>().Length];
        var types = new ConcurrentDictionary<string, int>();
        await Task.WhenAll(Enumerable.Range(0, AtOnce).Select(worker => Task.Run(async () =>
        {
            var random = new Random(seed + worker);
            var client = new AbortingClient(host.Target, random, words);
            for (int now; (now = Interlocked.Decrement(ref left)) >= 0;)
            {
                try
                {
                    Interlocked.Increment(ref counts[(int)await client.RunAsync(Cancellation)]);
                }
                catch (Exception e) when (e is TimeoutException or IOException)
                {
                    Interlocked.Exchange(ref left, 0); // One is enough to know.
                    throw;
                }

                if (now % CyclesPerChange == 0)
                {
                    await host.ChangeAsync("svc-" + random.Next(names).ToString(CultureInfo.InvariantCulture));
                }
            }

            foreach (var (type, count) in client.Types)
            {
                types.AddOrUpdate(type, count, (_, before) => before + count);
            }
        })));
        var responses = types.Values.Sum();
        Assert.True(responses > cycles / 2, $"{responses} responses in {cycles} cycles");
        Assert.True(cycles < Cycles || counts.All(count => count > 0), string.Join(' ', counts));
        Assert.True(cycles < Cycles || words.TypesOf(isGrpc: false).All(type => types.ContainsKey(type.ShortName)));
        return string.Join(' ', types.OrderBy(one => one.Key).Select(one => $"{one.Key} {one.Value}").Prepend(
            $"{responses} responses:"));
    }

    private static async Task<SoakMemory> StallAsync(SoakHost host)
    {
        var request = new DiscoveryRequest
        {
            TypeUrl = ResourceType.Endpoints.TypeUrl,
            ResourceNames = { Enumerable.Range(0, Names).Select(NameOf) },
        };
        var connections = new List<RawHttp2>();
        try
        {
            for (var i = 0; i < Stalled; i++)
            {
                connections.Add(await RawHttp2.ConnectAsync(host.Target, Cancellation));
                await connections[^1].SendAsync(
                    (byte[])[
                        .. RawHttp2.Start, .. RawHttp2.Call(1, Aggregated),
                        .. RawHttp2.Message(1, request.ToByteArray()),
                    ],
                    Cancellation);
            }

            await host.SettledAsync(streams: Stalled);
            for (var i = 0; i < Names * 10; i++)
            {
                await host.ChangeAsync(NameOf(i % Names));
            }

            var changed = await host.MemoryAsync();
            // By the server: the clients hold their connections.
            await host.SettledAsync();
            return changed;
        }
        finally
        {
            connections.ForEach(connection => connection.Dispose());
        }
    }

    private static async Task<SoakMemory> ThousandAsync(SoakHost host)
    {
        var clients = Enumerable.Range(0, Streams)
            .Select(i => new VariantClient(
                (Variant)(i % 4), host.Socket, Cancellation, "pod-" + i.ToString(CultureInfo.InvariantCulture)))
            .ToList();
        try
        {
            var names = Enumerable.Range(0, Names).Select(NameOf).ToArray();
            foreach (var some in clients.Chunk(50))
            {
                await Task.WhenAll(some.Select(async client =>
                {
                    await client.SubscribeAsync(ResourceType.Endpoints, names);
                    for (var got = 0; got < Names;)
                    {
                        got += (await client.NextAsync(ResourceType.Endpoints)).Split(' ').Length - 1;
                    }
                }));
            }

            await host.ChangeAsync(NameOf(7));
            foreach (var client in clients)
            {
                Assert.Equal("eds " + NameOf(7), await client.NextAsync(ResourceType.Endpoints));
            }

            return await host.MemoryAsync();
        }
        finally
        {
            foreach (var client in clients)
            {
                await client.DisposeAsync();
            }
        }
    }

    private static string NameOf(int i) => "svc-" + i.ToString(CultureInfo.InvariantCulture);
}
