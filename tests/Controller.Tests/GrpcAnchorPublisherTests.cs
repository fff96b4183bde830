using System.Net;
using System.Security.Cryptography;
using Fairlead.Controller.Anchors;
using Fairlead.Controller.Documents;
using Fairlead.Controller.Publishing;
using Fairlead.Kubernetes.Reconciling;
using Fairlead.Naming;
using Fairlead.Protocol;
using Fairlead.Rpc;
using Fairlead.TestKit.Answers;

namespace Fairlead.Controller.Tests;

/// <summary>The adapter over real sockets, TLS and certified epochs.</summary>
public sealed class GrpcAnchorPublisherTests : IAsyncDisposable
{
    private static readonly long Now = TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds();
    private readonly ECDsa _serverKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
    private readonly ECDsa _publisherKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
    private readonly EcdsaSigner _signer;
    private readonly TlsIdentity _identity;
    private readonly AnswerSegment _world;
    private readonly InMemorySegment _segment;
    private readonly List<EpochDocument> _later = [];
    private readonly List<IAsyncDisposable> _owned = [];

    public GrpcAnchorPublisherTests()
    {
        _signer = new(Copy(_publisherKey));
        _identity = new(_publisherKey, TimeProvider.System);
        _segment = new(_signer.Key);
        _world = AnswerSegment.Create("us1.internal", Now - 1000, change: epoch => epoch with
        {
            Anchors = epoch.Anchors.SetItem(2, epoch.Anchors[2] with { Tls = KeyOf(_serverKey) }),
        }).Next(Now - 500).Next(Now);
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var owned in Enumerable.Reverse(_owned))
        {
            await owned.DisposeAsync();
        }

