using Fairlead.Naming;
using Fairlead.Naming.Operations;
using Fairlead.TestKit;
using Xunit;

namespace Fairlead.Governance.Tests.Epochs;

/// <summary>From a decided epoch to its first seal (4.3.3): fence, handover, entries taken along, and who was
/// away.</summary>
public sealed class SuccessionTests
{
    [Theory]
    [InlineData(4, 1)]
    [InlineData(7, 2)]
    [InlineData(1, 0)]
    public void Operation_Approved_IsPublishedWithItsFirstSeal(int anchors, int faults)
    {
        var cluster = new Cluster(anchors, faults);
        cluster.Run(1000);
        cluster.Decide(cluster.Policy(1000));
        cluster.Run(1000);
        cluster.Agree(2);
        Assert.Equal(1000, cluster.Ground.Epoch.Value.Policy.MaxTtl);
        foreach (var id in cluster.World.Ids)
        {
            var published = Assert.Single(cluster.Of<SegmentOutput.Published>(id));
            var step = Assert.Single(published.Steps);
            Assert.True(Document.TryParse<Handover>(step.Handover.Payload, out var handover, out _));
            Assert.Equal(handover.Digest, published.First.Seal.Prev);
            Assert.Equal(EpochBench.DigestOf(step.Proposal), handover.Value.Next);
            Assert.Null(EpochRules.CheckSuccessor(
                cluster.World.Segment.Epoch,
                Parsed(step, cluster),
                cluster.Ground.Genesis,
                [],
                cluster.Now,
                1000,
                new PortChecks(cluster.World.Check)));
        }
    }

    [Fact]
    [MaliciousInput(124, "seal of N after my COMMIT of N+1: Fenced")]
    public void Seal_OfTheOldEpoch_IsNeverSignedAgain()
    {
        var cluster = new Cluster();
        cluster.Run(1000);
        cluster.Decide(cluster.Policy(1000));
        cluster.Run(1000);
        var id = cluster.World.Ids[1];
        var handover = cluster.Of<SegmentOutput.Published>(id).Single().Steps[0].Handover;
        var seal = cluster.Of<SegmentOutput.OfSeals>(id).Select(o => o.Output).OfType<SealOutput.Certified>()
            .Last(c => c.State.Seal.Epoch == 1).State.Seal;
        foreach (var from in cluster.World.Ids.Where(i => i != id))
        {
            cluster.Outputs[id].Clear();
            cluster.Give(id, new SegmentInput.Receive(from, new SegmentMessage.Sealing(1, new SealMessage.Propose(
                0, Document.Make(seal with { Seq = 900, Issued = cluster.Now, Expires = cluster.Now
                    + 5000 }).Payload, handover, [], []))));
            Assert.Empty(cluster.Of<SegmentOutput.SealJournal>(id));
        }
    }

    [Fact]
    public void Credential_Revoked_WithdrawsItsEntriesForGood()
    {
        var cluster = new Cluster();
        cluster.Run(500);
        var (lost, kept) = (cluster.World.SecondPublisher, cluster.World.Publisher);
        cluster.Publish(cluster.Record(lost, "lost.shop.svc"), 1);
        cluster.Publish(cluster.Record(kept, "kept.shop.svc"), 2);
        cluster.Run(500);
        var name = new EntryName(LeafClass.Record, "lost.shop.svc");
        Assert.Equal(0, cluster.First.Newest!.State.Find(name)!.Rank);
        var version = cluster.First.Newest.State.Find(name)!.Version;
        cluster.Decide(Credential(cluster, new CredentialRequest { Revoke = [lost.Key.Kid] }));
        cluster.Run(1000);
        cluster.Agree(2);
        Check();
        cluster.Publish(cluster.Record(lost, "new.shop.svc"), 3);
        var refused = cluster.Of<SegmentOutput.OfSeals>("a0").Select(o => o.Output).OfType<SealOutput.Refused>();
        Assert.Equal(VerificationFailure.PublisherRevoked, Assert.Single(refused).Refusal.Failure);

        // With its Credential back the old version stays withdrawn; only a new one takes its place.
        cluster.Decide(Credential(cluster, new CredentialRequest
        {
            Issue = [Simulator.WorldDocuments.Credential(lost.Key)],
        }));
        cluster.Run(1000);
        cluster.Agree(3);
        Check();

        void Check()
        {
            var entry = cluster.First.Newest!.State.Find(name)!;
            Assert.Equal((1, LeafClass.Withdrawn, version), (entry.Rank, entry.LeafClass, entry.Version));
            Assert.Equal(0, cluster.First.Newest.State.Find(name with { Name = "kept.shop.svc" })!.Rank);
        }
    }

    [Fact]
    public void Entry_AcceptedWhileFenced_IsSealedByTheNextEpoch()
    {
        var cluster = new Cluster();
        cluster.Run(500);
        cluster.Decide(cluster.Policy(1000));
        cluster.Publish(cluster.Record(cluster.World.Publisher, "n1.shop.svc"), 9);
        cluster.Run(2000);
        var outputs = cluster.Of<SegmentOutput.OfSeals>("a0").Select(o => o.Output).ToList();
        Assert.Single(outputs.OfType<SealOutput.Accepted>(), a => a.Token == 9);
        Assert.Single(outputs.OfType<SealOutput.Sealed>(), s => s.Token == 9);
        cluster.Agree(2);
        Assert.NotNull(cluster.First.Newest!.State.Find(new EntryName(LeafClass.Record, "n1.shop.svc")));
    }

