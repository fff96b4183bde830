using System.Net;
using System.Text.Json.Nodes;
using Fairlead.Naming;
using Fairlead.Protocol;
using Fairlead.Protocol.V1;
using Fairlead.Sidecar.Dns;
using Fairlead.Sidecar.Hosting;
using Fairlead.Sidecar.Tests.Proxy;
using Fairlead.TestKit;
using Fairlead.TestKit.Processes;
using Microsoft.AspNetCore.Http;

namespace Fairlead.Sidecar.Tests.Hosting;

/// <summary>
/// A name that two segments of four real anchors each serve: us1 first, the home second. Requests go to the first while
/// its record is there, to the second when it is not, and back.
/// </summary>
public sealed class SetServingTests : IAsyncLifetime
{
    private const string Service = "catalog.shop.svc";
    private const string Name = $"{Service}.clusterset.local";
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(4);
    private static readonly HttpClient Http = new(new SocketsHttpHandler { UseProxy = false }) { Timeout = Patience };

    private readonly TwoClusters _clusters = new();
    private readonly string[] _addresses = [$"{PodFixtures.Address(61)}", $"{PodFixtures.Address(62)}"];
    private readonly List<Backend> _backends = [];

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        await _clusters.InitializeAsync();
        foreach (var (label, address) in new[] { "us1", "eu1" }.Zip(_addresses))
        {
            _backends.Add(await Backend.StartAsync(
                context => context.Response.WriteAsync(label), at: IPEndPoint.Parse($"{address}:18080")));
        }

