using System.Collections.Frozen;
using System.Globalization;
using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using System.Text.Json;
using Fairlead.Controller.Admin;
using Fairlead.Controller.Anchors;
using Fairlead.Controller.Documents;
using Fairlead.Controller.Manifests;
using Fairlead.Controller.Publishing;
using Fairlead.Naming;
using Fairlead.TestKit;
using Fairlead.TestKit.Processes;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Fairlead.Controller.Tests;

/// <summary>The loop around the engine, and what it shows of it.</summary>
public sealed class PublisherShellTests : IDisposable
{
    private const string Name = "a.shop.svc";
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan RecordLife = TimeSpan.FromHours(2);
    private readonly string _folder = Directory.CreateTempSubdirectory("fairlead-shell-").FullName;
    private readonly ManualTimeProvider _time = new();
    private readonly EcdsaSigner _signer = TestKeys.Signer(77);

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    /// <summary>Inputs that never end keep nothing from going out.</summary>
    [Fact]
    public async Task Run_InputsThatBringOthers_AreTakenATurnAtATime()
    {
        const int inputs = 5_000;
        var wasSent = false;
        var anchor = new SealingAnchor();
        var maker = new Busy();
        var shell = Shell(maker, anchor);
        maker.Signing = count =>
        {
            // The loop stands here until a call is made, which it began in an earlier turn or never will.
            wasSent |= count == inputs / 2 && anchor.Published.Wait(Patience);
            if (count < inputs)
            {
                shell.Desire(Of(count.ToString(CultureInfo.InvariantCulture)));
            }
        };
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        var running = shell.RunAsync(stop.Token);
        shell.Desire(Of("first"));
        await shell.Settled.WaitAsync(2 * Patience, stop.Token);
        Assert.True(wasSent);
        await stop.CancelAsync();
        await running;
    }

    /// <summary>Whoever asks the open port often has all names listed once a second at most.</summary>
    [Fact]
    public async Task Numbers_WithinASecond_AreTheSameListing()
    {
        var shell = Shell(new FakeMaker(), new SealingAnchor());
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        var running = shell.RunAsync(stop.Token);
        using var watcher = Watcher();
        var pages = Pages(shell, watcher);
        Assert.Equal(0, await RecordsAsync());
        shell.Desire(Of("1"));
        await shell.Settled.WaitAsync(Patience, stop.Token);
        _time.Advance(TimeSpan.FromMilliseconds(999));
        Assert.Equal(0, await RecordsAsync());
        _time.Advance(TimeSpan.FromMilliseconds(1));
        Assert.Equal(1, await RecordsAsync());
        await stop.CancelAsync();
        await running;

        async Task<double> RecordsAsync() => (await pages.NumbersAsync(stop.Token)).Metrics
            .Single(one => one.Name == "fairlead_controller_records").Samples.Sum(one => one.Value);
    }

    /// <summary>One file that cannot be read holds back what it may be a part of.</summary>
    [Fact]
    public async Task Problems_NameWhatIsHeldBack()
    {
        var segment = new InMemorySegment(_signer.Key);
        var now = _time.GetUtcNow().ToUnixTimeMilliseconds();
        var published = KnownLeavesTests.Record("10.0.0.1", _signer.Key.Kid);
        var maker = new DocumentMaker(_signer, RandomNumberGenerator.Fill);
        Assert.Null(segment.Offer(maker.Sign(
            new(published, new(Name, maker.DrawUid(), now, now + 3_600_000, published), now))));
        var shell = Shell(maker, new InMemoryAnchor(segment, 0));
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        var running = shell.RunAsync(stop.Token);
        using var watcher = Watcher();
        var pages = Pages(shell, watcher);
        var desired = KnownLeavesTests.Record(null, _signer.Key.Kid);
        shell.Desire(new(
            new Dictionary<string, Content> { [Name] = desired }, FrozenSet<string>.Empty, IsComplete: false));
        await shell.Settled.WaitAsync(Patience, stop.Token);
        Assert.StartsWith($"{Name} stays as it is published", Assert.Single(await ProblemsAsync()),
            StringComparison.Ordinal);
        var metrics = await pages.NumbersAsync(stop.Token);
        Assert.Equal(1, metrics.Metrics.Single(one => one.Name == "fairlead_controller_manifest_problems")
            .Samples.Single().Value);
        shell.Desire(new(
            new Dictionary<string, Content> { [Name] = desired }, FrozenSet<string>.Empty, IsComplete: true));
        Assert.Empty(await ProblemsAsync());
        await stop.CancelAsync();
        await running;

        async Task<string[]> ProblemsAsync() =>
            JsonSerializer.Deserialize<string[]>((await pages.Admin["/problems"](stop.Token)).Body.Span)!;
    }

