using Fairlead.Anchor.Home;
using Fairlead.Anchor.Home.Introductions;
using Fairlead.Anchor.Serving;
using Fairlead.Anchor.Tests.Serving;
using Fairlead.Naming;
using Fairlead.Naming.Traversal;
using Fairlead.TestKit;

namespace Fairlead.Anchor.Tests.Hierarchy;

/// <summary>Where a walk stops before it asks the next segment.</summary>
public sealed class WayStepTests
{
    private static readonly SegmentName Target = SegmentName.Parse("us1.acme.internal");

    private readonly TestSegment _acme = new(new TestSegmentOptions { Name = "acme.internal", FirstKey = 600 });

    /// <summary>V29: a parent that names another genesis for a bound name changes nothing for this home.</summary>
    [Fact]
    public void CheckNext_OfANameThatIsBoundToAnother_LinkRepointed()
    {
        var step = Step(Next(_acme.Genesis));
        var pins = new Dictionary<SegmentName, Pin> { [_acme.Name] = new(Digest.Sha256("the one before"u8), null) };

        Assert.Equal(VerificationFailure.LinkRepointed, step.CheckNext(pins)?.Failure);
        Assert.Null(step.CheckNext(new Dictionary<SegmentName, Pin> { [_acme.Name] = new(_acme.Genesis, null) }));
        Assert.Null(step.CheckNext(new Dictionary<SegmentName, Pin>()));
    }

    [Fact]
    public void CheckNext_OfTheHomeItself_LoopDetected()
    {
        var home = Home();
        var step = new WayStep(TestView.Of(home, TestSegmentOptions.Start), Target, Next(home.Genesis));

        Assert.Equal(VerificationFailure.LoopDetected, step.CheckNext(new Dictionary<SegmentName, Pin>())?.Failure);
    }

    [Fact]
    public void CheckNext_FurtherThanThePolicyAllows_TooManyHops()
    {
        var home = Home(epoch => epoch with { Policy = epoch.Policy with { MaxHops = 1 } });
        var step = new WayStep(TestView.Of(home, TestSegmentOptions.Start), Target, Next(_acme.Genesis));

        Assert.Equal(VerificationFailure.TooManyHops, step.CheckNext(new Dictionary<SegmentName, Pin>())?.Failure);
    }

    /// <summary>A denial that is lifted is heard of within ten seconds, whatever the life of its Attest.</summary>
    [Fact]
    public void Take_OfADenial_IsToBeRenewedLongBeforeItEnds()
    {
        const long Now = TestSegmentOptions.Start + 1_000;
        var terms = AttestTerms.OfTransit(TestView.Of(_acme, Now), Home().Genesis, Target);
        var attest = terms.Draft(TestView.Of(_acme, Now), Now);
        var denied = Envelope.Sign(Document.Make(attest with { Expires = Now + 70_000 }), _acme.Seal(0));
        var step = Step(Next(_acme.Genesis));
        var refusal = step.Take(
            HopBuilder.Denial(TestView.Of(_acme, Now), HopKind.Up, null, denied), AnswerResult.Denied,
            new Dictionary<SegmentName, Pin>(), null, new EpochLog(), Now, new VerifiedCache(), out _);

        Assert.Null(refusal);
        Assert.Equal(Now + 5_000, step.Made(AnswerResult.Denied).RenewAt);
    }

    /// <summary>One anchor of a transit says when its word is to be renewed: that is heard, and not more often than
    /// every five seconds.</summary>
    [Theory]
    [InlineData(0, 86_400_000, 5_000)]
    [InlineData(4_999, 86_400_000, 5_000)]
    [InlineData(3_600_000, 86_400_000, 3_600_000)]
    [InlineData(86_000_000, 86_400_000, 43_200_000)]
    [InlineData(0, 6_000, 3_000)]
    public void RenewAt_OfAnIntroduction_IsNotAlwaysNow(long wanted, long life, long expected)
    {
        const long Now = TestSegmentOptions.Start;
        Assert.Equal(Now + expected, WayStep.RenewAt(AnswerResult.Record, Now + wanted, Now + life, Now));
        Assert.Equal(Now + expected, WayStep.RenewAt(
            AnswerResult.Record, wanted == 0 ? 0 : Now + wanted, Now + life, Now));
    }

    [Fact]
    public void Towards_ParentPeerOrChild_IsTheLongestMatch()
    {
        var peer = new TestSegment(new TestSegmentOptions { Name = "corp.internal", FirstKey = 700 });
        var longer = new TestSegment(new TestSegmentOptions { Name = "db.corp.internal", FirstKey = 800 });
        var home = Home();
        home.PeerWith(peer);
        home.PeerWith(longer);
        var view = TestView.Of(home, TestSegmentOptions.Start + 60_000);

        Assert.Equal("Up acme.internal", Shown(view.Towards(Target)));
        Assert.Equal("Up acme.internal", Shown(view.Towards(SegmentName.Parse("elsewhere.internal"))));
        Assert.Equal("Peer corp.internal", Shown(view.Towards(SegmentName.Parse("web.corp.internal"))));
        Assert.Equal("Peer db.corp.internal", Shown(view.Towards(SegmentName.Parse("a.db.corp.internal"))));
        Assert.Null(view.Towards(SegmentName.Parse("child.eu1.acme.internal")));
    }

    private static string? Shown(Onward? onward) => onward is null ? null : $"{onward.Kind} {onward.Name}";

    private WayStep Step(Onward next) => new(TestView.Of(Home(), TestSegmentOptions.Start), Target, next);

    private TestSegment Home(Func<Epoch, Epoch>? change = null) => new(new TestSegmentOptions
    {
        Name = "eu1.acme.internal",
        Genesis = epoch =>
        {
            var child = epoch with { Uplinks = [_acme.UplinkAs("eu1")] };
            return change?.Invoke(child) ?? child;
        },
    });

    private static Onward Next(Digest genesis) => new(
        HopKind.Up, SegmentName.Parse("acme.internal"), genesis, new Floor(genesis, 0),
        [IpEndpoint.Parse("127.0.0.1:1")]);
}
