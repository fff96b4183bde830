using Fairlead.Naming.Traversal;
using Fairlead.TestKit;
using Fairlead.TestKit.Answers;
using Xunit;
using static Fairlead.Naming.VerificationFailure;

namespace Fairlead.Naming.Tests.Traversal;

/// <summary>A transit's hop by itself, as a home anchor and a target's anchor check it.</summary>
public sealed class IntroductionCheckTests
{
    private readonly TreeWorld _world = new();

    [Fact]
    public void Hop_OfTheParent_LeadsToTheSibling()
    {
        var introducer = Accepted(Asked());

        Assert.Equal(
            (HopKind.Down, "us1.acme.internal", _world.Us1.Genesis),
            (introducer.Leads!.Kind, introducer.Leads.Name.Text, introducer.Leads.Genesis));
        Assert.True(introducer.Accepts(_world.Eu1.Genesis, "eu1"));
        Assert.False(introducer.Accepts(_world.Eu1.Genesis, "us1"));
        Assert.False(introducer.Accepts(Digest.Sha256("a stranger"u8)));
        Assert.Equal(_world.Eu1.Genesis, introducer.FloorOf(_world.Eu1.Genesis)?.Digest);
        Assert.InRange(introducer.Until, _world.Now + 1, _world.Now + _world.Acme.Policy.IntroductionMaxAge);
    }

    [Fact]
    public void Hop_AsTheTargetReadsIt_NamesBothSides()
    {
        var introducer = Accepted(Asked() with
        {
            Own = _world.Us1.Genesis,
            OwnName = _world.Us1.Name,
            OwnEpoch = _world.Us1.Newest,
            Next = _world.Us1.Genesis,
        });

        Assert.Null(introducer.Leads);
        Assert.True(introducer.Names(_world.Us1.Genesis) && introducer.Accepts(_world.Eu1.Genesis));
    }

    [Fact]
    public void Hop_ForAnotherHome_AttestationMismatch() =>
        Refused(AttestationMismatch, Asked() with { Home = _world.Us1.Genesis });

    [Fact]
    public void Hop_ForAnotherNext_AttestationMismatch() =>
        Refused(AttestationMismatch, Asked() with { Next = Digest.Sha256("another"u8) });

    [Fact]
    public void Hop_WithoutItsLink_LinkNotAccepted()
    {
        var ask = _world.ToUs1();
        ask.Withheld.Add((1, LeafClass.Link, "us1"));

        Refused(LinkNotAccepted, Asked(ask.Record().Hops[1]));
    }

    [Fact]
    public void Hop_OfASealPastTheAge_IntroductionExpired() => Refused(
        IntroductionExpired,
        Asked() with { Now = _world.Now + _world.Acme.Policy.IntroductionMaxAge });

    [Fact]
    public void Hop_OfItself_LoopDetected() => Refused(LoopDetected, Asked() with { Own = _world.Acme.Genesis });

    [Fact]
    public void Hop_ThatIsTheTarget_PathBroken() =>
        Refused(PathBroken, Asked() with { Target = SegmentName.Parse("acme.internal") });

    [Fact]
    public void Hop_BelowTheFloor_BelowLinkFloor() =>
        Refused(BelowLinkFloor, Asked() with { Floor = new Floor(Digest.Sha256("later"u8), 9) });

    [Fact]
    public void Negative_WithTheLinkInTheTree_IncompleteDenial() =>
        Refused(IncompleteDenial, Asked() with { Result = AnswerResult.Negative });

    [Fact]
    public void Denial_WithDataAttached_PolicyDenied() =>
        Refused(PolicyDenied, Asked() with { Result = AnswerResult.Denied });

    [Fact]
    public void Denial_ByOneAnchor_IsTakenAndSaysWhen()
    {
        var denied = new TestAnswers(_world.Eu1, "checkout.shop.svc.us1.acme.internal", _world.Now)
            .Via(_world.Acme, HopKind.Up).Denied();

        var introducer = Accepted(Asked(denied.Hops[1]) with { Result = AnswerResult.Denied });

        Assert.Null(introducer.Leads);
        Assert.Equal(_world.Now + 10_000, introducer.Until);
    }