    /// <summary>Where 2F+1 were heard F that lie move the end by nothing; where fewer were they bring it no nearer. An
    /// older one shows none.</summary>
    [Theory]
    [InlineData(5L, 9L, 9L)]
    [InlineData(1L, 9L, 9L)]
    [InlineData(5L, 5L, 9L, 5L)]
    [InlineData(5L, 5L, null, 5L)]
    [InlineData(5L, 5L, 1L, 5L)]
    [InlineData(5L, null, null)]
    [InlineData(null, null, null)]
    [InlineData(null, null, 5L, null)]
    [InlineData(5L, null)]
    public void CredentialEnd_IsWhatMoreThanFSay(params long?[] heardAndBelieved) => Assert.Equal(
        heardAndBelieved[^1], KnownLeaves.CredentialEnd(heardAndBelieved[..^1], copies: 2));

    [Fact]
    public void CredentialEnd_OfOneAnchor_IsThatOfTheOwnKey()
    {
        var key = _signer.Key;
        Assert.Equal(9, KnownLeaves.CredentialEnd(Shown(9, key), key));
        Assert.Null(KnownLeaves.CredentialEnd([], key));
        Assert.Null(KnownLeaves.CredentialEnd(Shown(9, TestKeys.Key(78)), key));
        Assert.Null(KnownLeaves.CredentialEnd([new(LeafClass.Credential, new byte[] { 1 })], key));

        static IReadOnlyList<StateLeaf> Shown(long end, PublicKey key) =>
            [.. new InMemorySegment(key) { CredentialEnd = end }.Credentials];
    }

    /// <summary>Whoever is heard first: more than F+1 are, as long as they are there.</summary>
    [Theory]
    [InlineData(-1)]
    [InlineData(1)]
    public async Task CredentialEnd_ThatOneAnchorLiesAbout_IsThatOfTheOthers(int lie)
    {
        const long end = 100 * Limits.Day;
        var anchors = Enumerable.Range(0, 3)
            .Select(i => new InMemoryAnchor(
                new InMemorySegment(_signer.Key) { CredentialEnd = i == 0 ? end + lie : end }, i))
            .ToList();
        var shell = new PublisherShell(
            new PublisherEngine(
                new() { Anchors = 3, RecordLife = TimeSpan.FromHours(1) }, new FakeMaker(), new Random(1)),
            anchors, () => new SegmentTerms(2, Limits.RecordLifeMax), _signer.Key, new(), _time, NullLogger.Instance);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        var running = shell.RunAsync(stop.Token);
        await Eventually.HoldsAsync(
            async () => (await shell.StatusAsync(stop.Token)).CredentialEnd, believed => believed == end, Patience,
            stop.Token);
        await stop.CancelAsync();
        await running;
    }

    /// <summary>Each day from the thirtieth before the end, also when it is over.</summary>
    [Fact]
    public void CredentialWatch_WarnsOnceADay()
    {
        var log = new KeptLines();
        var watch = new CredentialWatch(_signer.Key.Kid, "publisher.pem", log);
        const long end = 100 * Limits.Day;
        watch.Warn(null, 0);
        watch.Warn(end, end - (30 * Limits.Day) - 1);
        Assert.Empty(log.Lines);
        watch.Warn(end, end - (30 * Limits.Day));
        watch.Warn(end, end - (30 * Limits.Day));
        Assert.Contains("in 30 days", Assert.Single(log.Lines), StringComparison.Ordinal);
        watch.Warn(end, end - (29 * Limits.Day));
        Assert.Equal(2, log.Lines.Count);
        watch.Warn(end, end);
        watch.Warn(end, end + Limits.Day - 1);
        Assert.Equal(3, log.Lines.Count);
        watch.Warn(end, end + Limits.Day);
        Assert.Contains("ended at 1970-04-11T00:00:00Z", log.Lines[^1], StringComparison.Ordinal);
        Assert.Equal(4, log.Lines.Count);
    }

