using System.Text;
using Fairlead.Anchor.Peers;
using Fairlead.Naming;
using Fairlead.Protocol;
using Fairlead.Protocol.V1;
using Fairlead.Rpc;
using Fairlead.TestKit;
using Google.Protobuf;
using Grant = Fairlead.Naming.Grant;
using Query = Fairlead.Naming.Query;

namespace Fairlead.Anchor.Tests.Cluster;

/// <summary>
/// V48, V50, V51, V64 as a real target anchor keeps them: the test holds the keys of a home anchor and asks for what
/// may not be asked.
/// </summary>
public sealed class GrantClusterTests : IAsyncLifetime
{
    private static readonly Naming.Subject Pod = new() { Namespace = "shop", Account = "frontend" };

    private readonly AnchorCluster _target = new("us1.internal", 200);
    private readonly TestSegment _home =
        new(new TestSegmentOptions { Name = "eu1.internal", Issued = ClusterClient.Now - 60_000 });
    private readonly TlsIdentity _homeAnchor = new(TestKeys.Ecdsa(102), TimeProvider.System);
    private readonly ClusterClient _client = new();

    public async ValueTask InitializeAsync()
    {
        _home.PeerWith(_target.Segment);
        _target.Segment.PeerWith(_home);
        await _target.StartAllAsync();
        await _client.SealAsync(_target, 0, "checkout.shop.svc", TestContext.Current.CancellationToken);
    }

    public async ValueTask DisposeAsync()
    {
        await _target.DisposeAsync();
        await _client.DisposeAsync();
        _homeAnchor.Dispose();
    }

    [Fact]
    [MaliciousInput(74, "grant: foreign subject / audience: GrantForeignSubject / GrantAudience")]
    [MaliciousInput(75, "grant over another TLS key / expired: GrantReplayed / GrantExpired")]
    [MaliciousInput(77, "a name of a bad form: BadName")]
    [MaliciousInput(142, "pod without a known identity: SubjectUnknown")]
    public async Task Request_ThatMayNotBeAsked_IsRefusedByName()
    {
        // Nothing is known of the home yet: without its chain from the Peer leaf's floor on, its word counts for
        // nothing.
        await RefusedAsync(VerificationFailure.BelowLinkFloor, request => request.HomeEpochs.Clear());
        await RefusedAsync(VerificationFailure.BelowLinkFloor, request => request.HomeEpochs.RemoveAt(1));
        Assert.NotNull(await AskAsync(Request(Grant())));

        await RefusedAsync(VerificationFailure.GrantAudience, Grant() with { Audience = _home.Genesis });
        await RefusedAsync(VerificationFailure.GrantReplayed, Grant() with { Tls = TestKeys.Signer(105).Key.Kid });
        await RefusedAsync(
            VerificationFailure.GrantExpired,
            Grant() with { Issued = ClusterClient.Now - 60_000, Expires = ClusterClient.Now });
        var now = ClusterClient.Now;
        await RefusedAsync(
            VerificationFailure.GrantExpired,
            Grant() with { Expires = now + 61_000, Issued = now });
        await RefusedAsync(
            VerificationFailure.GrantForeignSubject, Grant() with { Names = [NamePattern.Parse("cart.shop.svc")] });
        await RefusedAsync(
            VerificationFailure.GrantForeignSubject, Grant() with { Subject = Pod with { Account = "other" } });
        await RefusedAsync(VerificationFailure.GrantForeignSubject, Grant() with { Home = _target.Segment.Genesis });
        await RefusedAsync(VerificationFailure.GrantForeignSubject, Grant(), TestKeys.Signer(999));
        await RefusedAsync(VerificationFailure.WrongKeyRole, Grant(), _home.Gov(0));
        await RefusedAsync(
            VerificationFailure.GrantForeignSubject, request =>
                Change(request, query => query with { Home = Digest.Sha256("x"u8) }));
        await RefusedAsync(VerificationFailure.SubjectUnknown, request => request.Grant = null);
        await RefusedAsync(VerificationFailure.QueryMismatch, request =>
            Change(request, query => query with { Name = FullName.Parse("checkout.shop.svc.eu1.internal") }));
        await RefusedAsync(VerificationFailure.BadName, request =>
            Text(request, text => text.Replace("checkout.", "Checkout.", StringComparison.Ordinal)));
        await RefusedAsync(VerificationFailure.NonCanonicalPayload, request => Text(request, text => text + " "));

        // A refusal changes nothing: the good question is answered as before.
        Assert.NotNull(await AskAsync(Request(Grant())));
    }

