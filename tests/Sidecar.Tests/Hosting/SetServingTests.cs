using System.Net;
using System.Text.Json.Nodes;
using Fairlead.Naming;
using Fairlead.Protocol;
using Fairlead.Protocol.V1;
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
    private readonly string[] _addresses = [.. new byte[] { 61, 62 }.Select(one => PodFixtures.Address(one).ToString())];
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
        await PublishSetAsync();
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
        Assert.Equal(
            ["us1.internal 0 fresh True", "eu1.internal 1 fresh True"], Members(await NamesAsync(host)));

        await _clusters.WithdrawAsync(Service);
        await UntilServedAsync(host, "eu1");
        Assert.Equal(
            ["us1.internal 0 absent False", "eu1.internal 1 fresh True"], Members(await NamesAsync(host)));

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
        Assert.Contains("us1.internal 0 expired False", Members(await NamesAsync(host)));

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
        var page = await envoy.AdminAsync("/clusters?format=json", Cancellation);
        Assert.Equal(
            [(_addresses[0], 0), (_addresses[1], 1)],
            from status in JsonNode.Parse(page)!["cluster_statuses"]!.AsArray()
            where (string?)status!["name"] == $"{Name}:80"
            from one in status["host_statuses"]!.AsArray()
            let priority = (int?)one["priority"] ?? 0
            orderby priority
            select ((string)one["address"]!["socket_address"]!["address"]!, priority));

        await _clusters.WithdrawAsync(Service);
        await UntilAsync(envoy, "eu1");
        await TwoClusters.PublishAsync(_clusters.Target, Service, _addresses[0]);
        await UntilAsync(envoy, "us1");
    }

    private static long Now => TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds();

    private Task PublishSetAsync()
    {
        var (home, target) = (_clusters.Home.Segment, _clusters.Target.Segment);
        var set = Document.Make(new Set
        {
            Expires = Now + 3_600_000,
            Issued = Now,
            Members = [Member(home, 1), Member(target, 0)],
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

    private static SetMember Member(TestSegment segment, long priority) => new()
    {
        Genesis = segment.Genesis,
        Name = FullName.Parse($"{Service}.{segment.Name.Text}"),
        Priority = priority,
        Weight = 1,
    };

    private Task<SidecarHost> StartAsync(string name) => TwoClusters.StartAsync(_clusters.Configure(
        name, $"imports: [{Name}]", "proxy: {http: 127.0.0.1:0, h2c: 127.0.0.1:0}"));

    private static Task UntilServedAsync(SidecarHost host, string by) =>
        Eventually.HoldsAsync(() => GetAsync(host), got => got == (200, by), Patience, Cancellation);

    private static Task UntilAsync(EnvoyProcess envoy, string by) => Eventually.HoldsAsync(
        () => GetAsync(envoy), got => got == (HttpStatusCode.OK, by), Patience, Cancellation);

    // Its listener opens when it has its routes.
    private static async Task<(HttpStatusCode, string)> GetAsync(EnvoyProcess envoy)
    {
        try
        {
            return await envoy.GetAsync(Name, Cancellation);
        }
        catch (HttpRequestException e)
        {
            return (default, e.Message);
        }
    }

    private static async Task<(int Status, string Text)> GetAsync(SidecarHost host)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, $"http://{host.Pod.Proxy!.Http1}/");
        request.Headers.Host = Name;
        using var response = await Http.SendAsync(request, Cancellation);
        return ((int)response.StatusCode, await response.Content.ReadAsStringAsync(Cancellation));
    }

    private static async Task<JsonNode> NamesAsync(SidecarHost host) =>
        (await TwoClusters.GetAsync(host.Admin.Admin, "names")).Page!.AsArray()
            .Single(one => (string?)one!["name"] == Name)!;

    private static IEnumerable<string> Members(JsonNode name) => name["members"]!.AsArray().Select(
        one => $"{((string)one!["name"]!)[(Service.Length + 1)..]} {one["priority"]} {one["state"]} {(bool)one["used"]!}");
}
