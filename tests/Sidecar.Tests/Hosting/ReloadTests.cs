using System.Text.Json.Nodes;
using Fairlead.Naming;
using Fairlead.Sidecar.Hosting;
using Fairlead.Sidecar.Hosting.Reloading;
using Fairlead.TestKit;
using Fairlead.TestKit.Processes;
using Microsoft.Extensions.Logging.Abstractions;

namespace Fairlead.Sidecar.Tests.Hosting;

/// <summary>A sidecar whose configuration changes while it runs, against real anchors: what can change changes, what
/// cannot is named, and nothing that is wrong changes anything.</summary>
public sealed class ReloadTests(TwoClusters clusters) : IClassFixture<TwoClusters>
{
    private const string Second = "second.shop.svc.us1.internal";
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Import_ThatIsAddedAndTakenOut_ComesToClientsAndGoes()
    {
        await clusters.PublishAsync("second.shop.svc", "127.0.4.1");
        var file = clusters.Configure("imports");
        await using var host = await TwoClusters.StartAsync(file);
        await host.Ready.WaitAsync(Patience, Stop);
        var reloader = Reloader(host, file);
        await using var client = new XdsClient($"http://{host.Server.Endpoints[1].Address}", Stop);
        await client.AskAsync(XdsClient.Clusters);
        Assert.Equal([$"{TwoClusters.Checkout}:80"], await NamesAsync(client));

        clusters.Configure("imports", $"imports: [{TwoClusters.Checkout}, {Second}]");
        reloader.Reload();
        Assert.Equal(["imports"], host.Reloads.Changed);
        Assert.True(host.Ready.IsCompletedSuccessfully);
        var names = await NamesAsync(client);
        while (!names.Contains($"{Second}:80"))
        {
            names = await NamesAsync(client);
        }

        await client.AskAsync(XdsClient.Endpoints, $"{Second}:80");
        Assert.Equal(["127.0.4.1"], await client.EndpointsAsync($"{Second}:80", found => found.Count == 1, Stop));

        // A name that somebody asks for by itself stays until nobody does.
        clusters.Configure("imports", $"imports: [{TwoClusters.Checkout}]");
        reloader.Reload();
        Assert.Equal([$"{TwoClusters.Checkout}:80"], await NamesAsync(client));
        Assert.Contains(host.Resolver.Names, name => name.Name == Second);
        await client.AskAsync(XdsClient.Endpoints, $"{TwoClusters.Checkout}:80");
        await Eventually.HoldsAsync(
            () => Task.FromResult(host.Resolver.Names), held => held.All(name => name.Name != Second), Patience, Stop);
        Assert.Equal(2, host.Reloads.Applied);
    }

    [Fact]
    public async Task Options_ThatOnlyAStartReads_KeepTheirValuesAndAreNamed()
    {
        var bootstrap = Path.Combine(clusters.Folder, "moving.json");
        clusters.WriteBootstrap(bootstrap, null);
        const string proxy = "proxy: {http: 127.0.0.1:0, h2c: 127.0.0.1:0}";
        var file = clusters.Configure("fixed", $"bootstrap: {bootstrap}", proxy);
        await using var host = await TwoClusters.StartAsync(file);
        await host.Ready.WaitAsync(Patience, Stop);
        var (reloader, admin) = (Reloader(host, file), host.Admin.Admin);

        clusters.WriteBootstrap(bootstrap, new Floor(clusters.Home.Segment.Genesis, 0), isUnsafe: false);
        clusters.Configure(
            "fixed", $"bootstrap: {bootstrap}", "proxy: {http: 127.0.0.1:0, h2c: 127.0.0.1:0, budget: 1s}",
            "admin: 127.0.0.1:1", "ttl_cap: 1s");
        reloader.Reload();

        var page = await ConfigAsync(host);
        Assert.Equal(admin, host.Admin.Admin);
        Assert.Equal(["proxy.budget"], Values(page, "changed"));
        Assert.Equal(["admin", "bootstrap (its content)", "ttl_cap"], Values(page, "restart_needed"));
        Assert.Equal(TimeSpan.FromSeconds(1), host.Options.Proxy!.Budget);
        Assert.Null(host.Options.TtlCap);
        Assert.Contains("fairlead_sidecar_config_restart_needed 3", await MetricsAsync(host), StringComparison.Ordinal);

        // Put back, there is nothing to restart for.
        clusters.WriteBootstrap(bootstrap, null);
        clusters.Configure("fixed", $"bootstrap: {bootstrap}", proxy);
        reloader.Reload();
        Assert.Empty(Values(await ConfigAsync(host), "restart_needed"));
    }

