using Fairlead.Naming;
using Fairlead.Naming.Operations;
using Xunit;

namespace Fairlead.Governance.Tests.Epochs;

/// <summary>
/// Join and peer take in, and take nothing away: what stands keeps naming the segment that it names, whoever built the
/// candidate (V44). So the hold-down of V49 cannot be passed by.
/// </summary>
public sealed class StandingTests
{
    private static readonly SegmentName Eu1 = SegmentName.Parse("eu1.acme.internal");

    private readonly EpochBench _maker = new();
    private readonly EpochGround _ground;
    private readonly EpochBench _bench;

    /// <summary>Over a segment with a Link c1, a Peer eu1 with its Scope, and an uplink.</summary>
    public StandingTests()
    {
        var before = _maker.Ground;
        OperationLeaves? leaves = before.Leaves;
        foreach (var proposal in new[] { Join(before, "c1", 1), Peer(before, 3, 3) })
        {
            var epoch = EpochBench.Read(proposal);
            leaves = leaves!.Apply(
                epoch, proposal.Manifest, proposal.Leaves.Select(leaf => (leaf.Class, leaf.Payload)), out var refusal);
            Assert.Null(refusal);
        }

        _ground = before with
        {
            Epoch = Document.Make(before.Epoch.Value with
            {
                Peers = [EpochBench.Stranger(3)], Uplinks = [Uplink("us1", 7, 0)],
            }),
            Leaves = leaves!,
        };
        _bench = new EpochBench(change: o => o with { Ground = _ground });
    }

    [Fact]
    public void Join_OfALinkToAnotherSegment_IsLinkRepointed() =>
        Refused(VerificationFailure.LinkRepointed, Join(Without(LeafClass.Link), "c1", 2));

    [Fact]
    public void Join_WithoutALink_IsOpMismatch() =>
        Refused(VerificationFailure.OpMismatch, Removal(OpType.Join, LeafClass.Link, "c1"));

    [Fact]
    public void Join_OfTheSameSegment_ChangesFloorEndpointsAndTerms()
    {
        Accepted(Join(_ground, "c1", 1, new Naming.Terms { MaxTtl = 1_000 }));
        Accepted(Join(_ground, "c2", 2));
    }

    /// <summary>A newer floor is no reason to give up what was demanded.</summary>
    [Fact]
    public void JoinAndPeer_WithoutTerms_KeepThoseThatStand()
    {
        var (ground, newer) = (WithTerms(1_000), new Floor(EpochBench.Stranger(11), 5));
        var join = JoinOperation.BuildParent(
            ground, [new JoiningChild("c1", EpochBench.Stranger(1), newer, [EpochBench.Endpoint], null)],
            _maker.Now, _maker.Opening, out _)!;
        Assert.True(Document.TryParse<Link>(Assert.Single(join.Leaves).Payload, out var link, out _));
        Assert.Equal((1_000, 5), (link.Value.Terms?.MaxTtl, link.Value.Floor.Epoch));

        var peer = PeerOperation.Build(
            ground, new PeerRequest(Eu1, EpochBench.Stranger(3), newer, [EpochBench.Endpoint]), _maker.Now,
            _maker.Opening, out _)!;
        Assert.True(Document.TryParse<Peer>(Assert.Single(peer.Leaves).Payload, out var leaf, out _));
        Assert.Equal((1_000, 5), (leaf.Value.Terms?.MaxTtl, leaf.Value.Floor.Epoch));
    }

    /// <summary>What <c>auto</c> lists joins without an operator; demanding less of who is there, or letting it name
    /// more, does not.</summary>
    [Fact]
    public void JoinAndPeer_InAuto_NeedAnOperatorToDemandLess()
    {
        var ground = WithTerms(1_000);
        Assert.True(IsWilling(Join(ground, "c1", 1, new Naming.Terms { MaxTtl = 500 })));
        Assert.False(IsWilling(Join(ground, "c1", 1, new Naming.Terms { MaxTtl = 1_001 })));
        Assert.True(IsWilling(PeerAgain(new Naming.Terms { MaxTtl = 500 }, null)));
        Assert.False(IsWilling(PeerAgain(new Naming.Terms { MaxTtl = 1_001 }, null)));
        Assert.False(IsWilling(PeerAgain(null, Scope(3) with { Networks = ["more"] })));

        // A builder keeps the terms; whoever builds by hand as though there were none is held to it all the same.
        var elsewhere = new JoiningChild(
            "c1", EpochBench.Stranger(1), new Floor(EpochBench.Stranger(9), 2), [IpEndpoint.Parse("10.9.9.9:1")], null);
        Assert.True(IsWilling(Moved(ground)));
        Assert.False(IsWilling(Moved(ground with { Leaves = _ground.Leaves })));

        EpochProposal Moved(EpochGround shown) =>
            JoinOperation.BuildParent(shown, [elsewhere], _maker.Now, _maker.Opening, out _)!;

        EpochProposal PeerAgain(Naming.Terms? terms, Scope? scope) => PeerOperation.Build(
            ground,
            new PeerRequest(
                Eu1, EpochBench.Stranger(3), new Floor(EpochBench.Stranger(40), 0), [EpochBench.Endpoint], terms,
                scope),
            _maker.Now, _maker.Opening, out _)!;

        bool IsWilling(EpochProposal proposal)
        {
            var bench = new EpochBench(change: o => o with { Ground = ground });
            return Assert.Single(bench.Step(new EpochInput.Submit(7, proposal)).OfType<EpochOutput.Queued>()).IsWilling;
        }
    }