        _identity.Dispose();
        _signer.Dispose();
        _serverKey.Dispose();
    }

    [Fact]
    public async Task Publish_OverTls_IsAcceptedSealedAndInTheState()
    {
        var server = await ServerAsync(_serverKey);
        var anchor = Anchor(server, _world.Genesis);
        var maker = new DocumentMaker(_signer, RandomNumberGenerator.Fill);
        var plans = new[] { Plan("a.shop.svc", maker), Plan("b.shop.svc", maker), Plan("c.shop.svc", maker) };
        var reports = await ReportsAsync(anchor, [.. plans.Select(maker.Sign)]);
        Assert.Equal(
            Enumerable.Range(0, 3)
                .SelectMany(index => new[] { (index, AnchorFate.Accepted), (index, AnchorFate.Sealed) }),
            reports.Select(report => (report.Index, report.Fate)));
        Assert.Equal(4, server.EpochCalls); // three epochs of one page each, and the end
        Assert.Equal(0, server.StateCalls);

        var withdrawal =
            plans[1] with { Content = null, Leaf = plans[1].Leaf with { Version = Now + 1, Content = null } };
        await ReportsAsync(anchor, [maker.Sign(withdrawal)]);
        var known = KnownLeaves.Join([await anchor.ReadStateAsync(false, Token)], _signer.Key, withSources: false);
        Assert.Equal(3, server.StateCalls);
        Assert.Equal(_signer.Key.Point.ToArray(), server.ClientKey);
        var leaves = known.OrderBy(leaf => leaf.Name, StringComparer.Ordinal).ToList();
        Assert.Equal(["a.shop.svc", "b.shop.svc", "c.shop.svc"], leaves.Select(leaf => leaf.Name));
        Assert.Equal(plans[0].Content!.Fingerprint, leaves[0].Content!.Fingerprint);
        Assert.Null(leaves[1].Content);
        Assert.Equal((plans[1].Uid, Now + 1), (leaves[1].Uid, leaves[1].Version));
        Assert.All(leaves, leaf => Assert.True(leaf.IsClaimed));

        var signed = KnownLeaves.Join([await anchor.ReadStateAsync(true, Token)], _signer.Key, withSources: true);
        Assert.Equal(
            leaves.Select(leaf => (leaf.Name, leaf.Uid, leaf.Version, leaf.Content?.Fingerprint)),
            signed.OrderBy(leaf => leaf.Name, StringComparer.Ordinal)
                .Select(leaf => (leaf.Name, leaf.Uid, leaf.Version, leaf.Content?.Fingerprint)));
        Assert.All(signed, leaf => Assert.False(leaf.IsClaimed));
    }

    /// <summary>With every page or with the first alone, it is taken once.</summary>
    [Fact]
    public async Task ReadState_WithACredential_TellsItsEnd()
    {
        var server = await ServerAsync(_serverKey);
        var anchor = Anchor(server, _world.Genesis);
        var maker = new DocumentMaker(_signer, RandomNumberGenerator.Fill);
        await ReportsAsync(anchor, [maker.Sign(Plan("a.shop.svc", maker)), maker.Sign(Plan("b.shop.svc", maker))]);
        Assert.Null(KnownLeaves.CredentialEnd(await anchor.ReadStateAsync(false, Token), _signer.Key));
        _segment.CredentialEnd = Now + 5;
        var state = await anchor.ReadStateAsync(false, Token);
        Assert.Equal(Now + 5, KnownLeaves.CredentialEnd(state, _signer.Key));
        Assert.Equal(3, state.Count);
    }

    /// <summary>Else what is on its way over the connection would be cut off by a question beside it.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task ReadState_Refused_KeepsTheConnection(bool isNamed)
    {
        var server = await ServerAsync(_serverKey);
        var anchor = Anchor(server, _world.Genesis);
        await anchor.ReadStateAsync(false, Token);
        var calls = server.EpochCalls;
        server.SourcesRefusal = isNamed
            ? RpcFailures.ToException(new(VerificationFailure.RateLimited, "State", "too many"))
            : new(new(StatusCode.InvalidArgument, "no such field"));
        await Assert.ThrowsAsync<AnchorFailureException>(() => anchor.ReadStateAsync(true, Token));
        await anchor.ReadStateAsync(false, Token);
        Assert.Equal(calls, server.EpochCalls);
        server.SourcesRefusal = new(new(StatusCode.Internal, "broken"));
        await Assert.ThrowsAsync<AnchorFailureException>(() => anchor.ReadStateAsync(true, Token));
        await anchor.ReadStateAsync(false, Token);
        Assert.NotEqual(calls, server.EpochCalls);
    }

    [Fact]
    public async Task Publish_Refused_CarriesTheName()
    {
        var anchor = Anchor(await ServerAsync(_serverKey), _world.Genesis);
        using var other = new EcdsaSigner(ECDsa.Create(ECCurve.NamedCurves.nistP256));
        var maker = new DocumentMaker(other, RandomNumberGenerator.Fill);
        var report = Assert.Single(await ReportsAsync(anchor, [maker.Sign(Plan("a.shop.svc", maker))]));
        Assert.Equal((AnchorFate.Refused, "BadSignature: not the publisher's"), (report.Fate, report.Refusal));
    }

    /// <summary>Whoever is told that it may not say so may not know the epoch that forbids it.</summary>
    [Fact]
    public async Task Publish_OutsideThePolicy_LearnsTheNewestEpoch()
    {
        var chain = new SegmentChain(_world.Genesis);
        var anchor = Anchor(await ServerAsync(_serverKey), chain);
        var maker = new DocumentMaker(_signer, RandomNumberGenerator.Fill);
        await ReportsAsync(anchor, [maker.Sign(Plan("a.shop.svc", maker))]);
        _world.Next(
            Now, epoch => epoch with { Policy = epoch.Policy with { MaxRecordLife = 30_000 } });
        await ReportsAsync(anchor, [maker.Sign(Plan("b.shop.svc", maker))]);
        Assert.NotEqual(30_000, chain.Terms!.Value.RecordLife);
        _segment.Refusing = "PolicyOutOfRange: too long";
        await ReportsAsync(anchor, [maker.Sign(Plan("c.shop.svc", maker))]);
        await anchor.ReadStateAsync(false, Token);
        Assert.Equal(30_000, chain.Terms!.Value.RecordLife);
    }

    /// <summary>F+1 anchors are F+1 keys: whoever answers at two addresses is one of them.</summary>
    [Fact]
    public async Task Connect_AnchorThatAnswersAtTwoAddresses_CountsOnce()
    {
        var chain = new SegmentChain(_world.Genesis);
        var (first, second) = (await ServerAsync(_serverKey), await ServerAsync(_serverKey));
        var (one, other) = (Anchor(first, chain), Anchor(second, chain));
        Assert.Null(chain.Terms);
        Assert.Empty(await one.ReadStateAsync(false, Token));
        Assert.Equal(
            new SegmentTerms((int)_world.Newest.Value.Quorum.F + 1, _world.Newest.Value.Policy.MaxRecordLife),
            chain.Terms);
        var failure = await FailsAsync(other);
        Assert.Equal(
            $"the anchor that answers at {one.Address} answers here too; name each anchor once", failure.Message);
        Assert.Equal(0, second.StateCalls);

        // It may have moved there: who is not connected any more is not counted.
        await first.DisposeAsync();
        await FailsAsync(one);
        Assert.Empty(await other.ReadStateAsync(false, Token));
    }

    [Fact]
    public async Task Connect_KeyNotInTheEpoch_IsRefusedBeforeAnythingElse()
    {
        using var stranger = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var server = await ServerAsync(stranger);
        var failure = await FailsAsync(Anchor(server, _world.Genesis));
        Assert.StartsWith("TransportKeyMismatch", failure.Message, StringComparison.Ordinal);
        Assert.Equal(0, server.StateCalls);
    }

    [Fact]
    public async Task Connect_ForeignSegment_IsRefused()
    {
        var server = await ServerAsync(_serverKey);
        var failure = await FailsAsync(Anchor(server, Digest.Sha256("another"u8)));
        Assert.Contains("GenesisMismatch", failure.Message, StringComparison.Ordinal);
        Assert.Equal(0, server.StateCalls);
    }

    [Fact]
    public async Task Connect_AnchorRetiredByANewEpoch_IsRefused()
    {
        var epoch = Document.Make(_world.Newest.Value with
        {
            Anchors =
                _world.Newest.Value.Anchors.SetItem(
                    2, _world.Newest.Value.Anchors[2] with { Tls = _world.Publisher.Key }),
            Number = _world.Newest.Value.Number + 1,
            Prev = _world.Newest.Digest,
        });
        var consent = Document.Make(
            new Consent { Digest = epoch.Digest, Epoch = epoch.Value.Number, Segment = _world.Genesis });
        var gov = _world.Anchors.Select(anchor => anchor.Gov).OrderBy(key => key.Key.Kid).Take(_world.Threshold)
            .ToList();
        _later.Add(new(
            epoch.Payload, AnswerEpochs.Vote(_world.Genesis, epoch, gov), Envelope.Sign(consent, gov), Envelope.None));
        var failure = await FailsAsync(Anchor(await ServerAsync(_serverKey), _world.Genesis));
        Assert.StartsWith("TransportKeyMismatch", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task ReadState_WithoutOrder_IsRefused()
    {
        var server = await ServerAsync(_serverKey);
        var anchor = Anchor(server, _world.Genesis);
        var maker = new DocumentMaker(_signer, RandomNumberGenerator.Fill);
        await ReportsAsync(anchor, [maker.Sign(Plan("a.shop.svc", maker))]);
        server.IsDisordered = true;
        Assert.Contains("no order or no end", (await FailsAsync(anchor)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task ReadState_NobodyListens_NamesTheReason()
    {
        var server = await ServerAsync(_serverKey);
        var anchor = Anchor(server, _world.Genesis);
        await server.DisposeAsync();
        Assert.StartsWith("Unavailable", (await FailsAsync(anchor)).Message, StringComparison.Ordinal);
    }

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private static ECDsa Copy(ECDsa key) => ECDsa.Create(key.ExportParameters(includePrivateParameters: true));

    private static PublicKey KeyOf(ECDsa key)
    {
        using var signer = new EcdsaSigner(Copy(key));
        return signer.Key;
    }

    private static async Task<AnchorFailureException> FailsAsync(GrpcAnchorPublisher anchor) =>
        await Assert.ThrowsAsync<AnchorFailureException>(() => anchor.ReadStateAsync(false, Token));

    private static async Task<List<PublishReport>> ReportsAsync(GrpcAnchorPublisher anchor, SignedEntry[] entries)
    {
        var reports = new List<PublishReport>();
        await foreach (var report in anchor.PublishAsync(entries, Token))
        {
            reports.Add(report);
        }

        return reports;
    }

    private Plan Plan(string name, DocumentMaker maker)
    {
        var desired = new DesiredRecord(
            name,
            IsHeadless: false,
            [new("http", 80, Fairlead.Kubernetes.Reconciling.PortProtocol.Http)],
            [new([8080], [new("10.0.0.1", null, "a", Fairlead.Kubernetes.Reconciling.EndpointState.Ready, null)],
                "us")],
            TimeSpan.FromSeconds(30),
            null,
            [],
            HasClientIpAffinity: true);
        var content = RecordContents.Of(desired, _signer.Key.Kid);
        return new(content, new(name, maker.DrawUid(), Now, Now + 60_000, content), Now);
    }

    private async Task<GrpcAnchor> ServerAsync(ECDsa key)
    {
        var server = new GrpcAnchor(_segment, () => [.. _world.Documents, .. _later], key);
        _owned.Add(server);
        await server.StartAsync(Token);
        return server;
    }

    private GrpcAnchorPublisher Anchor(GrpcAnchor server, Digest genesis) => Anchor(server, new SegmentChain(genesis));

    private GrpcAnchorPublisher Anchor(GrpcAnchor server, SegmentChain chain)
    {
        var anchor = new GrpcAnchorPublisher(
            new(IPAddress.Loopback, server.Endpoint.Port),
            chain,
            _signer.Key.Kid,
            _identity,
            TimeProvider.System);
        _owned.Add(anchor);
        return anchor;
    }
}
