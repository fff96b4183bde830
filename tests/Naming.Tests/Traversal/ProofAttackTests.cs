using Fairlead.Naming.Traversal;
using Fairlead.Naming.Tree;
using Fairlead.TestKit;
using Fairlead.TestKit.Answers;
using Xunit;
using static Fairlead.Naming.VerificationFailure;

namespace Fairlead.Naming.Tests.Traversal;

/// <summary>Proofs of the wrong thing, and negatives that prove too little.</summary>
public sealed class ProofAttackTests
{
    private readonly PeerWorld _world = new();

    [Fact]
    [MaliciousInput(42, "257 levels, surplus or unused nodes: BadProof")]
    public void Nodes_SurplusNode_BadProof() =>
        Refused(BadProof, Target(hop => hop with { Nodes = hop.Nodes.Add(Digest.Sha256("surplus"u8)) }));

    /// <summary>V36: what nobody asked for is work for everybody on the path. It is counted before it is
    /// done.</summary>
    [Fact]
    [MaliciousInput(70, "129 proofs of a hop, 2,049 levels of them: TooLarge, BudgetExceeded")]
    public void Proofs_OfTooManyLevels_BudgetExceeded()
    {
        var nodes = new ProofNodes();
        var absent = Enumerable.Range(0, Limits.HopProofs + 1)
            .Select(i => _world.Us1.Prove(LeafClass.Record, $"s{i:d3}.shop.svc", nodes)).ToList();
        var mask = new byte[] { 0xFF, 0xFE };
        var deep = absent.Select(one => one with
        {
            Proof = new TreeProof(16, mask, new uint[] { 0 }, ProofEnd.Empty),
        }).ToList();

        // The fold is the next check: as many levels as there may be are looked at.
        Refused(ProofMismatch, Surplus(deep.Take(Limits.HopProofs)));
        Refused(BudgetExceeded, Surplus(deep.Take(Limits.HopProofs - 1).Append(deep[^1] with
        {
            Proof = deep[^1].Proof with { Depth = 17, Mask = new byte[] { 255, 255, 0 } },
        })));
        Refused(TooLarge, Surplus(absent));

        UnverifiedAnswer Surplus(IEnumerable<UnverifiedLeafProof> proofs) =>
            Target(hop => hop with { Proofs = [.. proofs], Nodes = [Digest.Sha256("a node"u8)] });
    }

    [Fact]
    public void Proof_257Levels_BadProof() => Refused(BadProof, Target(hop => hop with
    {
        Proofs = [hop.Proofs[0] with { Proof = hop.Proofs[0].Proof with { Depth = 257 } }],
    }));

    [Fact]
    public void Proofs_NotAscending_BadProof() =>
        Refused(BadProof, Target(hop => hop with { Proofs = [hop.Proofs[0], hop.Proofs[0]] }));

    [Fact]
    public void Proof_UnknownClass_BadProof() =>
        Refused(BadProof, Target(hop => hop with { Proofs = [hop.Proofs[0] with { Class = 99 }] }));

    [Fact]
    [MaliciousInput(44, "proof of another name: ProofMismatch")]
    public void Record_ProofOfAnotherName_ProofMismatch()
    {
        _world.Us1.Put(AnswerLeaves.RecordOf("cart.shop.svc", _world.Now, _world.Us1.Publisher))
            .SealAt(_world.Now - 500);
        var ask = _world.Ask();
        ask.Withheld.Add((1, LeafClass.Record, PeerWorld.Checkout));
        ask.Extra.Add((1, LeafClass.Record, "cart.shop.svc"));
        Refused(ProofMismatch, ask.Record());
    }

    [Fact]
    [MaliciousInput(45, "value changed, proof kept: ProofMismatch")]
    public void Record_DigitOfTtlChanged_ProofMismatch() => Refused(ProofMismatch, Target(hop =>
    {
        var forged = Document.Make(_world.Record with { TtlMax = 60_001 });
        return hop with { Proofs = [hop.Proofs[0] with { Leaf = forged.Payload }] };
    }));

