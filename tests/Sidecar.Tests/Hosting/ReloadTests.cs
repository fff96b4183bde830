using System.Text.Json.Nodes;
using Fairlead.Hosting;
using Fairlead.Hosting.Reloading;
using Fairlead.Naming;
using Fairlead.Sidecar.Dns;
using Fairlead.Sidecar.Hosting;
using Fairlead.Sidecar.Hosting.Reloading;
using Fairlead.Sidecar.Tests.Dns;
using Fairlead.Telemetry.Tests;
using Fairlead.TestKit;
using Fairlead.TestKit.Processes;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Fairlead.Sidecar.Tests.Hosting;

/// <summary>A sidecar whose configuration changes while it runs, against real anchors: what can change changes, what
/// cannot is named, and nothing that is wrong changes anything.</summary>
public sealed class ReloadTests(TwoClusters clusters) : IClassFixture<TwoClusters>
{
    private const string Second = "second.shop.svc.us1.internal";
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);
    private static readonly Dictionary<string, string> NoVariables = [];

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Import_ThatIsAddedAndTakenOut_ComesToClientsAndGoes()
    {
        await clusters.PublishAsync("second.shop.svc", "127.0.4.1");
        var file = clusters.Configure("imports", "state: kept");
        await using var host = await TwoClusters.StartAsync(file);
        await host.Ready.WaitAsync(Patience, Stop);
        var reloader = Reloader(host, file);
        await using var client = new XdsClient($"http://{host.Server.Endpoints[1].Address}", Stop);
        await client.AskAsync(XdsClient.Clusters);
        Assert.Equal([$"{TwoClusters.Checkout}:80"], await NamesAsync(client));

        clusters.Configure("imports", "state: kept", $"imports: [{TwoClusters.Checkout}, {Second}]");
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

        // What is remembered over a restart follows.
        var shapes = Path.Combine(Path.GetDirectoryName(file)!, "kept", "imports.state");
        await UntilAsync(() => Holds(shapes, Second));

        // A name that somebody asks for by itself stays until nobody does.
        clusters.Configure("imports", "state: kept", $"imports: [{TwoClusters.Checkout}]");
        reloader.Reload();
        while (names.Contains($"{Second}:80"))
        {
            names = await NamesAsync(client);
        }

        Assert.Equal([$"{TwoClusters.Checkout}:80"], names);
        Assert.Contains(host.Resolver.Names, name => name.Name == Second);
        await client.AskAsync(XdsClient.Endpoints, $"{TwoClusters.Checkout}:80");
        await Eventually.HoldsAsync(
            () => Task.FromResult(host.Resolver.Names), held => held.All(name => name.Name != Second), Patience, Stop);
        Assert.Equal(2, host.Reloads.Applied);
        await UntilAsync(() => Holds(shapes, TwoClusters.Checkout) && !Holds(shapes, Second));
    }

    [Fact]
    public async Task Import_OfAnotherTree_BringsItsZoneToDns()
    {
        const string dns = "dns: {address: 127.0.0.1:0, upstreams: []}";
        var file = clusters.Configure("zones", dns);
        await using var host = await TwoClusters.StartAsync(file);
        var reloader = Reloader(host, file);
        Assert.Equal(DnsRcode.Refused, await DnsComponentTests.CodeOfAsync(host.Pod.Dns!, "svc.else.example"));
        clusters.Configure("zones", dns, $"imports: [{TwoClusters.Checkout}, web.shop.svc.else.example]");
        reloader.Reload();
        Assert.Equal(DnsRcode.NoError, await DnsComponentTests.CodeOfAsync(host.Pod.Dns!, "svc.else.example"));
        clusters.Configure("zones", dns);
        reloader.Reload();
        Assert.Equal(DnsRcode.Refused, await DnsComponentTests.CodeOfAsync(host.Pod.Dns!, "svc.else.example"));
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
        var loaded = LoadedConfiguration.Load(file, NoVariables);
        var reloader = new Reloader(loaded, host, time, NullLogger.Instance);
        using var end = CancellationTokenSource.CreateLinkedTokenSource(Stop);
        var requests = new ReloadRequests();
        var running = reloader.RunAsync(requests, end.Token);

        // A request is heard though nothing changed; a look without a change does nothing.
        requests.Ask();
        await UntilAsync(() => reloader.Looks > 0);
        var at = host.Reloads.ReadAt;
        Assert.NotNull(at);
        await LookAsync();
        Assert.Equal(at, host.Reloads.ReadAt);
        clusters.Configure("watched", $"imports: [{Second}]");
        await LookAsync();
        Assert.Equal(1, host.Reloads.Applied);
        Assert.NotEqual(at, host.Reloads.ReadAt);

        // A file that is just being replaced is no file that is wrong.
        var read = host.Reloads;
        File.Delete(file);
        await LookAsync();
        Assert.Same(read, host.Reloads);
        await end.CancelAsync();
        await running;

        Task LookAsync()
        {
            // The first of them may have begun before.
            var before = reloader.Looks;
            return UntilAsync(() =>
            {
                time.Advance(Pause);
                return reloader.Looks > before + 1;
            });
        }
    }

    /// <summary>Between the moment at which the options are read and the first look lies the whole start.</summary>
    [Fact]
    public async Task File_ThatChangesWhileTheSidecarStarts_IsReadAnew()
    {
        var file = clusters.Configure("racing", "imports: []");
        using var loggers = new Starting(() => clusters.Configure("racing", $"imports: [{Second}]"));
        var (output, error) = (new Lines(), new StringWriter());
        using var end = CancellationTokenSource.CreateLinkedTokenSource(Stop);
        var running = SidecarProgram.RunAsync(
            ["--config", file], (TimeProvider.System, loggers), (output, new ErrorLog(error, TimeProvider.System)),
            new ReloadRequests(), end.Token);
        var serving = await output.First.WaitAsync(Patience, Stop);
        Assert.StartsWith("serving ", serving, StringComparison.Ordinal);
        var address = serving.Split("admin=")[1].Split(' ')[0];
        await Eventually.HoldsAsync(
            async () => (await TwoClusters.GetAsync(System.Net.IPEndPoint.Parse(address), "config")).Page!,
            page => Values(page, "changed").SequenceEqual(["imports"]), Patience, Stop);
        await end.CancelAsync();
        Assert.Equal(0, await running);
    }

    [Fact]
    public async Task Servers_ThatCannotBeRead_AreRefusedWithAllElseThatChanged()
    {
        var servers = Path.Combine(clusters.Folder, "resolv.conf");
        await File.WriteAllTextAsync(servers, "nameserver 127.0.0.1\n", Stop);
        const string dns = "dns: {address: 127.0.0.1:0}";
        var file = clusters.Configure("servers", "imports: []", dns);
        var loaded = LoadedConfiguration.Load(file, NoVariables, servers);
        await using var host = await SidecarHost.StartAsync(
            loaded.Options, TimeProvider.System, new Random(1), NullLoggerFactory.Instance, Stop);
        var reloader = new Reloader(loaded, host, TimeProvider.System, NullLogger.Instance);

        File.Delete(servers);
        Directory.CreateDirectory(servers);
        clusters.Configure("servers", $"imports: [{Second}]", dns);
        reloader.Reload();
        Assert.Contains(servers, Assert.Single(host.Reloads.Errors), StringComparison.Ordinal);
        Assert.Same(loaded.Options, host.Options);

        Directory.Delete(servers);
        await File.WriteAllTextAsync(servers, "nameserver 127.0.0.2\n", Stop);
        reloader.Reload();
        Assert.Equal(["dns.upstreams", "imports"], host.Reloads.Changed);
        await UntilAsync(() => host.Resolver.Names.Any(name => name.Name == Second));
    }

    [Fact]
    public async Task Telemetry_ThatGoesElsewhere_GetsAllNumbersThereFromThenOn()
    {
        await using var before = await Collector.StartAsync(Stop);
        await using var after = await Collector.StartAsync(Stop);
        var file = clusters.Configure("telemetry", "imports: []", To(before));
        await using var host = await TwoClusters.StartAsync(file);
        await before.UntilAsync("/v1/metrics", "fairlead_sidecar_config_good", Stop);
        clusters.Configure("telemetry", "imports: []", To(after));
        Reloader(host, file).Reload();
        Assert.Equal(["telemetry"], host.Reloads.Changed);
        for (var post = 0; post < 3; post++)
        {
            after.Posts.Clear();
            await after.UntilAsync("/v1/metrics", "fairlead_sidecar_config_good", Stop);
        }

        static string To(Collector collector) => $"telemetry: {{otlp: '{collector.Address}', interval: 1s}}";
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
        LoadedConfiguration.Load(file, NoVariables), host, TimeProvider.System, NullLogger.Instance);

    private static bool Holds(string file, string text) =>
        File.Exists(file) && File.ReadAllText(file).Contains($"\"{text}\"", StringComparison.Ordinal);

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

    /// <summary>Tells of the first line that is written.</summary>
    private sealed class Lines : StringWriter
    {
        private readonly TaskCompletionSource<string> _first = new(TaskCreationOptions.RunContinuationsAsynchronously);

        internal Task<string> First => _first.Task;

        public override Task WriteLineAsync(string? value)
        {
            _first.TrySetResult(value ?? "");
            return base.WriteLineAsync(value);
        }
    }

    /// <summary>Does something once, when a sidecar that starts has read its options.</summary>
    private sealed class Starting(Action change) : ILoggerFactory
    {
        private Action? _change = change;

        public ILogger CreateLogger(string categoryName)
        {
            Interlocked.Exchange(ref _change, null)?.Invoke();
            return NullLogger.Instance;
        }

        public void AddProvider(ILoggerProvider provider)
        {
            // Nobody listens.
        }

        public void Dispose()
        {
            // There is nothing to put away.
        }
    }
}
