using Fairlead.Anchor.Tests.Cluster;
using Fairlead.Naming;
using Fairlead.Naming.Traversal;
using Fairlead.Protocol;
using Fairlead.Protocol.V1;
using Fairlead.Rpc;
using Fairlead.TestKit;
using Google.Protobuf;

namespace Fairlead.Anchor.Tests.Hierarchy;

/// <summary>
/// What a transit and a target refuse of a home that they do not know (V48): the test holds the keys of an anchor of
/// eu1, and those of a stranger.
/// </summary>
public sealed class IntroduceAttackTests : IAsyncLifetime
{
    private static readonly Naming.Subject Pod = ClusterClient.Pod;

    private readonly HierarchyWorld _world = new();
    private readonly TlsIdentity _anchor = new(TestKeys.Ecdsa(102), TimeProvider.System);
    private readonly TlsIdentity _stranger = new(TestKeys.Ecdsa(999), TimeProvider.System);
    private readonly CancellationTokenSource _bounded =
        CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);

    public async ValueTask InitializeAsync()
    {
        _bounded.CancelAfter(TimeSpan.FromMinutes(4));
        await _world.StartAsync(_world.Acme, _world.Us1);
        await _world.Client.SealAsync(_world.Us1, 0, "checkout.shop.svc", _bounded.Token);
        await _world.Client.SealAsync(_world.Acme, 0, "portal.shop.svc", _bounded.Token);
    }

    public async ValueTask DisposeAsync()
    {
        await _world.DisposeAsync();
        _anchor.Dispose();
        _stranger.Dispose();
        _bounded.Dispose();
    }

    [Fact]
    public async Task Introduce_ThatMayNotBeAsked_IsRefusedByName()
    {
        // Nothing is known of the home yet: another segment's chain is not its.
        await RefusedAsync(VerificationFailure.GenesisMismatch, Ask(epochs: _world.Us1.Segment.Chain));
        await RefusedAsync(VerificationFailure.BelowLinkFloor, Ask(epochs: []));
        await RefusedAsync(VerificationFailure.TransportKeyMismatch, Ask(), _stranger);
        await RefusedAsync(VerificationFailure.QueryMismatch, Ask("checkout.shop.svc.us1.acme.internal"));
        await RefusedAsync(VerificationFailure.QueryMismatch, Ask("acme.internal"));
        await RefusedAsync(
            VerificationFailure.QueryMismatch, Ask(subject: Hashes.Subject(_world.Eu1.Segment.Genesis, Pod)));
        await RefusedAsync(VerificationFailure.GrantForeignSubject, Ask(home: Digest.Sha256("nobody"u8)));

        Assert.Equal(AnswerResult.Record, (await IntroduceAsync(Ask(), _anchor)).Result);
    }

    [Fact]
    [MaliciousInput(61, "A, B, A: LoopDetected")]
    public async Task Home_ThatNobodyIntroduces_IsRefusedByTheTarget()
    {
        await RefusedAsync(VerificationFailure.GrantForeignSubject, []);
        var hop = (await IntroduceAsync(Ask(), _anchor)).Hops[0];

        await RefusedAsync(VerificationFailure.LoopDetected, [hop, hop]);
        await RefusedAsync(VerificationFailure.TooManyHops, [.. Enumerable.Repeat(hop, 8)]);
        await RefusedAsync(VerificationFailure.AttestationMissing, [hop with { Attests = [] }]);
        await RefusedAsync(VerificationFailure.LinkNotAccepted, [hop with { Genesis = Digest.Sha256("x"u8) }]);
        await RefusedAsync(VerificationFailure.LinkNotAccepted, [hop with { Kind = HopKind.Down }]);
        await RefusedAsync(
            VerificationFailure.AttestationMismatch,
            [(await IntroduceAsync(Ask("db.corp.internal"), _anchor)).Hops[0]]);

        await using var client = ClusterClient.Client(_world.Us1, 1, _anchor);
        var response = await client.ResolveAsync(Resolve([hop]), _bounded.Token);
        Assert.Equal(Protocol.V1.Result.Record, response.Answer.Result);

        // Introduced once, it is known.
        Assert.NotNull(await client.ResolveAsync(Resolve([]), _bounded.Token));
    }

    /// <summary>A relayed introduction that goes around, that would go on for ever, or that comes from somebody else
    /// than it says.</summary>
    [Fact]
    [MaliciousInput(61, "A, B, A: LoopDetected")]
    public async Task Introduce_ThatIsRelayed_IsHeldToItsPath()
    {
        var (eu1, acme, us1) = (_world.Eu1.Segment.Genesis, _world.Acme.Segment.Genesis, _world.Us1.Segment.Genesis);
        await RefusedAsync(VerificationFailure.LoopDetected, Relayed(Ask(), 1, eu1, acme));
        await RefusedAsync(VerificationFailure.LoopDetected, Relayed(Ask(), 1, eu1, us1, us1));
        await RefusedAsync(VerificationFailure.LoopDetected, Relayed(Ask(), 6));
        await RefusedAsync(VerificationFailure.LoopDetected, Relayed(Ask(), uint.MaxValue));
        await RefusedAsync(VerificationFailure.PathBroken, Relayed(Ask(), 1, eu1, us1));
        await RefusedAsync(VerificationFailure.PathBroken, Relayed(Ask(), 1, us1));
        Assert.Single((await IntroduceAsync(Relayed(Ask(), 5, eu1), _anchor)).Hops);
        await RefusedAsync(VerificationFailure.TransportKeyMismatch, () => PresentAsync(us1, _stranger));
        await RefusedAsync(VerificationFailure.LinkNotAccepted, () => PresentAsync(Digest.Sha256("x"u8), _anchor));
        await PresentAsync(us1, _anchor);

        // Through acme to a child of us1's: who asks is an anchor of acme's, and not of the home's.
        var below = Relayed(Ask("db.us1.acme.internal"), 1, eu1, acme);
        below.Child = "";
        below.Via.Add(WireWriter.ToMessage((await IntroduceAsync(Ask("db.us1.acme.internal"), _anchor)).Hops[0]));
        await using var client = ClusterClient.Client(_world.Us1, 1, _anchor);
        await RefusedAsync(
            VerificationFailure.TransportKeyMismatch, () => client.IntroduceAsync(below, _bounded.Token));
        using var transit = new TlsIdentity(TestKeys.Ecdsa(602), TimeProvider.System);
        await using var other = ClusterClient.Client(_world.Us1, 1, transit);
        Assert.Equal(Protocol.V1.Result.Denied, (await other.IntroduceAsync(below, _bounded.Token)).Answer.Result);
    }

    // A page that acme passes on.
    private async Task PresentAsync(Digest to, TlsIdentity identity)
    {
        await using var client = ClusterClient.Client(_world.Acme, 0, identity);
        await client.PresentAsync(
            new PresentRequest
            {
                Genesis = WireWriter.ToBytes(_world.Eu1.Segment.Genesis),
                To = WireWriter.ToBytes(to),
            },
            _bounded.Token);
    }

    private static IntroduceRequest Relayed(IntroduceRequest ask, uint left, params Digest[] visited)
    {
        ask.HopsLeft = left;
        ask.Visited.AddRange(visited.Select(WireWriter.ToBytes));
        return ask;
    }

    private IntroduceRequest Ask(
        string target = "us1.acme.internal",
        Digest? home = null,
        Digest? subject = null,
        IReadOnlyList<EpochDocument>? epochs = null)
    {
        var query = Document.Make(new Query
        {
            Home = home ?? _world.Eu1.Segment.Genesis,
            Name = FullName.Parse(target),
            Subject = subject,
        });
        var request = new IntroduceRequest { Query = UnsafeByteOperations.UnsafeWrap(query.Payload), Child = "eu1" };
        request.HomeEpochs.AddRange((epochs ?? _world.Eu1.Segment.Chain).Select(WireWriter.ToMessage));
        return request;
    }

    private ResolveRequest Resolve(IReadOnlyList<UnverifiedHop> via)
    {
        var eu1 = _world.Eu1.Segment;
        var now = ClusterClient.Now;
        var grant = Document.Make(new Grant
        {
            Audience = _world.Us1.Segment.Genesis,
            Expires = now + 60_000,
            Home = eu1.Genesis,
            HomeEpoch = eu1.Newest.Value.Number,
            Issued = now,
            Subject = Pod,
            Tls = eu1.Tls(0).Key.Kid,
        });
        var query = ClusterClient.Ask(_world.Eu1, "checkout.shop.svc.us1.acme.internal");
        var request = new ResolveRequest
        {
            Query = UnsafeByteOperations.UnsafeWrap(query.Payload),
            Grant = WireWriter.ToMessage(Envelope.Sign(grant, eu1.Seal(0))),
        };
        request.HomeEpochs.AddRange(eu1.Chain.Select(WireWriter.ToMessage));
        request.Via.AddRange(via.Select(WireWriter.ToMessage));
        return request;
    }

    private async Task<UnverifiedAnswer> IntroduceAsync(IntroduceRequest request, TlsIdentity identity)
    {
        await using var client = ClusterClient.Client(_world.Acme, 0, identity);
        var response = await client.IntroduceAsync(request, _bounded.Token);
        Assert.True(WireReader.TryRead(response.Answer, out var answer, out var malformed), malformed?.ToString());
        return answer;
    }

    private async Task RefusedAsync(
        VerificationFailure failure, IntroduceRequest request, TlsIdentity? identity = null)
    {
        await RefusedAsync(failure, () => IntroduceAsync(request, identity ?? _anchor));
    }

    private async Task RefusedAsync(VerificationFailure failure, IReadOnlyList<UnverifiedHop> via)
    {
        await using var client = ClusterClient.Client(_world.Us1, 1, _anchor);
        await RefusedAsync(failure, () => client.ResolveAsync(Resolve(via), _bounded.Token));
    }

    private static async Task RefusedAsync(VerificationFailure failure, Func<Task> ask)
    {
        var refused = await Assert.ThrowsAsync<RpcException>(ask);
        Assert.True(RpcFailures.Read(refused)?.Failure == failure, $"{failure}, not {refused.Status}");
    }
}
