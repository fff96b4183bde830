using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using Fairlead.Hosting;
using Fairlead.Hosting.Reloading;
using Fairlead.Naming;
using Fairlead.Sidecar.Hosting;
using Fairlead.TestKit.Processes;
using Microsoft.Extensions.Logging.Abstractions;

namespace Fairlead.Sidecar.Tests.Hosting;

/// <summary>The program from its arguments to its exit code: what is wrong is named with its place and its
/// remedy.</summary>
public sealed class SidecarProgramTests(TwoClusters clusters) : IClassFixture<TwoClusters>
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);

    private readonly LineWriter _output = new();
    private readonly StringWriter _error = new();

    [Fact]
    public async Task Program_ThatIsStopped_SaysServingThenReadyAndEndsWithZero()
    {
        using var stop = Bounded();
        var running = RunAsync(clusters.Configure("ready"), stop.Token);
        await _output.UntilAsync("ready", stop.Token);
        Assert.StartsWith("serving xds=", _output.Lines[0], StringComparison.Ordinal);
        Assert.Equal("ready", _output.Lines[1]);
        await stop.CancelAsync();
        Assert.Equal(0, await running);
    }

    [Theory]
    [InlineData("--help", "usage: sidecar --config FILE [--check-config]")]
    [InlineData("-h", "usage: sidecar --config FILE [--check-config]")]
    [InlineData("--version", "Fairlead.Sidecar 0.1.0")]
    public async Task Question_AboutTheProgram_IsAnswered(string argument, string answer)
    {
        Assert.Equal(0, await SidecarProgram.RunAsync(
            [argument], (TimeProvider.System, NullLoggerFactory.Instance), Streams, new ReloadRequests(),
            TestContext.Current.CancellationToken));
        Assert.StartsWith(answer, string.Join('\n', _output.Lines), StringComparison.Ordinal);
        Assert.Empty(_error.ToString());
    }

    [Fact]
    public async Task ConfigPage_BeforeAnyReload_NamesTheFileThatRuns()
    {
        using var stop = Bounded();
        var configuration = clusters.Configure("config-page");
        var running = RunAsync(configuration, stop.Token);
        await _output.UntilAsync("ready", stop.Token);
        var admin = _output.Lines[0].Split(' ').Single(word => word.StartsWith("admin=", StringComparison.Ordinal));
        var (_, page) = await TwoClusters.GetAsync(IPEndPoint.Parse(admin["admin=".Length..]), "config");
        Assert.Equal((configuration, 0L), ((string?)page!["file"], (long)page["applied"]!));
        Assert.NotNull((string?)page["read_at"]);
        await stop.CancelAsync();
        Assert.Equal(0, await running);
    }

    [Fact]
    public async Task Program_WithoutItsHome_ServesAndIsNotReady()
    {
        using var stop = Bounded();
        var lone = Path.Combine(clusters.Folder, "lone.json");
        await File.WriteAllTextAsync(
            lone,
            (await File.ReadAllTextAsync(clusters.Bootstrap, stop.Token))
                .Replace($":{clusters.Home.Ports[0]}\"", ":1\"", StringComparison.Ordinal)
                .Replace($":{clusters.Home.Ports[1]}\"", ":2\"", StringComparison.Ordinal)
                .Replace($":{clusters.Home.Ports[2]}\"", ":3\"", StringComparison.Ordinal),
            stop.Token);
        await using var host = await TwoClusters.StartAsync(clusters.Configure("lone", $"bootstrap: {lone}"));

        // Each attempt ends so, and begins with what is wrong with each anchor.
        var (status, page) = await Eventually.HoldsAsync(
            () => TwoClusters.GetAsync(host.Admin.Metrics, "ready"),
            told => (string?)told.Page!["pending"]![0] == "home: NoFreshHead", Patience, stop.Token);
        Assert.Equal(503, status);
        Assert.Equal("imports: 1", (string?)page!["pending"]![1]);
        (_, page) = await TwoClusters.GetAsync(host.Admin.Admin, "ready");
        Assert.Equal($"import: {TwoClusters.Checkout}", (string?)page!["pending"]![1]);
        Assert.Contains(host.Resolver.Troubles.Newest, trouble => trouble.Anchor == "127.0.0.1:1");
    }

    [Fact]
    public async Task Floor_ThatIsNotInTheChain_EndsTheProgramAndNamesTheFile()
    {
        var wrong = Path.Combine(clusters.Folder, "wrong.json");
        clusters.WriteBootstrap(wrong, new Floor(Digest.Sha256("another"u8), 0));
        await FailsAsync(clusters.Configure("floor", $"bootstrap: {wrong}"), 2, wrong, "FloorMismatch",
            "take genesis and floor from");
    }

    [Fact]
    public async Task Resolver_ThatBreaks_EndsTheProgramWithANamedError()
    {
        var time = new BreakingClock();
        using var stop = Bounded();
        var running = SidecarProgram.RunAsync(
            ["--config", clusters.Configure("broken")], (time, NullLoggerFactory.Instance), Streams,
            new ReloadRequests(), stop.Token);
        await _output.UntilAsync("ready", stop.Token);
        time.Break();
        Assert.Equal(1, await running.WaitAsync(stop.Token));
        Assert.Contains("ResolverBroken", _error.ToString(), StringComparison.Ordinal);
        Assert.Contains("planted", _error.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("admin", "change admin")]
    [InlineData("metrics", "change metrics")]
    [InlineData("xds.address", "choose another port (xds.socket and xds.address)")]
    [InlineData("proxy.http", "change proxy.http")]
    [InlineData("proxy.h2c", "change proxy.h2c")]
    [InlineData("dns.address", "give another dns.address")]
    public async Task Port_InUse_NamesTheAddressAndTheOption(string key, string remedy)
    {
        using var taken = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        taken.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        taken.Listen();
        var address = taken.LocalEndPoint!.ToString()!;
        var line = key switch
        {
            "xds.address" => $"xds: {{socket: {Path.Combine(clusters.Folder, "in-use.sock")}, address: {address}}}",
            "proxy.http" => $"proxy: {{http: {address}, h2c: 127.0.0.1:0}}",
            "proxy.h2c" => $"proxy: {{http: 127.0.0.1:0, h2c: {address}}}",
            "dns.address" => $"dns: {{address: {address}, upstreams: []}}",
            _ => $"{key}: {address}",
        };
        await FailsAsync(clusters.Configure("in-use", line), 2, address, remedy);
    }

    [Fact]
    public async Task Socket_InUse_NamesThePath()
    {
        var configuration = clusters.Configure("socket");
        await using var first = await TwoClusters.StartAsync(configuration);
        await FailsAsync(configuration, 2, Path.Combine(clusters.Folder, "socket", "xds.sock"), "cannot listen");
    }

    [Fact]
    public async Task Socket_OfASidecarThatDied_IsTakenOver()
    {
        var configuration = clusters.Configure("dead-socket");
        using (var dead = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified))
        {
            dead.Bind(new UnixDomainSocketEndPoint(Path.Combine(clusters.Folder, "dead-socket", "xds.sock")));
        }

        await using var host = await TwoClusters.StartAsync(configuration);
    }

    [Theory]
    [InlineData("missing", "it does not exist; make one with: fairlead key new")]
    [InlineData("open", "mode 0644 lets others use it; run: chmod 600")]
    [InlineData("wrong", "make a key with: fairlead key new")]
    public async Task Key_ThatCannotBeUsed_NamesTheFileAndTheRemedy(string kind, string remedy)
    {
        var key = Path.Combine(clusters.Folder, kind + ".pem");
        if (kind != "missing")
        {
            await File.WriteAllTextAsync(key, kind == "wrong" ? "no key" : await File.ReadAllTextAsync(clusters.Key));
            var mode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
            File.SetUnixFileMode(key, kind == "open" ? mode | UnixFileMode.GroupRead | UnixFileMode.OtherRead : mode);
        }

        await FailsAsync(clusters.Configure("key-" + kind, $"key: {key}"), 2, key, remedy);
    }

    [Fact]
    public async Task Key_OfNobody_NamesBothFiles()
    {
        var key = Path.Combine(clusters.Folder, "stranger.pem");
        await File.WriteAllTextAsync(key, KeyPem.Format(TestKit.TestKeys.Ecdsa(901)));
        File.SetUnixFileMode(key, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        await FailsAsync(clusters.Configure("stranger", $"key: {key}"), 2, key, clusters.Bootstrap,
            "subject: namespace/account");
    }

    [Fact]
    public async Task State_ThatIsDamaged_NamesTheFileAndTheRemedy()
    {
        var configuration = clusters.Configure("damaged", "state: kept");
        var file = Path.Combine(clusters.Folder, "damaged", "kept", "verifier.state");
        Directory.CreateDirectory(Path.GetDirectoryName(file)!);
        await File.WriteAllTextAsync(file, "{}");
        await FailsAsync(configuration, 2, file, "StateCorrupt");
    }

    [Fact]
    public async Task State_ThatIsNoFolder_IsStateNotDurable()
    {
        var file = Path.Combine(clusters.Folder, "no-folder");
        await File.WriteAllTextAsync(file, "");
        await FailsAsync(clusters.Configure("no-state", $"state: {file}"), 2, file, "StateNotDurable");
    }

    [Fact]
    public async Task Configuration_WithSeveralErrors_NamesAllOfThemAtOnce() => await FailsAsync(
        clusters.Configure(
            "wrong", "imports: [nobody, UPPER.shop.svc.us1.internal]", "admin: 0.0.0.0:1", "ttl_cap: 2h",
                "subject: shop", "nonsense: 1",
            "proxy: {http: 0.0.0.0:80, budget: 1h, access_log: all, access_log_share: 2, spiffe: {key: k}, "
                + "zone: a, no: 1}",
            "dns: {vip_cidr: 10.0.0.0/16, ttl_max: 2h}"),
        2, "sidecar.yaml:3", "nobody", "which others can reach", "`ttl_cap` is 2h", "namespace/account",
            "`nonsense` is unknown", "is 0.0.0.0:80, which others can reach", "`proxy.budget` is 1h",
            "`proxy.access_log` is", "`proxy.access_log_share` is", "proxy.spiffe.certificate", "proxy.spiffe.bundle",
            "a is in no region", "`proxy.no` is unknown", "10.0.0.0/16 is reachable from outside",
            "`dns.ttl_max` is 2h");

    [Fact]
    public async Task Check_OfAGoodConfiguration_SaysSoAndTouchesNothing()
    {
        var file = clusters.Configure(
            "checked", "state: kept",
            "proxy: {http: 127.0.0.1:0, h2c: 127.0.0.1:0, spiffe: {certificate: c, key: k, bundle: b}}");
        Assert.Equal(0, await CheckAsync(file));
        Assert.Equal(["the configuration is good"], _output.Lines);
        Assert.StartsWith("note: proxy.spiffe: ", _error.ToString(), StringComparison.Ordinal);
        Assert.Equal([file], Directory.GetFileSystemEntries(Path.GetDirectoryName(file)!));
    }

    [Fact]
    public async Task Check_OfFilesThatKeepASidecarFromStarting_NamesThem()
    {
        var key = Path.Combine(clusters.Folder, "check-stranger.pem");
        await File.WriteAllTextAsync(key, KeyPem.Format(TestKit.TestKeys.Ecdsa(902)));
        File.SetUnixFileMode(key, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        var file = clusters.Configure("check-bad", $"key: {key}", "state: kept");
        var state = Path.Combine(Path.GetDirectoryName(file)!, "kept", "verifier.state");
        Directory.CreateDirectory(Path.GetDirectoryName(state)!);
        await File.WriteAllTextAsync(state, "{}");
        Assert.Equal(2, await CheckAsync(file));
        Assert.Contains("subjects has no entry", _error.ToString(), StringComparison.Ordinal);
        Assert.Contains("StateCorrupt", _error.ToString(), StringComparison.Ordinal);
    }

    /// <summary>What does not end in its time is named and left behind: a pod has no longer.</summary>
    [Fact]
    public async Task Program_OfWhichAPartDoesNotEnd_NamesItAndEnds()
    {
        using var stop = Bounded();
        var (arrived, release) = (new TaskCompletionSource(), new TaskCompletionSource());
        await using var backend = await Proxy.Backend.StartAsync(
            async _ =>
            {
                arrived.TrySetResult();
                await release.Task;
            },
            at: new IPEndPoint(PodFixtures.Address(90), 18080));
        await clusters.PublishAsync("stuck.shop.svc", $"{PodFixtures.Address(90)}");
        var bound = TimeSpan.FromMinutes(10) + SidecarProgram.EndPatience;
        var running = SidecarProgram.RunAsync(
            [
                "--config",
                clusters.Configure("stuck", "proxy: {http: 127.0.0.1:0, h2c: 127.0.0.1:0, drain: 10m}"),
            ],
            (new HastyClock(bound), NullLoggerFactory.Instance), Streams, new ReloadRequests(), stop.Token);
        await _output.UntilAsync("ready", TestContext.Current.CancellationToken);
        var proxy = _output.Lines[0].Split(' ').Single(word => word.StartsWith("proxy=", StringComparison.Ordinal));
        var asking = PodServicesTests.GetAsync(
            IPEndPoint.Parse(proxy["proxy=".Length..].Split(',')[0]), "stuck.shop.svc.us1.internal",
            TestContext.Current.CancellationToken);
        await arrived.Task.WaitAsync(TestContext.Current.CancellationToken);
        await stop.CancelAsync();
        Assert.Equal(1, await running);
        Assert.StartsWith(
            "DrainOverdue: DNS and the proxy did not end within 610 s", _error.ToString(), StringComparison.Ordinal);
        release.SetResult();
        using var response = await asking;
    }

    /// <summary>To open a pipe waits for whoever writes to it, and nothing told the program to end would end
    /// it.</summary>
    [Theory]
    [InlineData("")]
    [InlineData("bootstrap")]
    [InlineData("key")]
    public async Task File_ThatIsAPipe_IsNamed(string option)
    {
        var name = $"pipe-{option}";
        var folder = Directory.CreateDirectory(Path.Combine(clusters.Folder, name)).FullName;
        var pipe = OddFiles.Pipe(folder);
        var file = option.Length == 0 ? pipe : clusters.Configure(name, $"{option}: {pipe}");
        await Task.Run(() => FailsAsync(file, 2, pipe, "it is a pipe, not a regular file"))
            .WaitAsync(Patience, TestContext.Current.CancellationToken);
    }

    [Theory]
    [InlineData("a: [b", "sidecar.yaml:")]
    [InlineData("a: &x [*x, *x]", "sidecar.yaml:1")]
    public async Task Configuration_ThatIsNoYaml_NamesTheLine(string text, string place)
    {
        var path = Path.Combine(Directory.CreateDirectory(Path.Combine(clusters.Folder, "yaml")).FullName,
            "sidecar.yaml");
        await File.WriteAllTextAsync(path, text);
        await FailsAsync(path, 2, place);
    }

    [Fact]
    public async Task Configuration_NestedDeeply_IsRefusedAndCrashesNothing()
    {
        var path = Path.Combine(Directory.CreateDirectory(Path.Combine(clusters.Folder, "deep")).FullName,
            "sidecar.yaml");
        await File.WriteAllTextAsync(path, "a: " + new string('[', 100_000));
        await FailsAsync(path, 2, "sidecar.yaml:1");
    }

    [Fact]
    public async Task Log_AsJson_IsObjectsToTheLastLine()
    {
        var key = Path.Combine(clusters.Folder, "nowhere-json.pem");
        using var stop = Bounded();
        Assert.Equal(2, await RunAsync(clusters.Configure("json", "log: {format: json}", $"key: {key}"), stop.Token));
        using var line = JsonDocument.Parse(_error.ToString());
        Assert.Contains(key, line.RootElement.GetProperty("message").GetString(), StringComparison.Ordinal);
    }

    private async Task FailsAsync(string configuration, int code, params string[] parts)
    {
        using var stop = Bounded();
        Assert.Equal(code, await RunAsync(configuration, stop.Token));
        var message = _error.ToString();
        Assert.All(parts, part => Assert.Contains(part, message, StringComparison.Ordinal));
        Assert.DoesNotContain("   at ", message, StringComparison.Ordinal);
        Assert.Null(TestKit.DoubledWords.In(message));
    }

    private (TextWriter Output, ErrorLog Error) Streams => (_output, new ErrorLog(_error, TimeProvider.System));

    private Task<int> RunAsync(string configuration, CancellationToken stop) => SidecarProgram.RunAsync(
        ["--config", configuration], (TimeProvider.System, NullLoggerFactory.Instance), Streams,
        new ReloadRequests(), stop);

    private Task<int> CheckAsync(string configuration) => SidecarProgram.RunAsync(
        ["--config", configuration, "--check-config"], (TimeProvider.System, NullLoggerFactory.Instance),
        Streams, new ReloadRequests(), TestContext.Current.CancellationToken);

    private static CancellationTokenSource Bounded()
    {
        var bounded = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        bounded.CancelAfter(Patience);
        return bounded;
    }

    /// <summary>The system's clock until it is told to fail.</summary>
    private sealed class BreakingClock : TimeProvider
    {
        private volatile bool _isBroken;

        public void Break() => _isBroken = true;

        public override DateTimeOffset GetUtcNow() =>
            _isBroken && Environment.StackTrace.Contains("HomeResolver", StringComparison.Ordinal)
                ? throw new InvalidOperationException("planted")
                : System.GetUtcNow();
    }

    /// <summary>The system's clock, on which one span of time is over at once.</summary>
    private sealed class HastyClock(TimeSpan span) : TimeProvider
    {
        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
            base.CreateTimer(callback, state, dueTime == span ? TimeSpan.Zero : dueTime, period);
    }

    /// <summary>Lines as they are written, for whoever waits for one.</summary>
    private sealed class LineWriter : StringWriter
    {
        private readonly SemaphoreSlim _written = new(0);

        public List<string> Lines { get; } = [];

        public override Task WriteLineAsync(string? value)
        {
            lock (Lines)
            {
                Lines.Add(value ?? "");
            }

            _written.Release();
            return Task.CompletedTask;
        }

        public async Task UntilAsync(string line, CancellationToken cancellationToken)
        {
            while (true)
            {
                lock (Lines)
                {
                    if (Lines.Contains(line))
                    {
                        return;
                    }
                }

                await _written.WaitAsync(cancellationToken);
            }
        }
    }
}