    /// <summary>V38 and I24, as for an answer: it introduces nobody new, and ends nothing that it introduced
    /// before.</summary>
    [Fact]
    public void Hop_OfASegmentWhoseQuorumContradictedItself_IntroducesNobodyNew()
    {
        var held = EpochChain.Extend(null, _world.Acme.Genesis, null, [.. _world.Acme.Documents], _world.Now).Segment!;
        var first = _world.Acme.SealEnvelope;
        var position = new SealPosition(
            _world.Acme.Seal.Value.Epoch, _world.Acme.Seal.Value.Seq, _world.Acme.Seal.Digest);
        _world.Acme.Seq--;
        _world.Acme.SealAt(_world.Now - 500);
        var (accused, refusal) = EvidenceCheck.Check(held, new Contradiction(
            ContradictionKind.Certificates, _world.Acme.Genesis, first, _world.Acme.SealEnvelope));
        Assert.True(accused is { IsQuarantined: true }, refusal?.ToString());

        Refused(SegmentQuarantined, Asked() with { Held = accused });
        Accepted(Asked() with { Held = accused, IsIntroducedBefore = true });

        // The same where only the other seal is known, and it is held of the segment under which place it stands.
        var other = held with { Seal = position, SealCertificate = first };
        Refused(SealEquivocation, Asked() with { Held = other });
        Accepted(Asked() with { Held = other, IsIntroducedBefore = true });
    }

    /// <summary>Its word under an epoch of before holds where it was given before, and is not given anew.</summary>
    [Fact]
    [MaliciousInput(130, "attest under an older epoch of an anchor excluded since: AnchorExcluded")]
    public void Hop_SignedByWhoIsExcludedSince_IntroducesNobodyAnew()
    {
        var liar = _world.Acme.Anchors[0];
        _world.Acme.Next(_world.Now - 400);
        var held = EpochChain.Extend(null, _world.Acme.Genesis, null, [.. _world.Acme.Documents], _world.Now).Segment!;
        var excluded = held with { Misuse = new Misuse(1, false, Misuse.None.Excluded.Add(liar.Id)) };
        Assert.Equal(1, excluded.NewestNumber);

        Refused(AnchorExcluded, Asked(SignedBy(liar)) with { Held = excluded, IsNew = true });
        Accepted(Asked(SignedBy(liar)) with { Held = excluded });
        Accepted(Asked(SignedBy(liar)) with { Held = held, IsNew = true });
        Accepted(Asked(SignedBy(_world.Acme.Anchors[1])) with { Held = excluded, IsNew = true });

        UnverifiedHop SignedBy(AnchorKeys anchor)
        {
            var ask = _world.ToUs1();
            ask.ChangeAttest = (hop, attest) => hop == 1 ? attest with { Epoch = 0 } : attest;
            ask.Attesters = hop =>
                [(hop == 0 ? _world.Eu1.Anchors[0] : hop == 1 ? anchor : _world.Us1.Anchors[0]).Seal];
            return ask.Record().Hops[1];
        }
    }

    /// <summary>V11: who checks refuses a tag of any transit, also of one whose chain was held before it
    /// did.</summary>
    [Fact]
    public void Hop_OfATransitWithARefusedTag_AssuranceTooLow()
    {
        var world = new TreeWorld(faults: 0);
        var held = EpochChain.Extend(null, world.Acme.Genesis, null, [.. world.Acme.Documents], world.Now).Segment;
        var ask = world.ToUs1();
        ask.Epochs = (hop, segment) => hop == 1 ? [] : segment.Documents;
        var asked = Asked(ask.Record().Hops[1]) with
        {
            Own = world.Eu1.Genesis, OwnEpoch = world.Eu1.Newest, Home = world.Eu1.Genesis, Held = held,
        };
        Accepted(asked);

        world.Eu1.Next(world.Now - 5000, epoch => epoch with
        {
            Policy = epoch.Policy with { Refuse = [AssuranceTags.Crash] },
        });
        Refused(AssuranceTooLow, asked with { OwnEpoch = world.Eu1.Newest });
        Refused(AssuranceTooLow, asked with
        {
            OwnEpoch = world.Eu1.Newest, Held = null, Hop = world.ToUs1().Record().Hops[1],
        });
    }

    private IntroductionHop Asked(UnverifiedHop? hop = null) => new()
    {
        Own = _world.Eu1.Genesis,
        OwnName = _world.Eu1.Name,
        OwnEpoch = _world.Eu1.Newest,
        Home = _world.Eu1.Genesis,
        Target = _world.Us1.Name,
        Name = _world.Acme.Name,
        Hop = hop ?? _world.ToUs1().Record().Hops[1],
        Now = _world.Now,
    };

    private static Introducer Accepted(IntroductionHop asked)
    {
        var (introducer, refusal) = IntroductionCheck.Check(asked);
        Assert.True(introducer is not null, refusal?.ToString());
        return introducer;
    }

    private static void Refused(VerificationFailure failure, IntroductionHop asked)
    {
        var (introducer, refusal) = IntroductionCheck.Check(asked);
        Assert.Null(introducer);
        Assert.True(failure == refusal!.Failure, refusal.ToString());
    }
}