    [Fact]
    [MaliciousInput(136, "TLS key not in the verified epoch: TransportKeyMismatch")]
    public async Task Anchors_TalkOnlyToAnchorsOfTheirSegment()
    {
        await using var channel = new RpcChannel($"https://127.0.0.1:{_target.Ports[0]}", new RpcChannelOptions
        {
            Identity = _homeAnchor,
            ServerKeyCheck = _ => true,
            TimeProvider = TimeProvider.System,
        });
        var calls = channel.CreateCallInvoker();
        using var attest = calls.AsyncUnaryCall(PeerMethods.Attest, null, default, new AttestRequest());
        var refused = await Assert.ThrowsAsync<RpcException>(() => attest.ResponseAsync);
        Assert.Equal(VerificationFailure.TransportKeyMismatch, RpcFailures.Read(refused)?.Failure);
        using var gossip = calls.AsyncClientStreamingCall(PeerMethods.Gossip, null, default);
        refused = await Assert.ThrowsAsync<RpcException>(() => gossip.ResponseAsync);
        Assert.Equal(VerificationFailure.TransportKeyMismatch, RpcFailures.Read(refused)?.Failure);
    }

    [Fact]
    public async Task State_IsForTheSegmentItselfAlone()
    {
        var request = new StateRequest { Genesis = WireWriter.ToBytes(_target.Segment.Genesis), Limit = 10 };
        using var publisher = new TlsIdentity(TestKeys.Ecdsa(290), TimeProvider.System);
        foreach (var identity in new[] { publisher, _homeAnchor })
        {
            await using var client = ClusterClient.Client(_target, 0, identity);
            var state = client.StateAsync(request, TestContext.Current.CancellationToken);
            if (identity == publisher)
            {
                Assert.Equal("checkout.shop.svc", Assert.Single((await state).Leaves).Name);
                continue;
            }

            var refused = await Assert.ThrowsAsync<RpcException>(() => state);
            Assert.Equal(VerificationFailure.SubjectUnknown, RpcFailures.Read(refused)?.Failure);
        }
    }

    /// <summary>A publisher hears when its right ends; of others' rights it hears nothing.</summary>
    [Fact]
    public async Task State_OfTheAsker_ComesWithItsCredential_OnTheFirstPage()
    {
        using var publisher = new TlsIdentity(TestKeys.Ecdsa(290), TimeProvider.System);
        using var anchor = new TlsIdentity(TestKeys.Ecdsa(202), TimeProvider.System);
        var request = new StateRequest
        {
            Genesis = WireWriter.ToBytes(_target.Segment.Genesis), Limit = 10,
            Publisher = WireWriter.ToBytes(TestKeys.Key(290).Kid),
        };
        Assert.True(Document.TryParse<Credential>(
            (await StateAsync(publisher, request)).Credential.Memory, out var own, out _));
        Assert.Equal(TestKeys.Key(290), own.Value.Key);
        Assert.Empty((await StateAsync(anchor, request)).Credential);
        request.AfterClass = (uint)LeafClass.Record;
        request.AfterName = "a.shop.svc";
        Assert.Empty((await StateAsync(publisher, request)).Credential);

        async Task<StateResponse> StateAsync(TlsIdentity identity, StateRequest asked)
        {
            await using var client = ClusterClient.Client(_target, 0, identity);
            return await client.StateAsync(asked, TestContext.Current.CancellationToken);
        }
    }

