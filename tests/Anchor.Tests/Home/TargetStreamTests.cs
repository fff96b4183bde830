using System.Collections.Concurrent;
using System.Net;
using System.Threading.Channels;
using Fairlead.Anchor.Home;
using Fairlead.Anchor.Home.Introductions;
using Fairlead.Anchor.Serving;
using Fairlead.Anchor.Tests.Home.Reports;
using Fairlead.Anchor.Tests.Serving;
using Fairlead.Naming;
using Fairlead.Naming.Traversal;
using Fairlead.Protocol;
using Fairlead.Protocol.V1;
using Fairlead.Resolver.Anchors;
using Fairlead.Rpc;
using Fairlead.TestKit;
using Microsoft.Extensions.Logging.Abstractions;
using Attest = Fairlead.Naming.Attest;
using Query = Fairlead.Naming.Query;
using Subject = Fairlead.Naming.Subject;

namespace Fairlead.Anchor.Tests.Home;

/// <summary>What one name of a home suffers on its stream to a target's anchor, whose words are the test's.</summary>
public sealed class TargetStreamTests : IAsyncDisposable
{
    private const ulong Good = 1;
    private const ulong Denied = 2;

    private readonly EvidenceWorld _world = new();
    private readonly AttestBook _attests;
    private readonly Channel<SubscribeResponse> _said = Channel.CreateUnbounded<SubscribeResponse>();
    private readonly Channel<ulong> _opened = Channel.CreateUnbounded<ulong>();
    private readonly Channel<SubscribeRequest> _asked = Channel.CreateUnbounded<SubscribeRequest>();
    private readonly ConcurrentDictionary<ulong, RelayedName> _names = new();
    private readonly SemaphoreSlim _changed = new(0);
    private readonly Wakeup _wakeup;
    private readonly CancellationTokenSource _bounded =
        CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);

    private TlsIdentity _identity = new(TestKeys.Ecdsa(302), TimeProvider.System);
    private TestSegment _segment;
    private SegmentView _target;
    private AttestBook _ofTarget;

    public TargetStreamTests()
    {
        _bounded.CancelAfter(TimeSpan.FromMinutes(2));
        _wakeup = new Wakeup(_world.Context.Time);
        _world.Home.PeerWith(_world.Own);
        _segment = _world.Home;
        _target = TestView.Of(_segment, Now);
        _attests = Book(_world.Own.Seal(0));
        _ofTarget = Book(_segment.Seal(0));
        _world.Serve();
        _names[Good] = Name(Good, "open");
        _names[Denied] = Name(Denied, "closed");
    }

    private long Now => _world.Context.Now();

    public async ValueTask DisposeAsync()
    {
        await _attests.DisposeAsync();
        await _ofTarget.DisposeAsync();
        await _world.DisposeAsync();
        _identity.Dispose();
        _bounded.Dispose();
    }

    /// <summary>A denial that came too late for this clock is the trouble of its name: the stream stays, the other
    /// names go on, and the name is asked for again.</summary>
    [Fact]
    public async Task Denial_ThatIsOver_EndsNothingOfOtherNames()
    {
        await using var server = await ServeAsync();
        await using var client = ClientOf(server);
        var running = Stream(client).RunAsync(_bounded.Token);
        Assert.Equal([Good, Denied], new[] { await OpenedAsync(), await OpenedAsync() }.Order());

        Say(Good, Absent(Good, knownEpoch: null));
        await UntilAsync(running, () => _names[Good].Read().Current is not null);
        var first = _names[Good].Read().Current;
        Say(Denied, Denial(Now - 100_000, Now));
        await UntilAsync(running, () => _names[Denied].Read().Failure is not null);
        Assert.Equal(VerificationFailure.AttestationExpired, _names[Denied].Read().Failure!.Failure);

        Say(Good, Absent(Good, _target.Epoch.Value.Number));
        await UntilAsync(running, () => !ReferenceEquals(_names[Good].Read().Current, first));

        _world.Time.Advance(TimeSpan.FromSeconds(3));
        Assert.Equal(Denied, await OpenedAsync());
        Say(Denied, Denial(Now, Now + 20_000));
        await UntilAsync(running, () => _names[Denied].Read().Current is { Result: AnswerResult.Denied });
        Assert.Null(_names[Denied].Read().Failure);

        await _bounded.CancelAsync();
        await Assert.ThrowsAnyAsync<Exception>(() => running);
    }

    /// <summary>Epochs come but once on a stream: those that a denial brought that is over are kept, for this anchor
    /// and for consumers that know nothing of them.</summary>
    [Fact]
    public async Task Denial_ThatIsOver_LeavesTheEpochsThatItBrought()
    {
        await using var server = await ServeAsync();
        await using var client = ClientOf(server);
        var running = Stream(client).RunAsync(_bounded.Token);
        Assert.Equal([Good, Denied], new[] { await OpenedAsync(), await OpenedAsync() }.Order());

        Say(Denied, Denial(Now - 100_000, Now, knownEpoch: null));
        await UntilAsync(running, () => _names[Denied].Read().Failure is not null);
        Assert.Equal(VerificationFailure.AttestationExpired, _names[Denied].Read().Failure!.Failure);
        Say(Good, Absent(Good, _target.Epoch.Value.Number));
        await UntilAsync(running, () => _names[Good].Read().Current is not null);
        Assert.Equal(
            _world.Home.Chain.Count, _names[Good].Read().Current!.Hops[^1].Epochs.Length);
        Assert.Equal(_target.Epoch.Digest, _world.Verifier.Chain(_world.Home.Genesis)?.Newest.Digest);

        await _bounded.CancelAsync();
        await Assert.ThrowsAnyAsync<Exception>(() => running);
    }

    /// <summary>Of many names a few are waited for at once; each answer, failure or end of one makes room for the
    /// next.</summary>
    [Fact]
    public async Task Names_ByTheHundred_AreAskedForAFewAtATime()
    {
        const int at = 64;
        _names.Clear();
        for (var id = 1ul; id <= 100; id++)
        {
            _names[id] = Name(id, $"n{id}");
        }

        await using var server = await ServeAsync();
        await using var client = ClientOf(server);
        var running = Stream(client).RunAsync(_bounded.Token);
        var opened = new List<ulong>();
        for (var i = 0; i < at; i++)
        {
            opened.Add(Assert.IsType<Open>((await AskedAsync()).Open).Id);
        }

        // One is closed and one opened for each that goes, in either order, since room is made as soon as it is gone:
        // whatever was opened too early is there in their place.
        foreach (var id in opened.Take(3).ToList())
        {
            await EndAsync(id);
        }

        foreach (var id in opened.Skip(3).Take(3).ToList())
        {
            _said.Writer.TryWrite(new SubscribeResponse
            {
                Failed = new Failed { Id = id, Failure = nameof(VerificationFailure.BadName), Detail = "test" },
            });
            opened.Add(Assert.IsType<Open>((await AskedAsync()).Open).Id);
        }

        await EndAsync(opened[^1]);
        Assert.Equal(at + 7, opened.Distinct().Count());
        await _bounded.CancelAsync();
        await Assert.ThrowsAnyAsync<Exception>(() => running);

        async Task EndAsync(ulong id)
        {
            _names.TryRemove(id, out _);
            _wakeup.Signal();
            SubscribeRequest[] both = [await AskedAsync(), await AskedAsync()];
            Assert.Equal(id, Assert.Single(both, one => one.Close is not null).Close.Id);
            opened.Add(Assert.Single(both, one => one.Open is not null).Open.Id);
        }
    }

    /// <summary>An answer is about one name: an update that names it again and again is checked for none.</summary>
    [Theory]
    [InlineData(2, VerificationFailure.BadEnvelope)]
    [InlineData(Limits.ListItems + 1, VerificationFailure.TooLarge)]
    public async Task Update_OfMoreThanOneSubscription_EndsTheStream(int ids, VerificationFailure failure)
    {
        await using var server = await ServeAsync();
        await using var client = ClientOf(server);
        var running = Stream(client).RunAsync(_bounded.Token);
        Assert.Equal([Good, Denied], new[] { await OpenedAsync(), await OpenedAsync() }.Order());
        Say(Good, Absent(Good, knownEpoch: null), ids);
        Assert.Equal(failure, (await running).Failure);
        Assert.Null(_names[Good].Read().Current);
    }

    /// <summary>Slices that are not those of the record, as more anchors show them than may lie: that name is refused,
    /// and the others go on.</summary>
    [Fact]
    public async Task Slices_ThatMoreThanFAnchorsShowWrong_EndNothingOfOtherNames()
    {
        await using var server = await ServeAsync();
        await using var client = ClientOf(server);
        var running = Stream(client).RunAsync(_bounded.Token);
        Assert.Equal([Good, Denied], new[] { await OpenedAsync(), await OpenedAsync() }.Order());
        for (var other = 0; other < _target.Epoch.Value.Quorum.F; other++)
        {
            _names[Denied].RefusedBy(IpEndpoint.Parse($"10.0.0.{other + 1}:1"));
        }

        Say(Good, Absent(Good, knownEpoch: null));
        await UntilAsync(running, () => _names[Good].Read().Current is not null);
        var first = _names[Good].Read().Current;
        var stray = TestLeaves.Slice("closed.shop.svc", 8080, "10.0.0.1").Payload;
        Say(Denied, Absent(Denied, _target.Epoch.Value.Number), slices: stray);
        await UntilAsync(running, () => _names[Denied].Read().Failure is not null);
        Assert.Equal(VerificationFailure.SliceMismatch, _names[Denied].Read().Failure!.Failure);

        Say(Good, Absent(Good, _target.Epoch.Value.Number));
        await UntilAsync(running, () => !ReferenceEquals(_names[Good].Read().Current, first));
        await _bounded.CancelAsync();
        await Assert.ThrowsAnyAsync<Exception>(() => running);
    }

    /// <summary>V28 upwards: that a parent names this segment too is a proof that its anchor puts in. One that leaves
    /// it out loses its own stream, and what other anchors showed of the parent is held on.</summary>
    [Fact]
    public async Task Parent_WhoseAnchorWithholdsTheLinkBack_LosesItsStreamAndEndsNothingHeld()
    {
        await AskParentAsync();
        await using var server = await ServeAsync();
        await using var client = ClientOf(server);
        var running = Stream(client).RunAsync(_bounded.Token);
        Assert.Equal([Good, Denied], new[] { await OpenedAsync(), await OpenedAsync() }.Order());
        Say(Good, Absent(Good, knownEpoch: null, child: "us1"));
        await UntilAsync(running, () => _names[Good].Read().Current is not null);
        var held = _names[Good].Read().Current;

        Say(Denied, Absent(Denied, _target.Epoch.Value.Number));
        Assert.Equal(VerificationFailure.LinkNotAccepted, (await running).Failure);
        Assert.Same(held, _names[Good].Read().Current);
    }

    // The names are those of the segment above this one instead.
    private async Task AskParentAsync()
    {
        var parent = new TestSegment(new TestSegmentOptions { Name = "internal", FirstKey = 500 });
        parent.LinkTo(_world.Own);
        _world.Own.Advance(OpType.Join, epoch => epoch with { Uplinks = [parent.UplinkAs("us1")] });
        _world.Serve();
        await _ofTarget.DisposeAsync();
        _identity.Dispose();
        _identity = new TlsIdentity(TestKeys.Ecdsa(502), TimeProvider.System);
        (_segment, _target, _ofTarget) = (parent, TestView.Of(parent, Now), Book(parent.Seal(0)));
        _names[Good] = Name(Good, "open");
        _names[Denied] = Name(Denied, "closed");
        Assert.Equal(HopKind.Up, _world.Context.Views.Current!.Towards(parent.Name)!.Kind);
    }

    /// <summary>What was asked by a clock that leapt ahead is answered as soon as anything, or the anchor withholds.
    /// </summary>
    [Fact]
    public async Task Silence_OfAnAnchorAskedInALeapOfTheClock_IsNoticedInTime()
    {
        await using var server = await ServeAsync();
        await using var client = ClientOf(server);
        _world.Time.Leap(TimeSpan.FromHours(1));
        var running = Stream(client).RunAsync(_bounded.Token);
        Assert.Equal([Good, Denied], new[] { await OpenedAsync(), await OpenedAsync() }.Order());
        _world.Time.Leap(TimeSpan.Zero);
        _world.Time.Advance(TimeSpan.FromSeconds(4));
        Assert.Equal(VerificationFailure.Behind, (await running).Failure);
    }

    private static AttestBook Book(ISigner seal) => new(
        new AttestMint(seal), static (_, _, _, _) => throw new NotSupportedException("nobody"),
        static (_, _) => false, TimeProvider.System, NullLogger.Instance);

    private AnchorClient ClientOf(RpcServer server) => new(
        IpEndpoint.Of(IPAddress.Loopback, server.Endpoints[0].Address!.Port), _world.Context.Transport,
        TimeProvider.System);

    private TargetStream Stream(AnchorClient client)
    {
        var onward = _world.Context.Views.Current!.Towards(_segment.Name)!;
        var way = new Way(
            _world.Own.Newest.Digest, [], AnswerResult.Record, onward, long.MaxValue, long.MaxValue);
        return new TargetStream(
            _world.Context, _world.Verifier, _attests, client, _names, _wakeup)
        {
            Way = way,
            CurrentWay = () => way,
            Epochs = new EpochLog(),
        };
    }

    private RelayedName Name(ulong id, string service)
    {
        var pod = new Subject { Namespace = "shop", Account = service };
        var query = Document.Make(new Query
        {
            Home = _world.Own.Genesis,
            Name = FullName.Parse($"{service}.shop.svc.{_segment.Name.Text}"),
            Subject = Hashes.Subject(_world.Own.Genesis, pod),
        });
        var name = new RelayedName(id, query, new Consumer(_world.Own.Genesis, pod));
        name.Changed += () => _changed.Release();
        return name;
    }

    private UnverifiedHop Absent(ulong id, long? knownEpoch, string? child = null) => TargetAnswers.Build(
        _target, _ofTarget, _names[id].Consumer, _names[id].Query.Value.Name.Service!, child,
        _segment == _world.Home ? HopKind.Peer : HopKind.Up, knownEpoch, Now, out _)!.Hop;

    private UnverifiedHop Denial(long issued, long expires) => Denial(issued, expires, _target.Epoch.Value.Number);

    private UnverifiedHop Denial(long issued, long expires, long? knownEpoch)
    {
        var name = _names[Denied];
        var attest = AttestTerms.OfTarget(_target, name.Consumer, name.Query.Value.Name.Service!).Draft(_target, issued)
            with { Decision = RuleEffect.Deny, Rule = null, Expires = expires, Renew = expires };
        return HopBuilder.Denial(
            _target, HopKind.Peer, knownEpoch, Envelope.Sign<Attest>(
                Document.Make(attest), _world.Home.Seal(0)));
    }

    private void Say(
        ulong id, UnverifiedHop hop, int times = 1, params ReadOnlyMemory<byte>[] slices)
    {
        var result = hop.Seal is null ? AnswerResult.Denied : AnswerResult.Negative;
        var answer = new UnverifiedAnswer(_names[id].Query.Payload, [hop], result, [.. slices]);
        _said.Writer.TryWrite(new SubscribeResponse
        {
            Update = new Update
            {
                Ids = { Enumerable.Repeat(id, times) }, Answer = WireWriter.ToMessage(answer),
            },
        });
    }

    private ValueTask<SubscribeRequest> AskedAsync() => _asked.Reader.ReadAsync(_bounded.Token);

    private ValueTask<ulong> OpenedAsync() => _opened.Reader.ReadAsync(_bounded.Token);

    private async Task UntilAsync(Task<Refusal> running, Func<bool> holds)
    {
        while (!holds())
        {
            var changed = _changed.WaitAsync(_bounded.Token);
            Assert.True(
                await Task.WhenAny(running, changed) == changed,
                running.IsCompletedSuccessfully ? (await running).ToString() : running.Exception?.ToString());
            await changed;
        }
    }

    private Task<RpcServer> ServeAsync() => RpcServer.StartAsync(
        new RpcServerOptions
        {
            Endpoints = { RpcEndpoint.Tcp(new IPEndPoint(IPAddress.Loopback, 0), new RpcServerTls(_identity)) },
            Services =
            {
                ServerServiceDefinition.CreateBuilder().AddMethod(AnchorMethods.Subscribe, SubscribeAsync).Build(),
            },
        },
        _bounded.Token);

    private async Task SubscribeAsync(
        IAsyncStreamReader<SubscribeRequest> requests, IServerStreamWriter<SubscribeResponse> responses,
        ServerCallContext context)
    {
        var reading = ReadAsync(requests, context.CancellationToken);
        await foreach (var response in _said.Reader.ReadAllAsync(context.CancellationToken))
        {
            await responses.WriteAsync(response, context.CancellationToken);
        }

        await reading;
    }

    private async Task ReadAsync(IAsyncStreamReader<SubscribeRequest> requests, CancellationToken cancellationToken)
    {
        while (await requests.MoveNext(cancellationToken))
        {
            _asked.Writer.TryWrite(requests.Current);
            if (requests.Current.Open is { } open)
            {
                _opened.Writer.TryWrite(open.Id);
            }
        }
    }
}