        await TwoClusters.PublishAsync(_clusters.Target, Service, _addresses[0]);
        await TwoClusters.PublishAsync(_clusters.Home, Service, _addresses[1]);
        await PublishSetAsync((0, 1), (1, 1));
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var backend in _backends)
        {
            await backend.DisposeAsync();
        }

        await _clusters.DisposeAsync();
    }

    [Fact]
    public async Task Record_ThatIsWithdrawn_IsServedByTheSecondSegment_AndBack()
    {
        await using var host = await StartAsync("withdrawn");
        await UntilServedAsync(host, "us1");
        await MembersAsync(host, "us1.internal 0 fresh True", "eu1.internal 1 fresh True");

        await _clusters.WithdrawAsync(Service);
        await UntilServedAsync(host, "eu1");
        await MembersAsync(host, "us1.internal 0 absent False", "eu1.internal 1 fresh True");

        await TwoClusters.PublishAsync(_clusters.Target, Service, _addresses[0]);
        await UntilServedAsync(host, "us1");
    }

    [Fact]
    public async Task Segment_ThatStops_IsServedByTheSecond_AndBack()
    {
        await using var host = await StartAsync("stopped");
        await UntilServedAsync(host, "us1");
        await Task.WhenAll(Enumerable.Range(0, 4).Select(_clusters.Target.StopAsync));
        await UntilServedAsync(host, "eu1"); // Its policy is strict: no longer than its seal's validity.
        await MembersAsync(host, "us1.internal 0 expired False", "eu1.internal 1 fresh True");

        await _clusters.Target.StartAllAsync();
        await UntilServedAsync(host, "us1");
    }

    /// <summary>No segment's word is needed for the other's: the set lives while one member does, and no longer than
    /// the home says.</summary>
    [Fact]
    public async Task Set_ThatIsWithdrawn_IsAbsentThoughItsMembersLive()
    {
        await using var host = await StartAsync("gone");
        await UntilServedAsync(host, "us1");
        var withdraw = Document.Make(new Withdraw
        {
            Class = (long)LeafClass.Set,
            Expires = Now + 3_600_000,
            Issued = Now,
            Name = Service,
            Opening = TestSegment.Bytes16("gone"),
            Publisher = _clusters.Home.Segment.Publisher.Key.Kid,
            Version = Now,
        });
        await PublishAsync("withdraw", Envelope.Sign(withdraw, _clusters.Home.Segment.Publisher));
        await Eventually.HoldsAsync(() => GetAsync(host), got => got.Status == 404, Patience, Cancellation);
        Assert.Equal("absent", (string?)(await NamesAsync(host))["state"]);
    }

    /// <summary>Set and members are kept each by itself, and joined again: no anchor answers the next start.</summary>
    [Fact]
    public async Task Restart_WithASetKept_ServesItAtOnceWithoutItsAnchors()
    {
        await using (var host = await StartAsync("kept", "state: kept"))
        {
            await UntilServedAsync(host, "us1");
            await MembersAsync(host, "us1.internal 0 fresh True", "eu1.internal 1 fresh True");
        }

        // What was kept is fresh for some seconds, in which a machine under load may not even have started again.
        var clock = new StoppedClock();
        var lone = Path.Combine(_clusters.Folder, "lone.json");
        var bootstrap = await File.ReadAllTextAsync(_clusters.Bootstrap, Cancellation);
        await File.WriteAllTextAsync(
            lone,
            Enumerable.Range(0, 4).Aggregate(bootstrap, (text, index) => text.Replace(
                $":{_clusters.Home.Ports[index]}\"", $":{index + 1}\"", StringComparison.Ordinal)),
            Cancellation);
        await using var again = await TwoClusters.StartAsync(
            Configure("kept", "state: kept", $"bootstrap: {lone}"), time: clock);
        Assert.Equal((200, "us1"), await GetAsync(again));
        await MembersAsync(again, "us1.internal 0 fresh True", "eu1.internal 1 fresh True");
        await Eventually.HoldsAsync(
            () => Task.FromResult(again.Resolver.Troubles.Newest.Select(trouble => trouble.Anchor).ToHashSet()),
            anchors => anchors.IsSupersetOf(["127.0.0.1:1", "127.0.0.1:2", "127.0.0.1:3", "127.0.0.1:4"]),
            Patience, Cancellation);
    }

    [Fact]
    public async Task Envoy_GoesToTheFirstSegment_FailsOverAndBack()
    {
        var program = EnvoyBinary.Path;
        Assert.SkipWhen(program is null, EnvoyBinary.Reason);
        await using var host = await StartAsync("envoy");
        await host.Ready.WaitAsync(Patience, Cancellation);
        var socket = Path.Combine(_clusters.Folder, "envoy", "xds.sock");
        await using var envoy = await EnvoyProcess.StartAsync(program!, socket, Cancellation);
        await UntilAsync(envoy, "us1");
        await Eventually.HoldsAsync(
            () => envoy.AdminAsync("/clusters?format=json", Cancellation),
            page => Hosts(page).SequenceEqual([(_addresses[0], 0), (_addresses[1], 1)]), Patience, Cancellation);

        await _clusters.WithdrawAsync(Service);
        await UntilAsync(envoy, "eu1");
        await TwoClusters.PublishAsync(_clusters.Target, Service, _addresses[0]);
        await UntilAsync(envoy, "us1");
    }

    /// <summary>Of one priority three parts go to the first segment and one to the second; what is drawn at random
    /// stays within six standard deviations.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Weights_ShareTheLoad(bool isEnvoy)
    {
        Assert.SkipWhen(isEnvoy && EnvoyBinary.Path is null, EnvoyBinary.Reason);
        const int Requests = 400;
        await PublishSetAsync((0, 3), (0, 1));
        await using var host = await StartAsync(isEnvoy ? "envoy-weights" : "weights");
        await host.Ready.WaitAsync(Patience, Cancellation);
        var socket = Path.Combine(_clusters.Folder, isEnvoy ? "envoy-weights" : "weights", "xds.sock");
        await using var envoy = isEnvoy
            ? await EnvoyProcess.StartAsync(EnvoyBinary.Path!, socket, Cancellation, isDelta: true)
            : null;
        var counts = new Dictionary<string, int>();

        // Of one priority who answers first serves first.
        await Eventually.HoldsAsync(
            () => NamesAsync(host), name => Members(name).All(one => one.EndsWith("True", StringComparison.Ordinal)),
            Patience, Cancellation);
        await Eventually.HoldsAsync(
            AskAsync, _ => counts.ContainsKey("us1") && counts.ContainsKey("eu1"), Patience, Cancellation);
        counts.Clear();
        for (var i = 0; i < Requests; i++)
        {
            Assert.Equal(200, await AskAsync());
        }

        Assert.InRange(counts["us1"], 300 - 52, 300 + 52);

        async Task<int> AskAsync()
        {
            var (status, text) = envoy is null ? await GetAsync(host) : await GetAsync(envoy);
            counts[text] = counts.GetValueOrDefault(text) + 1;
            return status;
        }
    }

    /// <summary>DNS gives the set an address of its own, at which its ports lead to whoever serves it.</summary>
    [Fact]
    public async Task Dns_GivesAnAddressThatFollows_AndSaysWhoServes()
    {
        PodFixtures.SkipWithoutLowPorts();
        await using var host = await StartAsync("dns");
        await UntilServedAsync(host, "us1");
        var answer = await AskAsync(host, DnsType.A);
        Assert.Equal(DnsRcode.NoError, answer.Rcode);
        var vip = new IPEndPoint(new IPAddress(Assert.Single(answer.Answers).Data.Span), 80);
        Assert.Equal((200, "us1"), await GetAsync(vip));
        Assert.Contains(
            await TextsAsync(host), text => text.EndsWith(
                "us1.internal priority=0 weight=1 used", StringComparison.Ordinal));

        await _clusters.WithdrawAsync(Service);
        await UntilServedAsync(host, "eu1");
        Assert.Equal((200, "eu1"), await GetAsync(vip));
        Assert.Equal(
            vip.Address, new IPAddress(Assert.Single((await AskAsync(host, DnsType.A)).Answers).Data.Span));
        Assert.Contains(await TextsAsync(host), text => text.EndsWith("left-out=Absent", StringComparison.Ordinal));
    }

    private static long Now => TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds();

    // Priority and weight of us1's member and of the home's own.
    private Task PublishSetAsync((long Priority, long Weight) first, (long Priority, long Weight) second)
    {
        var home = _clusters.Home.Segment;
        var set = Document.Make(new Set
        {
            Expires = Now + 3_600_000,
            Issued = Now,
            Members = [Member(home, second), Member(_clusters.Target.Segment, first)],
            Name = ServicePart.Parse(Service),
            Opening = TestSegment.Bytes16("set"),
            Publisher = home.Publisher.Key.Kid,
            TtlMax = 60_000,
            Version = Now,
        });
        return PublishAsync("set", Envelope.Sign(set, home.Publisher));
    }

    private Task PublishAsync(string type, Envelope document) => TwoClusters.PublishAsync(
        _clusters.Home, new Entry { Type = type, Document = WireWriter.ToMessage(document) });

    private static SetMember Member(TestSegment segment, (long Priority, long Weight) place) => new()
    {
        Genesis = segment.Genesis,
        Name = FullName.Parse($"{Service}.{segment.Name.Text}"),
        Priority = place.Priority,
        Weight = place.Weight,
    };

    private Task<SidecarHost> StartAsync(string name, params string[] more) =>
        TwoClusters.StartAsync(Configure(name, more));

    private string Configure(string name, params string[] more) => _clusters.Configure(name, [
        $"imports: [{Name}]",
        "proxy: {http: 127.0.0.1:0, h2c: 127.0.0.1:0}",
        $"dns: {{address: 127.0.0.1:0, upstreams: [], zones: [us1.internal], vip_cidr: {PodFixtures.Range}}}",
        .. more]);

    private static Task UntilServedAsync(SidecarHost host, string by) =>
        Eventually.HoldsAsync(() => GetAsync(host), got => got == (200, by), Patience, Cancellation);

    private static Task UntilAsync(EnvoyProcess envoy, string by) => Eventually.HoldsAsync(
        () => GetAsync(envoy), got => got == (200, by), Patience, Cancellation);

    // Its listener opens when it has its routes.
    private static async Task<(int Status, string Text)> GetAsync(EnvoyProcess envoy)
    {
        try
        {
            var (status, body) = await envoy.GetAsync(Name, Cancellation);
            return ((int)status, body);
        }
        catch (HttpRequestException e)
        {
            return (0, e.Message);
        }
    }

    private static async Task<IEnumerable<string>> TextsAsync(SidecarHost host)
    {
        var data = Assert.Single((await AskAsync(host, DnsType.TXT)).Answers).Data.ToArray();
        var texts = new List<string>();
        for (var at = 0; at < data.Length; at += data[at] + 1)
        {
            texts.Add(System.Text.Encoding.ASCII.GetString(data, at + 1, data[at]));
        }

        return texts;
    }

    private static Task<DnsMessage> AskAsync(SidecarHost host, DnsType type) =>
        PodServicesTests.AskAsync(host, Name, Cancellation, type);

    private static Task<(int Status, string Text)> GetAsync(SidecarHost host) => GetAsync(host.Pod.Proxy!.Http1);

    private static async Task<(int Status, string Text)> GetAsync(IPEndPoint at)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, $"http://{at}/");
        request.Headers.Host = Name;
        using var response = await Http.SendAsync(request, Cancellation);
        return ((int)response.StatusCode, await response.Content.ReadAsStringAsync(Cancellation));
    }

    private static async Task<JsonNode> NamesAsync(SidecarHost host) =>
        (await TwoClusters.GetAsync(host.Admin.Admin, "names")).Page!.AsArray()
            .Single(one => (string?)one!["name"] == Name)!;

    // Who serves is known before what becomes of the others.
    private static Task MembersAsync(SidecarHost host, params string[] members) => Eventually.HoldsAsync(
        () => NamesAsync(host), name => Members(name).SequenceEqual(members), Patience, Cancellation);

    private static IEnumerable<(string Address, int Priority)> Hosts(string clusters) =>
        from status in JsonNode.Parse(clusters)!["cluster_statuses"]!.AsArray()
        where (string?)status!["name"] == $"{Name}:80"
        from one in status["host_statuses"]?.AsArray() ?? []
        let priority = (int?)one["priority"] ?? 0
        orderby priority
        select ((string)one["address"]!["socket_address"]!["address"]!, priority);

    private static IEnumerable<string> Members(JsonNode name) =>
        from one in name["members"]!.AsArray()
        let segment = ((string)one["name"]!)[(Service.Length + 1)..]
        select $"{segment} {one["priority"]} {one["state"]} {(bool)one["used"]!}";

    /// <summary>The system's clock, on which it stays as late as it was.</summary>
    private sealed class StoppedClock : TimeProvider
    {
        private readonly DateTimeOffset _now = System.GetUtcNow();
        private readonly long _timestamp = System.GetTimestamp();

        public override DateTimeOffset GetUtcNow() => _now;

        public override long GetTimestamp() => _timestamp;
    }
}