    [Fact]
    [MaliciousInput(46, "absence via leaf outside my prefix: NonInclusionWrongPrefix")]
    public void Absence_ByALeafElsewhere_NonInclusionWrongPrefix()
    {
        // Enough leaves that the path of some other leaf leaves mine early.
        for (var i = 0; i < 32; i++)
        {
            _world.Us1.Put(AnswerLeaves.RecordOf($"s{i}.shop.svc", _world.Now, _world.Us1.Publisher));
        }

        _world.Us1.SealAt(_world.Now - 500);
        var nodes = new ProofNodes();
        var mine = _world.Us1.KeyOf(new LeafName(LeafClass.Record, PeerWorld.Checkout));
        var (name, proof) = Enumerable.Range(0, 32).Select(i => $"s{i}.shop.svc")
            .Select(other => (other, _world.Us1.Prove(LeafClass.Record, other, new ProofNodes()).Proof))
            .First(other => !SharesPrefix(
                mine, _world.Us1.KeyOf(new LeafName(LeafClass.Record, other.other)), other.Proof.Depth));
        var real = _world.Us1.Prove(LeafClass.Record, name, nodes);
        var lie = real with
        {
            Name = PeerWorld.Checkout,
            Leaf = default,
            Proof = real.Proof with
            {
                End = ProofEnd.Other,
                OtherKey = _world.Us1.KeyOf(new LeafName(LeafClass.Record, name)),
                OtherCommitment = AnswerLeaves.DigestOf(_world.Us1.Leaves[new LeafName(LeafClass.Record, name)]),
            },
        };
        Assert.Equal(proof.Depth, real.Proof.Depth);
        Refused(NonInclusionWrongPrefix, Negative(lie, nodes));
    }

    [Fact]
    [MaliciousInput(47, "absence via leaf with my key: NonInclusionWrongPrefix")]
    public void Absence_ByTheLeafItself_NonInclusionWrongPrefix()
    {
        var nodes = new ProofNodes();
        var real = _world.Us1.Prove(LeafClass.Record, PeerWorld.Checkout, nodes);
        var lie = real with
        {
            Leaf = default,
            Proof = real.Proof with
            {
                End = ProofEnd.Other,
                OtherKey = _world.Us1.KeyOf(new LeafName(LeafClass.Record, PeerWorld.Checkout)),
                OtherCommitment = AnswerLeaves.DigestOf(_world.Record),
            },
        };
        Refused(NonInclusionWrongPrefix, Negative(lie, nodes));
    }

    [Theory]
    [MaliciousInput(48, "absence without link proofs of the suffixes: IncompleteDenial")]
    [InlineData(LeafClass.Record, "missing.shop.svc")]
    [InlineData(LeafClass.Redirect, "missing.shop.svc")]
    [InlineData(LeafClass.Link, "missing.shop.svc")]
    [InlineData(LeafClass.Link, "shop.svc")]
    public void Negative_WithoutOneOfItsProofs_IncompleteDenial(LeafClass kind, string name)
    {
        var ask = _world.Ask("missing.shop.svc");
        ask.Withheld.Add((1, kind, name));
        Answers.Refused(IncompleteDenial, AnswerVerifier.Verify(_world.State, ask.Query, ask.Negative(), _world.Now));
    }

    [Fact]
    public void Negative_OfANameThatMoved_IncompleteDenial()
    {
        _world.Us1.Put(new Redirect
        {
            Genesis = _world.Eu1.Genesis,
            Made = 1,
            Name = ServicePart.Parse("moved.shop.svc"),
            Opening = AnswerLeaves.Opening("moved"),
            State = RedirectState.Moved,
            Target = FullName.Parse("moved.shop.svc.eu1.internal"),
            Uid = AnswerLeaves.Opening("uid"),
            Version = 1,
        }).SealAt(_world.Now - 500);
        var ask = _world.Ask("moved.shop.svc");
        Answers.Refused(IncompleteDenial, AnswerVerifier.Verify(_world.State, ask.Query, ask.Negative(), _world.Now));
    }

    [Fact]
    public void Negative_OfTheNextSegment_NeedsTheLinksAbsence()
    {
        var tree = new TreeWorld();
        var ask = tree.Ask("checkout.shop.svc.ap1.acme.internal").Via(tree.Acme, HopKind.Up);
        Answers.Accepted(AnswerVerifier.Verify(ask.State, ask.Query, ask.Negative(), tree.Now));

        ask.Withheld.Add((1, LeafClass.Link, "ap1"));
        Answers.Refused(IncompleteDenial, AnswerVerifier.Verify(ask.State, ask.Query, ask.Negative(), tree.Now));
    }

