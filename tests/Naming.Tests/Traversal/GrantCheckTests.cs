using Fairlead.Naming.Traversal;
using Fairlead.TestKit;
using Fairlead.TestKit.Answers;
using Xunit;
using static Fairlead.Naming.VerificationFailure;

namespace Fairlead.Naming.Tests.Traversal;

public sealed class GrantCheckTests
{
    private readonly PeerWorld _world = new();
    private readonly EcdsaSigner _tls = AnchorKeys.NewKey();

    [Fact]
    public void Grant_ByAHomeAnchorOverItsConnection_Holds() => Assert.Null(Check(Grant(grant => grant)));

    [Fact]
    [MaliciousInput(74, "grant: foreign subject / audience: GrantForeignSubject")]
    public void Grant_OfAForeignSubject_GrantForeignSubject()
    {
        Refused(GrantForeignSubject, Grant(grant => grant, _world.Us1.Anchors[0].Seal));
        Refused(GrantForeignSubject, Grant(grant => grant with { Home = _world.Us1.Genesis }));
        Refused(GrantForeignSubject, Grant(grant => grant with { Names = [NamePattern.Parse("cart.shop.svc")] }));
    }

    [Fact]
    [MaliciousInput(74, "grant: foreign subject / audience: GrantAudience")]
    public void Grant_ForAnotherAudience_GrantAudience() =>
        Refused(GrantAudience, Grant(grant => grant with { Audience = _world.Eu1.Genesis }));

    [Fact]
    [MaliciousInput(75, "grant over another TLS key / expired: GrantReplayed")]
    public void Grant_OverAnotherTlsKey_GrantReplayed() =>
        Refused(GrantReplayed, Grant(grant => grant with { Tls = AnchorKeys.NewKey().Key.Kid }));

    [Fact]
    [MaliciousInput(75, "grant over another TLS key / expired: GrantExpired")]
    public void Grant_PastItsEndOrTooLong_GrantExpired()
    {
        Refused(GrantExpired, Grant(grant => grant with { Issued = _world.Now - 60_000, Expires = _world.Now }));
        Refused(GrantExpired, Grant(grant => grant with { Expires = grant.Issued + 60_001 }));
        Refused(GrantExpired, Grant(grant => grant with { Issued = _world.Now + 2000, Expires = _world.Now + 50_000 }));
    }

    [Fact]
    public void Grant_ByAnotherRole_WrongKeyRole() =>
        Refused(WrongKeyRole, Grant(grant => grant, _world.Eu1.Anchors[0].Tls));

    [Fact]
    public void Grant_OfAChainBelowTheFloor_BelowLinkFloor() => Assert.Equal(
        BelowLinkFloor,
        Check(Grant(grant => grant), new Floor(Digest.Sha256("later"u8), 7))!.Failure);

    /// <summary>V38: an anchor that signed two seals of one slot speaks for no consumer until the next epoch; the
    /// others do.</summary>
    [Fact]
    public void Grant_ByAnAnchorThatContradictedItself_AnchorExcluded()
    {
        var first = _world.Eu1.Seal;
        _world.Eu1.Seq--;
        _world.Eu1.SealAt(_world.Now - 500);
        var liar = _world.Eu1.Anchors[0].Seal;
        var (home, unproven) = EvidenceCheck.Check(Home(), new Contradiction(
            ContradictionKind.SealVotes, _world.Eu1.Genesis, Envelope.Sign(first, liar),
            Envelope.Sign(_world.Eu1.Seal, liar)));
        Assert.True(home is not null, unproven?.ToString());

        Assert.Equal(AnchorExcluded, Check(Grant(grant => grant), home: home)?.Failure);
        Assert.Null(Check(Grant(grant => grant, _world.Eu1.Anchors[1].Seal), home: home));
    }

    private Envelope Grant(Func<Grant, Grant> change, ISigner? signer = null) => Envelope.Sign(
        Document.Make(change(new Grant
        {
            Audience = _world.Us1.Genesis,
            Expires = _world.Now + 60_000,
            Home = _world.Eu1.Genesis,
            HomeEpoch = 1,
            Issued = _world.Now,
            Subject = new Subject { Account = "frontend", Namespace = "shop" },
            Tls = _tls.Key.Kid,
        })),
        signer ?? _world.Eu1.Anchors[0].Seal);

    private SegmentState Home() =>
        EpochChain.Extend(null, _world.Eu1.Genesis, null, [.. _world.Eu1.Documents], _world.Now).Segment!;

    private Refusal? Check(Envelope grant, Floor? floor = null, SegmentState? home = null) => GrantCheck.Check(
        grant,
        home ?? Home(),
        floor ?? new Floor(_world.Eu1.Epochs[0].Digest, 0),
        _world.Us1.Genesis,
        _tls.Key.Kid,
        ServicePart.Parse(PeerWorld.Checkout),
        _world.Now,
        1000,
        out _);

    private void Refused(VerificationFailure failure, Envelope grant) => Assert.Equal(failure, Check(grant)!.Failure);
}
