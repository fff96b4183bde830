using Fairlead.Anchor.Tests.Cluster;
using Fairlead.Naming;
using Fairlead.Naming.Operations;
using Fairlead.Naming.Traversal;
using Fairlead.Protocol;
using Fairlead.Protocol.V1;
using Fairlead.Rpc;
using Fairlead.TestKit;
using Google.Protobuf;

namespace Fairlead.Anchor.Tests.Governing;

/// <summary>Operations over four real anchors and their operators' sockets: decided, sealed, pushed.</summary>
public sealed class EpochClusterTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(4);

    [Fact]
    public async Task Policy_ThatDeniesTheNeighbour_IsDecidedByThreeAndPushedToItsPods()
    {
        using var bounded = Bounded();
        await using var home = new AnchorCluster("eu1.internal", 100, ClusterClient.Subjects);
        await using var target = new AnchorCluster("us1.internal", 200);
        home.Segment.PeerWith(target.Segment);
        target.Segment.PeerWith(home.Segment);
        await Task.WhenAll(home.StartAllAsync(), target.StartAllAsync());
        await using var client = new ClusterClient();
        await client.SealAsync(target, 0, "checkout.shop.svc", bounded.Token);
        var query = ClusterClient.Ask(home, "checkout.shop.svc.us1.internal");
        await using var pod = client.AsPod(home, 1);
        using var stream = pod.Subscribe(bounded.Token);
        await stream.RequestStream.WriteAsync(Opening(query), bounded.Token);
        var state = VerifierState.Start(new HomePin(home.Segment.Genesis, home.Segment.Name));
        state = await UntilAsync(stream, query, state, Outcome.Record, bounded.Token);

        await using var proposer = new OperatorClient(target, 0);
        var digest = await proposer.ProposeAsync("no-eu1", RuleEffect.Deny, "*.svc", home.Segment.Genesis);
        await ApproveAsync(target, digest, 1, 2);
        await SealedAsync(target, 2);
        Assert.Equal(digest, target[3].Views.Current!.Epoch.Digest);

        await UntilAsync(stream, query, state, Outcome.Denied, bounded.Token);
    }

    [Fact]
    public async Task Operations_TwoAtOnce_AreDecidedOneAfterTheOtherWithTheApprovalsTheyHave()
    {
        await using var cluster = new AnchorCluster("us1.internal", 200);
        await cluster.StartAllAsync();
        await using var one = new OperatorClient(cluster, 0);
        await using var two = new OperatorClient(cluster, 1);
        await cluster.StopAsync(3);
        var first = await one.ProposeAsync("first", RuleEffect.Deny, "a.shop.svc");
        var second = await two.ProposeAsync("second", RuleEffect.Deny, "b.shop.svc");
        await ApproveAsync(cluster, second, 2);
        await ApproveAsync(cluster, first, 1);

        // Nothing is decided before both have the approvals that they need: two anchors are too few for that.
        await OperatorClient.EventuallyAsync(async () => (await one.ProposalsAsync()).Waiting.Count == 2);
        await cluster.StopAsync(1);
        await ApproveAsync(cluster, first, 2);
        await ApproveAsync(cluster, second, 0);

        await Task.WhenAll(cluster.StartAsync(1), cluster.StartAsync(3));
        await SealedAsync(cluster, 2);
        Assert.Equal(
            ["first", "open", "second"],
            cluster[3].Views.Current!.Rules.Select(rule => rule.Value.Id).Order(StringComparer.Ordinal));
        Assert.Empty((await one.ProposalsAsync()).Operations);
    }

    [Fact]
    public async Task Join_OfAChild_PutsItsLinkUnderTheParentsSeal()
    {
        await using var cluster = new AnchorCluster("us1.internal", 200);
        await cluster.StartAllAsync();
        var child = new TestSegment(new TestSegmentOptions { Name = "west.us1.internal", FirstKey = 400 });
        await using var proposer = new OperatorClient(cluster, 0);
        var joining = new JoiningChild(
            "west", child.Genesis, child.Floor, child.Newest.Value.Anchors[0].Endpoints, null);
        var proposal = JoinOperation.BuildParent(
            await proposer.GroundAsync(), [joining], ClusterClient.Now, () => TestSegment.Bytes16("west"), out _);
        var digest = await proposer.ProposeAsync(proposal!);
        var waiting = Assert.Single((await proposer.ProposalsAsync()).Operations);
        Assert.Equal(
            new WayChange { Where = "Link west", Change = "added", Segment = WireWriter.ToBytes(child.Genesis) },
            Assert.Single(waiting.Effect.Ways));
        await ApproveAsync(cluster, digest, 1, 2);
        await SealedAsync(cluster, 1);

        Assert.All(cluster.Running, host => Assert.Equal(
            child.Genesis, host.Views.Current!.Find<Link>(LeafClass.Link, "west")!.Value.Genesis));
    }

    [Fact]
    public async Task Join_OfAParent_LetsThePodsOfTheChildAskItsNames()
    {
        using var bounded = Bounded();
        await using var parent = new AnchorCluster("us1.internal", 200, anchors: 1);
        await using var child = new AnchorCluster("west.us1.internal", 400, ClusterClient.Subjects);
        parent.Segment.LinkTo(child.Segment);
        await Task.WhenAll(parent.StartAllAsync(), child.StartAllAsync());
        await using var client = new ClusterClient();
        await client.SealAsync(parent, 0, "checkout.shop.svc", bounded.Token);
        await using var proposer = new OperatorClient(child, 0);
        var proposal = JoinOperation.BuildChild(
            await proposer.GroundAsync(), parent.Segment.UplinkAs("west"), ClusterClient.Now, out _);
        var digest = await proposer.ProposeAsync(proposal!);
        await ApproveAsync(child, digest, 1, 2);
        await SealedAsync(child, 1);

        Assert.All(child.Running, host => Assert.Equal(
            ("west", parent.Segment.Genesis),
            Assert.Single(host.Views.Current!.Epoch.Value.Uplinks.Select(uplink => (uplink.Label, uplink.Parent)))));
        await ResolvesAsync(client, child, "checkout.shop.svc.us1.internal", bounded.Token);
    }

    [Fact]
    public async Task Peer_OfAnotherSegment_LetsItsPodsAskThePeersNames()
    {
        using var bounded = Bounded();
        await using var home = new AnchorCluster("eu1.internal", 100, ClusterClient.Subjects);
        await using var target = new AnchorCluster("us1.internal", 200, anchors: 1);
        target.Segment.PeerWith(home.Segment);
        await Task.WhenAll(home.StartAllAsync(), target.StartAllAsync());
        await using var client = new ClusterClient();
        await client.SealAsync(target, 0, "checkout.shop.svc", bounded.Token);
        await using var proposer = new OperatorClient(home, 0);
        var peer = new PeerRequest(
            target.Segment.Name, target.Segment.Genesis, target.Segment.Floor,
            target.Segment.Newest.Value.Anchors[0].Endpoints);
        var proposal = PeerOperation.Build(
            await proposer.GroundAsync(), peer, ClusterClient.Now, () => TestSegment.Bytes16("us1"), out _);
        var digest = await proposer.ProposeAsync(proposal!);
        var waiting = Assert.Single((await proposer.ProposalsAsync()).Operations);
        Assert.Equal(
            new WayChange
            {
                Where = "Peer us1.internal", Change = "added", Segment = WireWriter.ToBytes(target.Segment.Genesis),
            },
            Assert.Single(waiting.Effect.Ways));
        await ApproveAsync(home, digest, 1, 2);
        await SealedAsync(home, 1);

        Assert.All(home.Running, host => Assert.Equal(
            [target.Segment.Genesis], host.Views.Current!.Epoch.Value.Peers));
        await ResolvesAsync(client, home, "checkout.shop.svc.us1.internal", bounded.Token);
    }

    [Fact]
    public async Task Credential_Issued_LetsItsKeyPublishAtEveryAnchor()
    {
        using var bounded = Bounded();
        await using var cluster = new AnchorCluster("us1.internal", 200);
        await cluster.StartAllAsync();
        await using var client = new ClusterClient();
        var second = TestKeys.Signer(291);
        var (early, slice) = MadeBy(second.Key, "early.shop.svc");
        var refused = await client.PublishAsync(cluster, 0, early, slice, second, bounded.Token);
        Assert.Equal(nameof(VerificationFailure.PublisherOutOfScope), refused.Refused?.Failure);
        await using var proposer = new OperatorClient(cluster, 0);
        var issued = (Credential)TestLeaves.Credential(
            second.Key, ClusterClient.Now + 86_400_000, "*.shop.svc").Document;
        var proposal = CredentialOperation.Build(
            await proposer.GroundAsync(), new CredentialRequest { Issue = [issued] }, ClusterClient.Now,
            () => TestSegment.Bytes16("second"), out _);
        var digest = await proposer.ProposeAsync(proposal!);
        await ApproveAsync(cluster, digest, 1, 2);
        await SealedAsync(cluster, 1);

        foreach (var anchor in new[] { 0, 3 })
        {
            var (record, its) = MadeBy(second.Key, $"at-{anchor}.shop.svc");
            var last = await client.PublishAsync(cluster, anchor, record, its, second, bounded.Token);
            Assert.True(last.KindCase == PublishEvent.KindOneofCase.Sealed, last.ToString());
        }

        (Parsed<Naming.Record>, Parsed<Naming.Slice>) MadeBy(PublicKey key, string name)
        {
            var (record, its) = ClusterClient.Make(cluster, name);
            return (Document.Make(record.Value with { Publisher = key.Kid }), its);
        }
    }

    [Fact]
    public async Task Credential_Revoked_WithdrawsItsEntriesAlsoOverARestart()
    {
        using var bounded = Bounded();
        await using var cluster = new AnchorCluster("us1.internal", 200, ClusterClient.Subjects);
        await cluster.StartAllAsync();
        await using var client = new ClusterClient();
        await client.SealAsync(cluster, 0, "checkout.shop.svc", bounded.Token);
        await using var proposer = new OperatorClient(cluster, 0);
        var proposal = CredentialOperation.Build(
            await proposer.GroundAsync(), new CredentialRequest { Revoke = [cluster.Segment.Publisher.Key.Kid] },
            ClusterClient.Now, () => default, out _);
        var digest = await proposer.ProposeAsync(proposal!);
        Assert.Equal(
            ["checkout.shop.svc"], Assert.Single((await proposer.ProposalsAsync()).Operations).Effect.Withdrawn);
        await ApproveAsync(cluster, digest, 1, 2);
        await SealedAsync(cluster, 1);

        var (record, slice) = ClusterClient.Make(cluster, "late.shop.svc");
        var refused = await client.PublishAsync(cluster, 1, record, slice);
        Assert.Equal(nameof(VerificationFailure.PublisherRevoked), refused.Refused?.Failure);
        await cluster.StopAsync(2);
        await cluster.StartAsync(2);
        await SealedAsync(cluster, 1);
        Assert.All(cluster.Running, host =>
        {
            var entry = Assert.Single(host.Views.Current!.Certified.State.Entries);
            Assert.Equal((LeafClass.Withdrawn, true), (entry.LeafClass, entry.Source.IsRevoked));
        });
    }

    [Fact]
    public async Task Publish_OfAnEntryThatSaysItIsRevoked_PublisherRevoked()
    {
        await using var cluster = new AnchorCluster("us1.internal", 200);
        await cluster.StartAllAsync();
        var (record, slice) = ClusterClient.Make(cluster, "checkout.shop.svc");
        using var identity = new TlsIdentity(TestKeys.Ecdsa(290), TimeProvider.System);
        await using var publisher = ClusterClient.Client(cluster, 0, identity);
        var entry = new Entry
        {
            Type = "record",
            Document = WireWriter.ToMessage(Envelope.Sign(record, cluster.Segment.Publisher)),
            Slices = { UnsafeByteOperations.UnsafeWrap(slice.Payload) },
            Revoked = true,
        };
        using var call = publisher.Publish(
            new PublishRequest { Genesis = WireWriter.ToBytes(cluster.Segment.Genesis), Entries = { entry } },
            TestContext.Current.CancellationToken);
        Assert.True(await call.ResponseStream.MoveNext(TestContext.Current.CancellationToken));
        Assert.Equal(nameof(VerificationFailure.PublisherRevoked), call.ResponseStream.Current.Refused?.Failure);
    }

    private static async Task ResolvesAsync(
        ClusterClient client, AnchorCluster home, string name, CancellationToken cancellationToken)
    {
        var verdict = await client.ResolveAsync(home, 3, name, cancellationToken);
        Assert.True(verdict is Verdict.Accepted, (verdict as Verdict.Refused)?.Refusal.ToString());
        Assert.Equal(Outcome.Record, ((Verdict.Accepted)verdict).Answer.Outcome);
    }

    internal static async Task ApproveAsync(AnchorCluster cluster, Digest digest, params int[] anchors)
    {
        foreach (var anchor in anchors)
        {
            await using var approver = new OperatorClient(cluster, anchor);
            await approver.ApproveAsync(digest);
        }
    }

    internal static Task SealedAsync(AnchorCluster cluster, long epoch) => OperatorClient.EventuallyAsync(
        () => Task.FromResult(cluster.Running.All(host => host.Views.Current?.Epoch.Value.Number == epoch)));

    internal static SubscribeRequest Opening(Parsed<Naming.Query> query) => new()
    {
        Open = new Open
        {
            Id = 1,
            Request = new ResolveRequest { Query = UnsafeByteOperations.UnsafeWrap(query.Payload) },
        },
    };

    /// <summary>Verifies each update as a sidecar does, until one says what is waited for.</summary>
    internal static async Task<VerifierState> UntilAsync(
        AsyncDuplexStreamingCall<SubscribeRequest, SubscribeResponse> stream,
        Parsed<Naming.Query> query,
        VerifierState state,
        Outcome outcome,
        CancellationToken cancellationToken)
    {
        var options = new VerifierOptions
        {
            UnsafeAllowLoopbackEndpoints = true, Subject = ClusterClient.Pod,
        };
        while (await stream.ResponseStream.MoveNext(cancellationToken))
        {
            if (stream.ResponseStream.Current.Update is not { } update)
            {
                continue;
            }

            Assert.True(WireReader.TryRead(update.Answer, out var answer, out _));
            var verdict = AnswerVerifier.Verify(state, query, answer, ClusterClient.Now, options);
            var accepted = Assert.IsType<Verdict.Accepted>(verdict);
            state = accepted.Next;
            if (accepted.Answer.Outcome == outcome)
            {
                return state;
            }
        }

        throw new InvalidOperationException("the stream ended");
    }

    private static CancellationTokenSource Bounded()
    {
        var bounded = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        bounded.CancelAfter(Patience);
        return bounded;
    }
}