    [Fact]
    public void Negative_NoWayOut_NeedsEveryPeersAbsenceAndNoUplink()
    {
        var ask = new TestAnswers(_world.Eu1, "checkout.shop.svc.ap1.other", _world.Now);
        Answers.Accepted(AnswerVerifier.Verify(_world.State, ask.Query, ask.Negative(), _world.Now));
        ask.Withheld.Add((0, LeafClass.Peer, "other"));
        Answers.Refused(IncompleteDenial, AnswerVerifier.Verify(_world.State, ask.Query, ask.Negative(), _world.Now));

        var tree = new TreeWorld();
        var up = tree.Ask("checkout.shop.svc.ap1.other");
        Answers.Refused(IncompleteDenial, AnswerVerifier.Verify(up.State, up.Query, up.Negative(), tree.Now));
    }

    [Fact]
    [MaliciousInput(118, "unknown host denied by absence of the record: IncompleteDenial")]
    public void UnknownHost_DeniedByAbsenceOfItsOwnKey_IncompleteDenial()
    {
        var ask = _world.Ask($"db-0.{PeerWorld.Checkout}");
        ask.Withheld.Add((1, LeafClass.Record, PeerWorld.Checkout));
        ask.Extra.Add((1, LeafClass.Record, $"db-0.{PeerWorld.Checkout}"));
        Answers.Refused(IncompleteDenial, AnswerVerifier.Verify(_world.State, ask.Query, ask.Negative(), _world.Now));
    }

    [Fact]
    public void UnknownHost_DeniedByRecordAndAllSlices_IsAbsent()
    {
        var ask = _world.Ask($"db-0.{PeerWorld.Checkout}");
        var accepted = Answers.Accepted(
            AnswerVerifier.Verify(_world.State, ask.Query, ask.Negative(_world.East, _world.West), _world.Now));
        Assert.Equal(Outcome.Absent, accepted.Answer.Outcome);

        Answers.Refused(
            SliceMismatch, AnswerVerifier.Verify(_world.State, ask.Query, ask.Negative(_world.East), _world.Now));
    }

    [Fact]
    public void KnownHost_Denied_IncompleteDenial()
    {
        var slice = AnswerLeaves.SliceOf("db.shop.svc", null, "10.0.0.1");
        slice = slice with { Endpoints = [slice.Endpoints[0] with { Host = "db-0" }] };
        _world.Us1.Put(AnswerLeaves.RecordOf("db.shop.svc", _world.Now, _world.Us1.Publisher, slice))
            .SealAt(_world.Now - 500);
        var ask = _world.Ask("db-0.db.shop.svc");

        Answers.Refused(
            IncompleteDenial, AnswerVerifier.Verify(_world.State, ask.Query, ask.Negative(slice), _world.Now));
        Answers.Accepted(AnswerVerifier.Verify(_world.State, ask.Query, ask.Record(slice), _world.Now));
        var other = _world.Ask("db-1.db.shop.svc");
        Answers.Refused(
            SliceMismatch, AnswerVerifier.Verify(_world.State, other.Query, other.Record(slice), _world.Now));
    }

    private static bool SharesPrefix(Digest one, Digest two, uint depth)
    {
        var (first, second) = (one.ToArray(), two.ToArray());
        return Enumerable.Range(0, (int)depth).All(i => ((first[i / 8] ^ second[i / 8]) & (0x80 >> (i % 8))) == 0);
    }

    private UnverifiedAnswer Negative(UnverifiedLeafProof proof, ProofNodes nodes)
    {
        var answer = _world.Ask().Negative();
        var hop = answer.Hops[1] with { Proofs = [proof], Nodes = [.. nodes.Nodes] };
        return answer with { Hops = [answer.Hops[0], hop] };
    }

    private UnverifiedAnswer Target(Func<UnverifiedHop, UnverifiedHop> change)
    {
        var answer = _world.Answer();
        return answer with { Hops = [answer.Hops[0], change(answer.Hops[1])] };
    }

    private void Refused(VerificationFailure failure, UnverifiedAnswer answer) =>
        Answers.Refused(failure, AnswerVerifier.Verify(_world.State, _world.Ask().Query, answer, _world.Now));
}