    [Fact]
    public void Join_OfAnUplink_AddsAndMovesNone()
    {
        var join = JoinOperation.BuildChild(_ground, Uplink("us1", 7, 1), _bench.Now, out _)!;
        Accepted(join);
        Accepted(JoinOperation.BuildChild(_ground, Uplink("west", 8, 0), _bench.Now, out _)!);
        Refused(
            VerificationFailure.LinkRepointed,
            EpochBench.Change(join, epoch => epoch with { Uplinks = [Uplink("us1", 8, 1)] }));
        Refused(VerificationFailure.OpMismatch, EpochBench.Change(join, epoch => epoch with { Uplinks = [] }));
    }

    [Fact]
    public void Peer_OfANameToAnotherSegment_IsLinkRepointed() =>
        Refused(VerificationFailure.LinkRepointed, Peer(Without(LeafClass.Peer), 4, 4));

    [Fact]
    public void Peer_WithoutAPeer_IsOpMismatch()
    {
        Refused(VerificationFailure.OpMismatch, Removal(OpType.Peer, LeafClass.Peer, Eu1.Text));
        Refused(
            VerificationFailure.OpMismatch,
            Removal(OpType.Peer, LeafClass.Scope, EpochBench.Stranger(3).ToString()));
        Refused(
            VerificationFailure.OpMismatch,
            EpochBench.Change(Peer(_ground, 3, 3, epoch: 1), epoch => epoch with { Peers = [] }));
    }

    [Fact]
    public void Peer_WithTheScopeOfNoPeer_IsCrossSegmentWrite()
    {
        Accepted(Peer(_ground, 3, 3, epoch: 1));
        var foreign = Document.Make(Scope(9) with { Made = _ground.Next });
        Refused(VerificationFailure.CrossSegmentWrite, Put(OpType.Peer, LeafClass.Scope, foreign.Value.LeafName,
            foreign.Digest, new ProposedLeaf(LeafClass.Scope, foreign.Payload)));
    }

    private static Uplink Uplink(string label, int parent, long floor) => new()
    {
        Endpoints = [EpochBench.Endpoint],
        Floor = new Floor(EpochBench.Stranger(100 + (int)floor), floor),
        Label = label,
        Parent = EpochBench.Stranger(parent),
    };

    private static Scope Scope(int of) => new()
    {
        Made = 0, Networks = ["net"], Opening = default, Segment = EpochBench.Stranger(of),
    };

    private EpochProposal Join(EpochGround ground, string label, int child, Naming.Terms? terms = null) =>
        JoinOperation.BuildParent(
            ground,
            [new JoiningChild(
                label, EpochBench.Stranger(child), new Floor(EpochBench.Stranger(9), 2), [EpochBench.Endpoint], terms)],
            _maker.Now,
            _maker.Opening,
            out _)!;

    private EpochProposal Peer(
        EpochGround ground, int genesis, int scope, long epoch = 0, Naming.Terms? terms = null) => PeerOperation.Build(
        ground,
        new PeerRequest(
            Eu1,
            EpochBench.Stranger(genesis),
            new Floor(EpochBench.Stranger(40 + (int)epoch), epoch),
            [EpochBench.Endpoint],
            terms,
            Scope(scope)),
        _maker.Now,
        _maker.Opening,
        out _)!;

    /// <summary>The ground where Link and Peer have terms, and both operations are in <c>auto</c>.</summary>
    private EpochGround WithTerms(long maxTtl)
    {
        var terms = new Naming.Terms { MaxTtl = maxTtl };
        OperationLeaves? leaves = _ground.Leaves;
        foreach (var proposal in new[] { Join(_ground, "c1", 1, terms), Peer(_ground, 3, 3, terms: terms) })
        {
            leaves = leaves!.Apply(
                EpochBench.Read(proposal), proposal.Manifest,
                proposal.Leaves.Select(leaf => (leaf.Class, leaf.Payload)), out var refusal);
            Assert.Null(refusal);
        }

        var epoch = _ground.Epoch.Value;
        return _ground with
        {
            Epoch = Document.Make(epoch with { Policy = epoch.Policy with { Auto = [OpType.Join, OpType.Peer] } }),
            Leaves = leaves!,
        };
    }

    /// <summary>The ground as a liar shows it to the builder.</summary>
    private EpochGround Without(LeafClass leafClass)
    {
        var shown = OperationLeaves.Shown(
            _ground.Epoch,
            _ground.Leaves.Leaves.Values.Where(leaf => leaf.Class != leafClass)
                .Select(leaf => (leaf.Class, leaf.Payload)),
            out var refusal);
        Assert.Null(refusal);
        return _ground with { Leaves = shown! };
    }

    private EpochProposal Removal(string op, LeafClass leafClass, string name) => Put(op, leafClass, name, null);

    private EpochProposal Put(
        string op, LeafClass leafClass, string name, Digest? digest, params ProposedLeaf[] leaves)
    {
        var manifest = Document.Make(new Manifest
        {
            Changes = [new ManifestChange { Class = (long)leafClass, Digest = digest, Name = name }],
        });
        var proposal = EpochBench.Change(
            Peer(_ground, 3, 3, epoch: 1),
            epoch => epoch with { Op = new EpochOp { Type = op, Manifest = manifest.Digest } });
        return proposal with { Manifest = manifest.Payload, Leaves = [.. leaves] };
    }

    private void Refused(VerificationFailure failure, EpochProposal proposal)
    {
        var outputs = _bench.Step(new EpochInput.Submit(7, proposal));
        Assert.Equal(failure, Assert.Single(outputs.OfType<EpochOutput.Refused>()).Refusal.Failure);
        Assert.Equal(0, _bench.Engine.Waiting);
    }

    private void Accepted(EpochProposal proposal) => Assert.True(
        CandidateRules.TryRead(_ground, proposal, new PortChecks(_bench.World.Check), out _, out var refusal),
        refusal?.ToString());
}