    [Fact]
    public void Operations_ThatWait_GoOnWithTheirApprovals()
    {
        var cluster = new Cluster();
        cluster.Run(500);
        var policy = cluster.Policy(1000);
        var peer = cluster.Peer();
        var conflict = cluster.Policy(2000);
        cluster.Decide(policy, 1);
        cluster.Decide(peer, 2);
        cluster.Decide(conflict, 3);
        cluster.Run(5000);
        cluster.Agree(3);
        Assert.Single(cluster.Ground.Epoch.Value.Peers);
        var epochs = cluster.Of<SegmentOutput.OfEpochs>("a0").Select(o => o.Output).ToList();
        Assert.Equal(2, epochs.OfType<EpochOutput.Decided>().Count(d => d.Token is not null));
        Assert.Equal(
            VerificationFailure.EpochSuperseded, Assert.Single(epochs.OfType<EpochOutput.Refused>()).Refusal.Failure);
        Assert.NotEmpty(cluster.Of<SegmentOutput.Rebased>("a0"));
    }

    [Fact]
    public void Approval_OfTheDigestBeforeAnEpochOvertookIt_Counts()
    {
        var cluster = new Cluster();
        cluster.Run(500);
        var peer = cluster.Peer();
        var seen = EpochBench.DigestOf(peer);
        cluster.Give("a0", new SegmentInput.OfOperator(new EpochInput.Submit(1, peer)));
        foreach (var maxTtl in new[] { 1000, 2000 })
        {
            cluster.Run(500);
            cluster.Decide(cluster.Policy(maxTtl), 2);
            cluster.Run(5000);
        }

        cluster.Agree(3);
        Assert.All(cluster.Engines.Values, engine => Assert.NotEqual(seen, engine.FindWaiting(seen) ?? seen));
        foreach (var id in cluster.World.Ids)
        {
            cluster.Give(id, new SegmentInput.OfOperator(new EpochInput.Approve(seen)));
        }

        cluster.Run(5000);
        cluster.Agree(4);
        Assert.Single(cluster.Ground.Epoch.Value.Peers);
        Assert.All(cluster.Engines.Values, engine => Assert.Null(engine.FindWaiting(seen)));
    }

    [Fact]
    public void Anchor_ThatWasAway_FollowsByTheSteps()
    {
        var cluster = new Cluster();
        cluster.Run(500);
        cluster.Away("a3", isAway: true);
        for (var i = 0; i < 3; i++)
        {
            cluster.Publish(cluster.Record(cluster.World.Publisher, $"n{i}.shop.svc"), 10 + i);
            cluster.Decide(cluster.Policy(100_000 + i));
            cluster.Run(12_000);
        }

        Assert.Equal((4, 1), (cluster.Ground.Epoch.Value.Number, cluster.Engines["a3"].Ground.Epoch.Value.Number));
        cluster.Away("a3", isAway: false);
        cluster.Run(12_000);
        cluster.Agree(4);
        Assert.Equal(3, cluster.Engines["a3"].Newest!.State.EntryCount);
        Assert.Equal(3, cluster.Of<SegmentOutput.Published>("a3").SelectMany(p => p.Steps).Count());
    }

    [Fact]
    [MaliciousInput(125, "first seal of N+1 without handover: HandoverMissing")]
    public void Steps_WithAForgedHandover_AreRefused()
    {
        var cluster = new Cluster();
        cluster.Run(500);
        cluster.Away("a3", isAway: true);
        cluster.Decide(cluster.Policy(1000));
        cluster.Run(12_000);
        var step = cluster.Of<SegmentOutput.Published>("a0").Single().Steps[0];
        Assert.True(Document.TryParse<Handover>(step.Handover.Payload, out var handover, out _));
        var other = Document.Make(handover.Value with { Next = EpochBench.Stranger(1) });
        var seals = cluster.World.Ids.Take(3).Select(i => cluster.World.Signer($"seal {i}"));
        Refused(VerificationFailure.HandoverMissing, step with { Handover = Envelope.Sign(other, seals) });
        Refused(VerificationFailure.ThresholdNotMet, step with { Handover = Envelope.Sign(handover, seals.Take(2)) });
        Refused(
            VerificationFailure.ThresholdNotMet,
            step with { Commits = step.Commits with { Signatures = [.. step.Commits.Signatures.Take(2)] } });

        void Refused(VerificationFailure failure, EpochStep forged)
        {
            cluster.Outputs["a3"].Clear();
            cluster.Give("a3", new SegmentInput.Receive("a0", new SegmentMessage.Steps([forged, forged], null)));
            var ignored = cluster.Of<SegmentOutput.OfEpochs>("a3").Select(o => o.Output).OfType<EpochOutput.Ignored>();
            Assert.Equal(failure, Assert.Single(ignored).Refusal.Failure);
            Assert.Equal(1, cluster.Engines["a3"].Ground.Epoch.Value.Number);
        }
    }

    private static EpochProposal Credential(Cluster cluster, CredentialRequest request) =>
        CredentialOperation.Build(cluster.Ground, request, cluster.Now, cluster.Opening, out _)!;

    private static ParsedEpochDocument Parsed(EpochStep step, Cluster cluster)
    {
        Assert.True(ParsedEpochDocument.TryParse(step.Document, cluster.Ground.Genesis, out var document, out _));
        return document;
    }
}
