using Fairlead.Anchor.Tests.Governing;
using Fairlead.Anchor.Tests.Hierarchy;
using Fairlead.Naming;
using Fairlead.Naming.Traversal;
using Fairlead.Protocol;
using Fairlead.Protocol.V1;
using Fairlead.Resolver;
using Fairlead.Resolver.Anchors;
using Fairlead.Resolver.Home;
using Fairlead.Rpc;
using Fairlead.TestKit;
using Fairlead.TestKit.Processes;

namespace Fairlead.Anchor.Tests.Cluster;

/// <summary>V38 between real anchors: evidence that one of them hears of reaches all who rely on the accused.</summary>
public sealed class EvidenceClusterTests : IAsyncLifetime
{
    private const string Checkout = "checkout.shop.svc.us1.internal";

    private readonly CancellationTokenSource _bounded =
        CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);

    private readonly Overheard _second = new();
    private readonly AnchorCluster _home;
    private readonly AnchorCluster _target = new("us1.internal", 200, ClusterClient.Subjects);
    private readonly ClusterClient _client = new();

    public EvidenceClusterTests() => _home = new("eu1.internal", 100, ClusterClient.Subjects, anchors: 2)
    {
        DecorateOne = (index, service) => index == 1 ? service.Intercept(_second) : service,
    };

    private CancellationToken Token => _bounded.Token;

    public async ValueTask InitializeAsync()
    {
        _bounded.CancelAfter(TimeSpan.FromMinutes(4));
        _home.Segment.PeerWith(_target.Segment);
        _target.Segment.PeerWith(_home.Segment);
        await Task.WhenAll(_home.StartAllAsync(), _target.StartAllAsync());
        await _client.SealAsync(_target, 0, "checkout.shop.svc", Token);
    }

    public async ValueTask DisposeAsync()
    {
        await _home.DisposeAsync();
        await _target.DisposeAsync();
        await _client.DisposeAsync();
        _bounded.Dispose();
    }

    /// <summary>A stranger tells one anchor of the home; what is none is refused by name and told to nobody. The other
    /// anchor, the pod that is subscribed there, and the accused's own anchors hear of it from them. The accused's next
    /// epoch is a new beginning for all of them.</summary>
    [Fact]
    public async Task Evidence_ToldToOneAnchor_ReachesTheOthersTheirPodsAndTheAccusedUntilItsNextEpoch()
    {
        using var identity = new TlsIdentity(TestKeys.Ecdsa(900), TimeProvider.System);
        using var stranger = new TlsIdentity(TestKeys.Ecdsa(999), TimeProvider.System);
        await using var pod = await SubscribedAtTheSecondAsync(identity);
        await using var first = ClusterClient.Client(_home, 0, stranger);
        var votes = await ExcludedAsync(first);

        // The pod hears of those as well, and asks anew for what it held by the accused's word.
        await Eventually.HoldsAsync(
            () => Task.FromResult((HeldBy(pod).Any(piece => piece.Kind == votes.Kind), pod.Names.Single().State)),
            seen => seen is (true, NameState.Fresh), TimeSpan.FromMinutes(2), Token);

        var evidence = Certificates(7_000);
        var forged = evidence with
        {
            Second = evidence.Second with { Signatures = evidence.First.Signatures },
        };
        await RefusedAsync(VerificationFailure.BadSignature, () => first.ReportAsync(forged, Token));
        await RefusedAsync(VerificationFailure.EpochUnknown, () => first.ReportAsync(OfNobody(), Token));
        Assert.Equal(NameState.Fresh, Assert.Single(pod.Names).State);

        await first.ReportAsync(evidence, Token);
        await first.ReportAsync(evidence, Token);
        var told = await Eventually.HoldsAsync(
            () => Task.FromResult(pod.Names.Single()), name => !name.IsServed, TimeSpan.FromMinutes(2), Token);
        Assert.NotEqual(NameState.Stale, told.State);
        await Eventually.HoldsAsync(
            () => Task.FromResult(HeldBy(pod).ToList()),
            held => held.Exists(piece => piece.Kind == evidence.Kind), TimeSpan.FromMinutes(2), Token);
        foreach (var anchor in new[] { 0, 1 })
        {
            await Eventually.HoldsAsync(
                () => FailureAsync(_home, anchor, Checkout), failure =>
                    failure == VerificationFailure.SegmentQuarantined, TimeSpan.FromMinutes(2), Token);
        }

        // What is none was there before what is.
        Contradiction[] known = [votes, evidence];
        Assert.All(_second.Messages.OfType<ReportRequest>(), request =>
            Assert.Contains(request.Evidence, known.Select(WireWriter.ToMessage)));

        // The accused segment's own anchors, of which F + 1 were told, and the others by those.
        await Task.WhenAll(Enumerable.Range(0, 4).Select(async anchor =>
        {
            await Eventually.HoldsAsync(
                () => FailureAsync(_target, anchor, Checkout), failure =>
                    failure == VerificationFailure.SegmentQuarantined, TimeSpan.FromMinutes(2), Token);
        }));
        await EndedByTheNextEpochAsync(pod);
    }

    private IEnumerable<Contradiction> HeldBy(HomeResolver pod) =>
        pod.Memory.State.Segments[_target.Segment.Genesis].Evidence;

    // An anchor whose decision is held is found to contradict itself: its segment goes on by the others.
    private async Task<Contradiction> ExcludedAsync(AnchorClient told)
    {
        var liar = await DeciderAsync();
        var anchors = _target.Segment.Newest.Value.Anchors;
        var signer = _target.Segment.Seal(Enumerable.Range(0, 4).First(i => anchors[i].Id == liar));
        var votes = Certificates(6_000) with { Kind = ContradictionKind.SealVotes };
        votes = votes with { First = SignedBy(votes.First), Second = SignedBy(votes.Second) };
        await told.ReportAsync(votes, Token);
        Assert.NotEqual(
            liar,
            await Eventually.HoldsAsync(DeciderAsync, other => other != liar, TimeSpan.FromMinutes(2), Token));
        return votes;

        Envelope SignedBy(Envelope seal) => Document.TryParse<Naming.Seal>(seal.Payload, out var one, out _)
            ? Envelope.Sign(one, signer)
            : throw new InvalidOperationException("no seal");
    }

    private async Task<string> DeciderAsync()
    {
        var accepted = Assert.IsType<Verdict.Accepted>(await _client.ResolveAsync(_home, 0, Checkout, Token));
        return accepted.Answer.Hops[^1].Attests[0].Anchor;
    }

    // None of the accused's anchors relays anything, so that nothing but the epoch itself tells them of it.
    private async Task EndedByTheNextEpochAsync(HomeResolver pod)
    {
        await using (var proposer = new OperatorClient(_target, 0))
        {
            var digest = await proposer.ProposeAsync("later", RuleEffect.Allow, "*.svc");
            await EpochClusterTests.ApproveAsync(_target, digest, 1, 2);
            await EpochClusterTests.SealedAsync(_target, 2);
        }

        await _target.StopAsync(3);
        await _target.StartAsync(3);
        for (var anchor = 0; anchor < 4; anchor++)
        {
            await Eventually.HoldsAsync(
                () => FailureAsync(_target, anchor, Checkout), failure => failure is null, TimeSpan.FromMinutes(2),
                Token);
            Assert.Empty(_target[anchor].Evidence);
        }

        await Eventually.HoldsAsync(
            () => Task.FromResult(pod.Names.Single()), name => name.State == NameState.Fresh, TimeSpan.FromMinutes(2),
            Token);
    }

    /// <summary>Who tells without end is not heard for ever, and keeps nobody else from being heard.</summary>
    [Fact]
    public async Task Strangers_WhoTellTooMuch_AreRefusedAndPodsAreHeard()
    {
        using var stranger = new TlsIdentity(TestKeys.Ecdsa(999), TimeProvider.System);
        await using var client = ClusterClient.Client(_home, 0, stranger);
        Refusal? refusal = null;
        for (var i = 0; i < 1000 && refusal?.Failure != VerificationFailure.RateLimited; i++)
        {
            refusal = await RefusalOf(() => client.ReportAsync(OfNobody(), Token));
        }

        Assert.Equal(VerificationFailure.RateLimited, refusal?.Failure);
        await using var pod = _client.AsPod(_home, 0);
        await RefusedAsync(VerificationFailure.EpochUnknown, () => pod.ReportAsync(OfNobody(), Token));
    }

    private async Task<HomeResolver> SubscribedAtTheSecondAsync(TlsIdentity identity)
    {
        var resolver = new HomeResolver(
            new HomeResolverOptions
            {
                Home = new HomePin(_home.Segment.Genesis, _home.Segment.Name),
                Anchors = _home.Segment.Newest.Value.Anchors[1].Endpoints,
                Identity = identity,
                Random = new Random(1),
                Verifier = new VerifierOptions { UnsafeAllowLoopbackEndpoints = true, Subject = ClusterClient.Pod },
            },
            ClusterClient.Pod,
            new NameObserver(
                static _ => { }, static _ => { },
                trouble => TestContext.Current.TestOutputHelper?.WriteLine(trouble.ToString())));
        resolver.Start();
        resolver.Want(Checkout);
        await Eventually.HoldsAsync(
            () => Task.FromResult(resolver.Names), names => names.Any(name => name.State == NameState.Fresh),
            TimeSpan.FromMinutes(2), Token);
        return resolver;
    }

    // Two certified seals of a slot that no honest anchor has used.
    private Contradiction Certificates(long seq)
    {
        var segment = _target.Segment;
        var first = segment.Certify(segment.SealOf(Digest.Sha256("a"u8), 1, seq, ClusterClient.Now));
        var second = segment.Certify(segment.SealOf(Digest.Sha256("b"u8), 1, seq, ClusterClient.Now));
        return new Contradiction(ContradictionKind.Certificates, segment.Genesis, first, second);
    }

    private static Contradiction OfNobody()
    {
        var segment = new TestSegment(new TestSegmentOptions { Name = "nobody.internal", FirstKey = 1000 });
        var first = segment.Certify(segment.SealOf(Digest.Sha256("a"u8), 1, 1, ClusterClient.Now));
        return new Contradiction(ContradictionKind.Certificates, segment.Genesis, first, first);
    }

    private async Task<VerificationFailure?> FailureAsync(AnchorCluster home, int anchor, string name)
    {
        await using var client = _client.AsPod(home, anchor);
        return (await RefusalOf(() => ClusterClient.ResolveOnceAsync(
            client, ClusterClient.Ask(home, name), Token)))?.Failure;
    }

    private static async Task RefusedAsync(VerificationFailure failure, Func<Task> ask)
    {
        var refusal = await RefusalOf(ask);
        Assert.True(refusal?.Failure == failure, $"{failure}, not {refusal}");
    }

    private static async Task<Refusal?> RefusalOf(Func<Task> ask)
    {
        try
        {
            await ask();
            return null;
        }
        catch (RpcException e)
        {
            return RpcFailures.Read(e) ?? throw new InvalidOperationException(e.Message, e);
        }
    }
}