    /// <summary>What the slices hold is for who published them, and for who may see the name.</summary>
    [Fact]
    public async Task State_AsItWasPublished_IsForThePublisherAlone()
    {
        using var publisher = new TlsIdentity(TestKeys.Ecdsa(290), TimeProvider.System);
        using var anchor = new TlsIdentity(TestKeys.Ecdsa(202), TimeProvider.System);
        var kid = TestKeys.Signer(290).Key.Kid;
        foreach (var (identity, of) in new[] { (publisher, (Digest?)kid), (publisher, null), (anchor, kid) })
        {
            await using var client = ClusterClient.Client(_target, 0, identity);
            var request = new StateRequest
            {
                Genesis = WireWriter.ToBytes(_target.Segment.Genesis), Limit = 10, Sources = true,
                Publisher = of is { } one ? WireWriter.ToBytes(one) : ByteString.Empty,
            };
            var state = client.StateAsync(request, TestContext.Current.CancellationToken);
            if (identity == publisher && of is not null)
            {
                var leaf = Assert.Single((await state).Leaves);
                Assert.True(WireReader.TryRead(leaf.Source, out var source, out _));
                Assert.Equal(leaf.Leaf.ToByteArray(), source.Payload.ToArray());
                Assert.True(Document.TryParse<Naming.Record>(source.Payload, out var record, out _));
                Assert.Equal(
                    record.Value.Slices.Select(slice => slice.Digest),
                    leaf.Slices.Select(slice => Slice.Type.DigestOf(slice.Span)));
                Assert.NotEmpty(leaf.Slices);
                continue;
            }

            var refused = await Assert.ThrowsAsync<RpcException>(() => state);
            Assert.Equal(VerificationFailure.SubjectUnknown, RpcFailures.Read(refused)?.Failure);
        }
    }

    [Fact]
    public async Task Asker_WhoKnowsALaterSeal_HearsBehind()
    {
        var later =
            new Known { Genesis = WireWriter.ToBytes(_target.Segment.Genesis), Epoch = 1, SealEpoch = 1,
                SealSeq = 1L << 50 };
        await RefusedAsync(VerificationFailure.Behind, request => request.Known.Add(later));
    }

    [Fact]
    public async Task Anchor_WithoutASeal_SaysNotSealed()
    {
        await using var alone = new AnchorCluster("eu1.internal", 100, ClusterClient.Subjects);
        alone.WriteFiles();
        await alone.StartAsync(0);
        await using var client = _client.AsPod(alone, 0);
        var query = ClusterClient.Ask(alone, "checkout.shop.svc.eu1.internal");
        var refused = await Assert.ThrowsAsync<RpcException>(
            () => ClusterClient.ResolveOnceAsync(client, query, TestContext.Current.CancellationToken));
        Assert.Equal(VerificationFailure.NotSealed, RpcFailures.Read(refused)?.Failure);
    }

    private Grant Grant() => new()
    {
        Audience = _target.Segment.Genesis,
        Expires = ClusterClient.Now + 60_000,
        Home = _home.Genesis,
        HomeEpoch = 1,
        Issued = ClusterClient.Now,
        Subject = Pod,
        Tls = TestKeys.Signer(102).Key.Kid,
    };

    private ResolveRequest Request(Grant grant, ISigner? signer = null)
    {
        var query = Document.Make(new Query
        {
            Home = _home.Genesis,
            Name = FullName.Parse("checkout.shop.svc.us1.internal"),
            Subject = Hashes.Subject(_home.Genesis, Pod),
        });
        var request = new ResolveRequest
        {
            Query = ByteString.CopyFrom(query.Payload.Span),
            Grant = WireWriter.ToMessage(Envelope.Sign(Document.Make(grant), signer ?? _home.Seal(0))),
        };
        request.HomeEpochs.AddRange(_home.Chain.Select(WireWriter.ToMessage));
        return request;
    }

    private static void Change(ResolveRequest request, Func<Query, Query> change)
    {
        Assert.True(Document.TryParse<Query>(request.Query.Memory, out var query, out _));
        request.Query = ByteString.CopyFrom(Document.Make(change(query.Value)).Payload.Span);
    }

    private static void Text(ResolveRequest request, Func<string, string> change) =>
        request.Query = ByteString.CopyFrom(Encoding.ASCII.GetBytes(change(request.Query.ToStringUtf8())));

    private async Task<Answer> AskAsync(ResolveRequest request)
    {
        await using var client = ClusterClient.Client(_target, 0, _homeAnchor);
        return (await client.ResolveAsync(request, TestContext.Current.CancellationToken)).Answer;
    }

    private Task RefusedAsync(VerificationFailure failure, Grant grant, ISigner? signer = null) =>
        RefusedAsync(failure, Request(grant, signer));

    private Task RefusedAsync(VerificationFailure failure, Action<ResolveRequest> spoil)
    {
        var request = Request(Grant());
        spoil(request);
        return RefusedAsync(failure, request);
    }

    private async Task RefusedAsync(VerificationFailure failure, ResolveRequest request)
    {
        var refused = await Assert.ThrowsAsync<RpcException>(() => AskAsync(request));
        var named = RpcFailures.Read(refused);
        Assert.True(named?.Failure == failure, $"{named?.ToString() ?? refused.Message}, not {failure}");
    }
}