    /// <summary>The anchors refuse what it signs until it read what was signed before it, and each refusal has it read
    /// their State.</summary>
    [Theory]
    [InlineData("10.0.0.1")]
    [InlineData("10.0.0.2")]
    [InlineData("10.0.0.2", 60)]
    [InlineData(null)]
    [InlineData(null, 60)]
    public async Task Restart_WithAClockFarBehind_GoesOnAboveWhatWasSigned(
        string? address, int minutes = 30 * 24 * 60)
    {
        // As by default: a record may live no longer than it does.
        var segment = new InMemorySegment(_signer.Key) { RecordLifeMax = (long)RecordLife.TotalMilliseconds };
        await PublishAsync(_time, "10.0.0.1");
        var before = segment.RecordOf(Name)!;
        await PublishAsync(new ManualTimeProvider(_time.GetUtcNow() - TimeSpan.FromMinutes(minutes)), address);
        if (address is null)
        {
            Assert.True(Document.TryParse<Withdrawn>(Assert.Single(segment.Leaves).Bytes, out var gone, out _));
            Assert.Equal(
                (before.Version + 1, before.Uid, before.Expires),
                (gone.Value.Version, gone.Value.Uid, gone.Value.Expires));
            return;
        }

        var after = segment.RecordOf(Name)!;
        Assert.Equal(before.Uid, after.Uid);
        Assert.Equal(address == "10.0.0.1" ? before.Version : before.Version + 1, after.Version);

        async Task PublishAsync(ManualTimeProvider time, string? address)
        {
            var shell = Shell(
                new DocumentMaker(_signer, RandomNumberGenerator.Fill),
                new InMemoryAnchor(segment, 0), time);
            using var stop = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
            var running = shell.RunAsync(stop.Token);
            var contents = new Dictionary<string, Content>();
            if (address is not null)
            {
                contents.Add(Name, KnownLeavesTests.Record(address, _signer.Key.Kid));
            }

            shell.Desire(new(contents, FrozenSet<string>.Empty, true));
            await Eventually.HoldsAsync(
                () =>
                {
                    time.Advance(TimeSpan.FromMilliseconds(100));
                    return Task.FromResult(shell.Settled.IsCompleted
                        && (address is not null || segment.RecordOf(Name) is null));
                },
                settled => settled, Patience, stop.Token);
            await stop.CancelAsync();
            await running;
        }
    }

    private ManifestWatcher Watcher() =>
        new(_folder, TimeSpan.FromMilliseconds(1), TimeSpan.FromHours(1), _time, NullLogger.Instance);

    private ControllerPages Pages(PublisherShell shell, ManifestWatcher watcher) => new(
        shell,
        new(
            new() { Segment = "us1.internal", Genesis = default, TtlMax = TimeSpan.FromSeconds(1) },
            _signer.Key.Kid, NullLogger.Instance),
        watcher, _time);

    private PublisherShell Shell(IDocumentMaker maker, IAnchorPublisher anchor, TimeProvider? time = null) => new(
        new PublisherEngine(new() { Anchors = 1, RecordLife = RecordLife }, maker, new Random(1)),
        [anchor], () => new SegmentTerms(1, Limits.RecordLifeMax), _signer.Key, new(), time ?? _time,
        NullLogger.Instance);

    private static DesiredState Of(string text) => new(
        new Dictionary<string, Content> { [Name] = new TextContent(Name, text) }, FrozenSet<string>.Empty, true);

    private sealed class KeptLines : ILogger
    {
        public List<string> Lines { get; } = [];

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(
            LogLevel logLevel, EventId eventId, TState state, Exception? exception,
            Func<TState, Exception?, string> formatter) => Lines.Add(formatter(state, exception));
    }

    private sealed class Busy : IDocumentMaker
    {
        private readonly FakeMaker _maker = new();

        public Action<int> Signing { get; set; } = _ => { };

        public int Count => _maker.Signed.Count;

        public Hex16 DrawUid() => _maker.DrawUid();

        public SignedEntry Sign(Plan plan)
        {
            var entry = _maker.Sign(plan);
            Signing(Count);
            return entry;
        }
    }

    private sealed class SealingAnchor : IAnchorPublisher
    {
        private readonly TaskCompletionSource _published = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task Published => _published.Task;

        public string Address => "anchor";

        public async IAsyncEnumerable<PublishReport> PublishAsync(
            IReadOnlyList<SignedEntry> entries, [EnumeratorCancellation] CancellationToken cancellationToken)
        {
            _published.TrySetResult();
            await Task.Yield();
            for (var i = 0; i < entries.Count; i++)
            {
                yield return new(i, AnchorFate.Sealed, null);
            }
        }

        public Task<IReadOnlyList<StateLeaf>> ReadStateAsync(bool withSources, CancellationToken cancellationToken) =>
            Task.FromResult<IReadOnlyList<StateLeaf>>([]);
    }
}
