using System.Net;
using System.Net.Http.Json;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text.Json;
using Fairlead.Controller.Publishing;
using Fairlead.Kubernetes.Generation;
using Fairlead.Naming;
using Fairlead.TestKit;
using Fairlead.TestKit.Processes;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Fairlead.Controller.Tests;

/// <summary>The whole host in one process, over a real folder, a real admin port and anchors in memory.</summary>
public sealed class ControllerHostTests : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);
    private readonly EcdsaSigner _signer = new(ECDsa.Create(ECCurve.NamedCurves.nistP256));
    private readonly string _folder = Directory.CreateTempSubdirectory("fairlead-controller-").FullName;
    private readonly InMemorySegment _segment;
    private readonly InMemoryAnchor[] _anchors;
    private readonly CancellationTokenSource _stop = new();
    private Task _run = Task.CompletedTask;
    private HttpClient _admin = new();
    private readonly ShiftedTime _time = new();
    private TimeSpan _rescan = TimeSpan.FromSeconds(5);
    private int _listed = 4;
    private int? _atLeast;
    private volatile Tolerant _tolerant = new(2);

    public ControllerHostTests()
    {
        _segment = new(_signer.Key);
        _anchors = [.. Enumerable.Range(0, 4).Select(index => new InMemoryAnchor(_segment, index))];
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        Directory.Delete(_folder, recursive: true);
        _signer.Dispose();
        _admin.Dispose();
        _stop.Dispose();
    }

    [Fact]
    public async Task Run_ManifestsThere_PublishesToFPlusOneAnchorsAndIsReady()
    {
        Write("a.yaml", Manifest("a", 2));
        Write("b.yaml", Manifest("b", 3) + "\n---\n" + Manifest("c", 1, isExported: false));
        await StartAsync();
        Assert.Equal(3, _segment.RecordOf("b.shop.svc")!.Slices[0].Count);
        Assert.Null(_segment.RecordOf("c.shop.svc"));
        Assert.Equal(4, _anchors.Sum(anchor => anchor.Entries));
        using var ready = await _admin.GetAsync("/ready", TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.OK, ready.StatusCode);
        var records = await _admin.GetFromJsonAsync<JsonElement>("/records", TestContext.Current.CancellationToken);
        Assert.Equal(["a.shop.svc sealed", "b.shop.svc sealed"],
            records.EnumerateArray().Select(item => $"{item.GetProperty("name")} {item.GetProperty("state")}"));
    }

    [Fact]
    public async Task Run_FileChanges_ChangesAndWithdraws()
    {
        Write("a.yaml", Manifest("a", 1));
        await StartAsync();
        await ChangeAsync("a.shop.svc Record");
        var first = _segment.RecordOf("a.shop.svc")!;

        Replace("a.yaml", Manifest("a", 2));
        await ChangeAsync("a.shop.svc Record");
        var second = _segment.RecordOf("a.shop.svc")!;
        Assert.Equal((first.Uid, 2), (second.Uid, second.Slices[0].Count));
        Assert.True(second.Version > first.Version);

        Write("b.yaml", Manifest("b", 1));
        await ChangeAsync("b.shop.svc Record");
        File.Delete(Path.Combine(_folder, "a.yaml"));
        await ChangeAsync("a.shop.svc Withdrawn");
        Replace("a.yaml", Manifest("a", 1));
        await ChangeAsync("a.shop.svc Record");
        var third = _segment.RecordOf("a.shop.svc")!;
        Assert.Equal(first.Uid, third.Uid);
        Assert.True(third.Version > second.Version);
    }

    [Fact]
    public async Task Run_BundleAndGateway_ArePublishedKeptOverARestartAndWithdrawn()
    {
        var authority = new CertificateAuthority("us1.example", TimeProvider.System.GetUtcNow());
        var bundle = $"""
            apiVersion: certificates.k8s.io/v1beta1
            kind: ClusterTrustBundle
            metadata: {"{name: us1, annotations: {fairlead.dev/trust-domain: us1.example}}"}
            spec:
              trustBundle: |
                {authority.Certificate.ExportCertificatePem().ReplaceLineEndings("\n    ")}
            """;
        Write("bundle.yaml", bundle);
        Write("gateway.yaml", """
            apiVersion: gateway.networking.k8s.io/v1
            kind: Gateway
            metadata: {name: east-west, namespace: mesh, labels: {topology.istio.io/network: vpc-2}}
            spec: {listeners: [{name: tls, port: 15443, protocol: TLS}], addresses: [{value: 10.9.9.9}]}
            """);
        await StartAsync();
        Assert.Equal(
            Convert.ToBase64String(authority.Certificate.RawData), Assert.Single(Published<Bundle>().X509));
        Assert.Equal(["10.9.9.9:15443"], Published<Gateway>().Addresses.Select(address => address.Text));

        await StopAsync();
        var entries = _anchors.Sum(anchor => anchor.Entries);
        await StartAsync();
        Assert.Equal(entries, _anchors.Sum(anchor => anchor.Entries));

        File.Delete(Path.Combine(_folder, "bundle.yaml"));
        await ChangeAsync("bundle/us1.example Withdrawn");
        var first = Published<Gateway>().Version;
        File.Delete(Path.Combine(_folder, "gateway.yaml"));
        await ChangeAsync("gateway/vpc-2 Withdrawn");

        // Back again: above the version that was withdrawn.
        Write("bundle.yaml", bundle);
        await ChangeAsync("bundle/us1.example Bundle");
        Assert.True(Published<Bundle>().Version > first);
    }

    [Fact]
    public async Task Run_BadFile_KeepsServingAndSaysWhere()
    {
        Write("a.yaml", Manifest("a", 1));
        await StartAsync();
        await ChangeAsync("a.shop.svc Record");
        Replace("a.yaml", Manifest("a", 1).Replace("port: 18080", "port: 99999", StringComparison.Ordinal));
        Replace("b.yaml", Manifest("b", 1));
        await ChangeAsync("b.shop.svc Record");
        var problems = await _admin.GetFromJsonAsync<string[]>("/problems", TestContext.Current.CancellationToken);
        Assert.Contains("a.yaml:13: port '99999' is no port", problems![0], StringComparison.Ordinal);
        Assert.NotNull(_segment.RecordOf("a.shop.svc"));
        Replace("a.yaml", Manifest("a", 2));
        await ChangeAsync("a.shop.svc Record");
    }

    [Fact]
    public async Task Run_AgainWithABrokenFile_WithdrawsNothing()
    {
        _rescan = TimeSpan.FromMilliseconds(100);
        Write("a.yaml", Manifest("a", 1));
        await StartAsync();
        await ChangeAsync("a.shop.svc Record");
        await StopAsync();
        Write("a.yaml", "kind: [");
        await StartAsync();
        Assert.NotNull(_segment.RecordOf("a.shop.svc"));
        File.Delete(Path.Combine(_folder, "a.yaml"));
        await ChangeAsync("a.shop.svc Withdrawn");
    }

    /// <summary>Endpoints stand in slices, of which a record holds the digests alone.</summary>
    [Fact]
    public async Task Run_AgainWithABrokenFileWhenARenewalIsDue_RenewsWhatThePublisherSigned()
    {
        Write("a.yaml", Manifest("a", 3));
        await StartAsync();
        await ChangeAsync("a.shop.svc Record");
        var before = _segment.RecordOf("a.shop.svc")!;
        await StopAsync();
        Write("a.yaml", "kind: [");
        _time.Offset = TimeSpan.FromMinutes(45); // of an hour
        await StartAsync();
        await ChangeAsync("a.shop.svc Record");
        var after = _segment.RecordOf("a.shop.svc")!;
        Assert.Equal((before.Uid, 3), (after.Uid, after.Slices[0].Count));
        Assert.True(after.Expires > before.Expires);
    }

    [Fact]
    public async Task Run_FolderThatIsLost_IsTold()
    {
        _rescan = TimeSpan.FromMilliseconds(100);
        Write("a.yaml", Manifest("a", 1));
        await StartAsync();
        Directory.Move(_folder, _folder + "-away");
        try
        {
            await ProblemsAsync(problems => problems is [var one]
                && one.StartsWith("the folder cannot be read: ", StringComparison.Ordinal));
            Assert.NotNull(_segment.RecordOf("a.shop.svc"));
        }
        finally
        {
            Directory.Move(_folder + "-away", _folder);
        }

        await ProblemsAsync(problems => problems.Length == 0);

        Task ProblemsAsync(Predicate<string[]> wanted) => Eventually.HoldsAsync(
            async () => await _admin.GetFromJsonAsync<string[]>("/problems", TestContext.Current.CancellationToken),
            problems => wanted(problems!), Patience, TestContext.Current.CancellationToken);
    }

    [Fact]
    public async Task Run_AgainUnchanged_PublishesNothingAndContinuesLater()
    {
        Write("a.yaml", Manifest("a", 1));
        await StartAsync();
        await ChangeAsync("a.shop.svc Record");
        var before = _segment.RecordOf("a.shop.svc")!;
        await StopAsync();
        var entries = _anchors.Sum(anchor => anchor.Entries);
        await StartAsync();
        Assert.Equal(entries, _anchors.Sum(anchor => anchor.Entries));
        Replace("a.yaml", Manifest("a", 2));
        await ChangeAsync("a.shop.svc Record");
        Assert.Equal(before.Uid, _segment.RecordOf("a.shop.svc")!.Uid);
    }

    [Fact]
    public async Task Run_TwoAnchorsDown_PublishesThroughTheOthers()
    {
        _anchors[0].IsDown = _anchors[2].IsDown = true;
        Write("a.yaml", Manifest("a", 1));
        await StartAsync();
        Assert.NotNull(_segment.RecordOf("a.shop.svc"));
        Assert.Equal((1, 1), (_anchors[1].Entries, _anchors[3].Entries));
    }

    [Fact]
    public async Task Run_AnchorThatRefusesEverything_IsOutvoted()
    {
        _anchors[1].Refusal = "PublisherRevoked: says I";
        Write("a.yaml", Manifest("a", 1));
        await StartAsync();
        Assert.NotNull(_segment.RecordOf("a.shop.svc"));
    }

    /// <summary>The epoch says how many anchors have an honest one among them, not who wrote the list of them; and the
    /// list, where one of them shows an older epoch that tolerates fewer.</summary>
    [Theory]
    [InlineData(4, null, 1, 2)]
    [InlineData(2, null, 2, 2)]
    [InlineData(4, 1, 3, 3)]
    [InlineData(4, 3, 2, 3)]
    public async Task Run_TakesItsCopiesFromTheEpoch_AndTheOptionOnlyRaisesThem(
        int listed, int? atLeast, int tolerant, int expected)
    {
        (_listed, _atLeast, _tolerant) = (listed, atLeast, new(tolerant));
        Write("a.yaml", Manifest("a", 1));
        await StartAsync();
        Assert.Equal(expected, _anchors.Sum(anchor => anchor.Entries));
    }

    [Fact]
    public async Task Run_EpochThatToleratesMore_IsFollowed()
    {
        Write("a.yaml", Manifest("a", 1));
        await StartAsync();
        Assert.Equal(2, _anchors.Sum(anchor => anchor.Entries));
        _tolerant = new(4);
        Replace("a.yaml", Manifest("a", 2));

        // All that there are: with the new record, or before that with the one that was there.
        await Eventually.HoldsAsync(
            () => Task.FromResult(_anchors.Count(anchor => anchor.Entries > 0)), asked => asked == 4, Patience,
            TestContext.Current.CancellationToken);
    }

    [Fact]
    public async Task Run_FewerAnchorsThanTheEpochNeeds_PublishesNothing()
    {
        (_listed, _tolerant) = (1, new(2));
        Write("a.yaml", Manifest("a", 1));
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        var log = new Said("`anchors` names 1, and the segment's epoch needs 2");
        var running = Host(new(IPAddress.Loopback, 0), log).RunAsync(_ => Assert.Fail("it is not ready"), stop.Token);
        await log.Heard.WaitAsync(Patience, stop.Token);
        await stop.CancelAsync();
        await running;
        Assert.Equal(0, _anchors[0].Entries);
    }

    /// <summary>Said 30 days before, for everything that is published ends then.</summary>
    [Fact]
    public async Task Run_CredentialThatEnds_IsWarnedOfAndNothingIsSignedBeyondIt()
    {
        var end = _time.GetUtcNow().ToUnixTimeMilliseconds() + 1_800_000; // half of a record's life
        _segment.CredentialEnd = end;
        Write("a.yaml", Manifest("a", 1));
        var log = new Said($"the Credential of {_signer.Key.Kid} ends at ");
        await StartAsync(log);
        await log.Heard.WaitAsync(Patience, TestContext.Current.CancellationToken);
        Assert.Equal(end, _segment.RecordOf("a.shop.svc")!.Expires);
        var ready = await _admin.GetFromJsonAsync<JsonElement>("/ready", TestContext.Current.CancellationToken);
        Assert.Equal(end, ready.GetProperty("credential_expires").GetInt64());
    }

    [Fact]
    public async Task Run_AdminPortInUse_Fails()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var host = Host((IPEndPoint)listener.LocalEndpoint);
        await Assert.ThrowsAsync<Fairlead.Hosting.StartException>(
            () => host.RunAsync(_ => { }, TestContext.Current.CancellationToken));
    }

    private static string Manifest(string name, int endpoints, bool isExported = true) => ManifestGenerator.Write(new()
    {
        Name = name,
        Endpoints = [.. Enumerable.Range(1, endpoints).Select(item => new IPAddress([10, 0, 0, (byte)item]))],
        IsExported = isExported,
    });

    private T Published<T>()
        where T : PublishedLeaf, IDocument<T> => Assert.Single(_segment.Leaves.Select(
            leaf => Document.TryParse<T>(leaf.Bytes, out var parsed, out _) ? parsed.Value : null).OfType<T>());

    private void Write(string file, string text) => File.WriteAllText(Path.Combine(_folder, file), text);

    // As editors and tools do that care: written beside it, then renamed into place.
    private void Replace(string file, string text)
    {
        var spare = Path.Combine(_folder, $".{file}.tmp");
        File.WriteAllText(spare, text);
        File.Move(spare, Path.Combine(_folder, file), overwrite: true);
    }

    private async Task ChangeAsync(string change)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        patience.CancelAfter(Patience);
        while (await _segment.Changes.ReadAsync(patience.Token) != change)
        {
        }
    }

    private ControllerHost Host(IPEndPoint admin, ILogger? logger = null) => new(
        new()
        {
            Admin = admin,
            Metrics = new(IPAddress.Loopback, 0),
            Anchors = [.. Enumerable.Range(1, 4).Select(port => new IPEndPoint(IPAddress.Loopback, port))],
            Copies = _atLeast,
            Debounce = TimeSpan.FromMilliseconds(10),
            Genesis = default,
            Manifests = _folder,
            PublisherKey = string.Empty,
            RecordLife = TimeSpan.FromHours(1),
            Rescan = _rescan,
            Segment = SegmentName.Parse("us1.internal"),
            TtlMax = TimeSpan.FromSeconds(60),
        },
        _signer,
        _anchors[.._listed],
        () => new SegmentTerms(_tolerant.Copies, Limits.RecordLifeMax),
        _time,
        new Random(1),
        RandomNumberGenerator.Fill,
        logger ?? NullLogger.Instance);

    private sealed record Tolerant(int Copies);

    /// <summary>The machine's clock, set forward.</summary>
    private sealed class ShiftedTime : TimeProvider
    {
        internal TimeSpan Offset { get; set; }

        public override DateTimeOffset GetUtcNow() => System.GetUtcNow() + Offset;
    }

    /// <summary>Ends a wait when something is logged.</summary>
    private sealed class Said(string part) : ILogger
    {
        private readonly TaskCompletionSource _heard = new(TaskCreationOptions.RunContinuationsAsynchronously);

        internal Task Heard => _heard.Task;

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(
            LogLevel logLevel, EventId eventId, TState state, Exception? exception,
            Func<TState, Exception?, string> formatter)
        {
            if (formatter(state, exception).Contains(part, StringComparison.Ordinal))
            {
                _heard.TrySetResult();
            }
        }
    }

    private CancellationTokenSource? _current;

    private async Task StartAsync(ILogger? logger = null)
    {
        _current = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token);
        var ready = new TaskCompletionSource<string>(TaskCreationOptions.RunContinuationsAsynchronously);
        _run = Host(new(IPAddress.Loopback, 0), logger).RunAsync(ready.SetResult, _current.Token);
        var first = await Task.WhenAny(ready.Task, _run).WaitAsync(Patience, TestContext.Current.CancellationToken);
        await first;
        _admin.Dispose();
        _admin = new() { BaseAddress = new(await ready.Task) };
    }

    private async Task StopAsync()
    {
        if (_current is not null)
        {
            await _current.CancelAsync();
            await _run.WaitAsync(Patience, CancellationToken.None);
            _current.Dispose();
            _current = null;
        }
    }
}