    [Fact]
    public async Task File_ThatCannotBeUsed_ChangesNothingAndSaysAllThatIsWrong()
    {
        var file = clusters.Configure("bad");
        await using var host = await TwoClusters.StartAsync(file);
        await host.Ready.WaitAsync(Patience, Stop);
        var reloader = Reloader(host, file);
        var before = host.Options;

        clusters.Configure("bad", $"imports: [{Second}]", "ttl_cap: 2h", "nonsense: 1");
        reloader.Reload();

        Assert.Same(before, host.Options);
        Assert.Equal(200, (await TwoClusters.GetAsync(host.Admin.Metrics, "ready")).Status);
        var errors = Values(await ConfigAsync(host), "errors");
        Assert.Contains(errors, error => error.Contains("`ttl_cap` is 2h", StringComparison.Ordinal));
        Assert.Contains(errors, error => error.Contains("`nonsense` is unknown", StringComparison.Ordinal));
        Assert.Contains("fairlead_sidecar_config_good 0", await MetricsAsync(host), StringComparison.Ordinal);
        Assert.DoesNotContain(host.Resolver.Names, name => name.Name == Second);
        Assert.Equal(404, (await TwoClusters.GetAsync(host.Admin.Metrics, "config")).Status);

        clusters.Configure("bad");
        reloader.Reload();
        Assert.Empty(host.Reloads.Errors);
        Assert.Equal((0, 1), (host.Reloads.Applied, host.Reloads.Refused));
    }

    [Fact]
    public async Task File_ThatChanges_IsReadWithoutASignal()
    {
        var file = clusters.Configure("watched", "imports: []");
        await using var host = await TwoClusters.StartAsync(file);
        var time = new ManualTimeProvider();
        var reloader = new Reloader(file, new Dictionary<string, string>(), host, time, NullLogger.Instance);
        using var end = CancellationTokenSource.CreateLinkedTokenSource(Stop);
        var requests = new ReloadRequests();
        var running = reloader.RunAsync(requests, end.Token);

        // A request is heard though nothing changed; a look without a change does nothing.
        requests.Ask();
        await UntilAsync(() => host.Reloads.ReadAt is not null);
        var at = host.Reloads.ReadAt;
        clusters.Configure("watched", $"imports: [{Second}]");
        await UntilAsync(() =>
        {
            time.Advance(Pause);
            return host.Reloads.Applied == 1;
        });
        Assert.NotEqual(at, host.Reloads.ReadAt);
        at = host.Reloads.ReadAt;
        File.Delete(file);
        time.Advance(Pause);
        time.Advance(Pause);
        Assert.Equal(at, host.Reloads.ReadAt);
        await end.CancelAsync();
        await running;
    }

    [Fact]
    public async Task Program_ToldByASignal_ReadsItsFileAnew_AndEndsInOrder()
    {
        var file = clusters.Configure("signalled");
        var program = Path.Combine(AppContext.BaseDirectory, "Fairlead.Sidecar");
        await using var sidecar = ChildProcess.Start(program, ["--config", file]);
        Assert.StartsWith("serving ", await sidecar.ReadLineAsync(Patience, Stop), StringComparison.Ordinal);
        Assert.Equal("ready", await sidecar.ReadLineAsync(Patience, Stop));
        clusters.Configure("signalled", "imports: []", "ttl_cap: 9s");
        sidecar.Signal(1);
        await UntilAsync(() => sidecar.Errors.Contains("changed: imports", StringComparison.Ordinal));
        await UntilAsync(() => sidecar.Errors.Contains("RestartNeeded", StringComparison.Ordinal)
            && sidecar.Errors.Contains("`ttl_cap`", StringComparison.Ordinal));
        Assert.False(sidecar.HasExited);
        sidecar.Signal(15);
        Assert.Equal(0, (await sidecar.WaitForExitAsync(Patience, Stop)).Code);
    }

    private static TimeSpan Pause => Sidecar.Hosting.Reloading.Reloader.Pause;

    private static Reloader Reloader(SidecarHost host, string file) => new(
        file, new Dictionary<string, string>(), host, TimeProvider.System, NullLogger.Instance);

    private static async Task<IReadOnlyList<string>> NamesAsync(XdsClient client) =>
        [.. (await client.ClustersAsync(Stop)).Select(cluster => cluster.Name)];

    private static async Task<JsonNode> ConfigAsync(SidecarHost host) =>
        (await TwoClusters.GetAsync(host.Admin.Admin, "config")).Page!;

    private static async Task<string> MetricsAsync(SidecarHost host) =>
        (await TwoClusters.GetTextAsync(host.Admin.Metrics, "metrics")).Text;

    private static IEnumerable<string> Values(JsonNode page, string member) =>
        page[member]!.AsArray().Select(value => (string)value!);

    private static Task UntilAsync(Func<bool> condition) =>
        Eventually.HoldsAsync(() => Task.FromResult(condition()), holds => holds, Patience, Stop);
}
