using System.Globalization;
using Fairlead.Sidecar.Serving;
using Fairlead.Sidecar.Translation;
using Fairlead.Xds;
using static Fairlead.Sidecar.Tests.OnDemand.OnDemandWorld;

namespace Fairlead.Sidecar.Tests.OnDemand;

/// <summary>An Envoy asks for whatever is written into a Host header: by the ten thousand that costs a bounded amount,
/// and the names that serve are served on, also when the Envoy comes back and says all of it again.</summary>
public sealed class RandomHostsTests(ITestOutputHelper output)
{
    private const int Hosts = 12_000;
    private const int FewHosts = 1_500;
    private const int AtOnce = 500;
    private const int HostLength = 200;
    private const int Good = 10;

    // What each of a negative's names may cost a client beside itself.
    private const int BytesMax = 600;

    // And in memory, here and in a client that is in this process.
    private const int MemoryMax = 12_000;

    private static readonly XdsLimits Few =
        XdsLimits.Default with { NamesMax = 1_000, NameBytesMax = 200_000 };

    private readonly int _seed = Environment.TickCount;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public Task RandomHosts_BeyondTheLimit_CostBoundedBytes_AndLeaveTheGoodServed(bool isLong) =>
        AskAsync(Few, FewHosts, isLong);

    /// <summary>With the limits as they are, and what the process holds for them.</summary>
    [Theory(Explicit = true)]
    [InlineData(false)]
    [InlineData(true)]
    public async Task RandomHosts_ByTheThousand_CostBoundedMemory(bool isLong)
    {
        // What is made once is made before.
        await AskAsync(XdsLimits.Default, FewHosts, isLong);
        await AskAsync(XdsLimits.Default, Hosts, isLong, Held());
    }

    private async Task AskAsync(XdsLimits limits, int count, bool isLong, long? held = null)
    {
        output.WriteLine($"seed {_seed}");
        await using var sidecar = await StartAsync(limits);
        await using var client = new DemandClient(sidecar.Socket);
        await client.AskAsync(GoodNames);
        await client.AnsweredAsync(GoodNames);
        var before = client.Bytes;
        var hosts = RandomHosts(count, isLong ? HostLength : 12);
        foreach (var some in hosts.Chunk(AtOnce))
        {
            await client.AskAsync(some);
            await client.AnsweredAsync(some);
        }

        var length = hosts.Sum(static host => (long)host.Length);
        output.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{count} hosts of {length / count} characters: {(client.Bytes - before) / count} bytes each, "
                + $"{client.Held.Count} held"));
        Assert.InRange(client.Bytes - before, 0, (4 * length) + (BytesMax * (long)count));

        // That the oldest had to leave may be said later than what the newest are.
        await client.TakenUntilAsync(() => Names(sidecar).SetEquals(client.Held.Keys));
        var asked = Names(sidecar);
        Assert.InRange(asked.Count, Good, limits.NamesMax);
        Assert.InRange(asked.Sum(static name => (long)name.Length), 0, limits.NameBytesMax);
        Assert.Superset(GoodNames.ToHashSet(), asked);
        if (held is { } was)
        {
            // The names of the test are in it, and what the client holds.
            var each = (Held() - was) / client.Held.Count;
            output.WriteLine($"{each} bytes held for each of {client.Held.Count}");
            Assert.InRange(each, 0, MemoryMax);
        }

        await FollowsAsync(sidecar, client);
        GC.KeepAlive(hosts);
    }

    private static long Held()
    {
        for (var i = 0; i < 3; i++)
        {
            GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
            GC.WaitForPendingFinalizers();
        }

        return GC.GetTotalMemory(forceFullCollection: true);
    }

    /// <summary>It never gives up a name that it was told is gone.</summary>
    [Fact]
    public async Task Reconnect_WithMoreThanAMessageMayHave_IsServed()
    {
        output.WriteLine($"seed {_seed}");
        await using var sidecar = await StartAsync(XdsLimits.Default);
        var held = new Dictionary<string, string>();
        await using (var first = new DemandClient(sidecar.Socket))
        {
            await first.AskAsync(GoodNames);
            await first.AnsweredAsync(GoodNames);
            held = new(first.Held);
        }

        var hosts = RandomHosts(4 * Hosts, HostLength);
        Assert.True(hosts.Sum(static host => (long)host.Length) > 2 * sidecar.RequestBytes);
        await using var client = new DemandClient(sidecar.Socket);
        var before = held.ToDictionary(pair => pair.Key, _ => "another", StringComparer.Ordinal);
        await client.AskAsync([.. hosts, .. GoodNames], before);
        await client.AnsweredAsync(GoodNames);
        Assert.Equal(held, client.Held.Where(pair => held.ContainsKey(pair.Key)).ToDictionary());
        await FollowsAsync(sidecar, client);
        Assert.InRange(Names(sidecar).Sum(static name => (long)name.Length), 0, XdsLimits.Default.NameBytesMax);

        // One that was left out is asked for anew when somebody wants it.
        var left = hosts.First(host => !client.Held.ContainsKey(host));
        await client.AskAsync([left]);
        await client.AnsweredAsync([left]);
        Assert.True(client.Held.ContainsKey(left) || client.Gone.Contains(left));
    }

    private static string[] GoodNames => [.. Enumerable.Range(0, Good).Select(i => ClusterNames.Located(NameOf(i)))];

    private static string NameOf(int i) => $"good-{i}{Suffix}";

    private static async Task<ScriptedSidecar> StartAsync(XdsLimits limits)
    {
        var sidecar = new ScriptedSidecar(new OnDemandOptions()) { Limits = limits };
        sidecar.Publish([.. Enumerable.Range(0, Good).Select(i => Named(NameOf(i), 1))]);
        await sidecar.StartAsync();
        return sidecar;
    }

    private static HashSet<string> Names(ScriptedSidecar sidecar) =>
        [.. sidecar.Streams.SelectMany(stream => stream.Types).SelectMany(type => type.Names)];

    // What becomes of a good name reaches the client.
    private static async Task FollowsAsync(ScriptedSidecar sidecar, DemandClient client)
    {
        var name = ClusterNames.Located(NameOf(3));
        var version = client.Held[name];
        sidecar.Publish(Named(NameOf(3), 1) with { Ports = [new ServedPort("grpc", 80, "grpc")] });
        while (client.Held[name] == version)
        {
            await client.TakeAsync();
        }

        sidecar.Publish(Named(NameOf(3), 1));
        while (client.Held[name] != version)
        {
            await client.TakeAsync();
        }
    }

    // Hosts of nobody, as an Envoy asks for them: some with a port, some in capitals.
    private string[] RandomHosts(int count, int length)
    {
        const string letters = "abcdefghijklmnopqrstuvwxyz0123456789";
        var random = new Random(_seed);
        return [.. Enumerable.Range(0, count).Select(i => ClusterNames.Located(
            string.Concat(random.GetItems<char>(letters, Math.Min(length, 60)))
                + string.Concat(Enumerable.Range(0, length / 61).Select(
                    _ => "." + string.Concat(random.GetItems<char>(letters, 60))))[..Math.Max(0, length - 60)]
                + i.ToString(CultureInfo.InvariantCulture) + ".example" + (i % 3 == 0 ? ":8080" : "")))];
    }
}
