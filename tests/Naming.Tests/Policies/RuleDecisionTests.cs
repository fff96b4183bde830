using System.Collections.Immutable;
using System.Globalization;
using Fairlead.TestKit;
using Xunit;

namespace Fairlead.Naming.Tests.Policies;

/// <summary>The evaluation of Rules (4.1), against cases and against a plain oracle.</summary>
public sealed class RuleDecisionTests(ITestOutputHelper output)
{
    private static readonly Digest Own = Digest.Sha256("own"u8);
    private static readonly Digest Foreign = Digest.Sha256("foreign"u8);
    private static readonly Subject Frontend = new() { Namespace = "shop", Account = "frontend" };
    private static readonly ServicePart Cart = ServicePart.Parse("cart.shop.svc");

    [Fact]
    public void ForService_WithoutRules_AllowsTheOwnSegmentOnly()
    {
        Assert.True(Decide([], Own).IsAllowed);
        Assert.Null(Decide([], Own).Rule);
        Assert.False(Decide([], Foreign).IsAllowed);
    }

    [Fact]
    public void ForService_OfAMatchingDeny_IsDeniedWhateverAllows()
    {
        var rules = Rules(
            Make("a", RuleEffect.Allow),
            Make("b", RuleEffect.Deny, subject: new RuleSubject { Segment = "*", Namespace = "shop" }));
        Assert.False(Decide(rules, Foreign).IsAllowed);
        Assert.False(Decide(rules, Own).IsAllowed);
        Assert.Null(Decide(rules, Foreign).Rule);
        Assert.True(RuleDecision.ForService(
            rules, Own, Foreign, new Subject { Namespace = "x", Account = "y" }, Cart).IsAllowed);
    }

    /// <summary>What the segment's operators see of a denial: the Rule, with what of it matches.</summary>
    [Fact]
    public void Denial_SaysWhichRuleDecidedAndByWhat()
    {
        var ours = new RuleSubject { Segment = "*", Namespace = "shop" };
        var other = new RuleSubject { Segment = "*", Namespace = "zoo" };
        var deny = Document.Make(
            Make("no", RuleEffect.Deny, names: "*.shop.svc").Value with
            {
                Names = [NamePattern.Parse("other.shop.svc"), NamePattern.Parse("*.shop.svc")],
                Subjects = [other, ours],
            });
        Assert.Equal(
            new DenialReason(DenialCause.Deny, deny, ours, NamePattern.Parse("*.shop.svc")),
            Decide(Rules(Make("a", RuleEffect.Allow), deny), Own).Denial);
        Assert.Equal(new DenialReason(DenialCause.NoAllow), Decide([], Foreign).Denial);
        var east = Make("east", RuleEffect.Allow, new Constraints { MaxTtl = 5, Regions = ["us-east"] });
        var west = Make("west", RuleEffect.Allow, new Constraints { Regions = ["us-west"] });
        var apart = Decide(Rules(west, east), Foreign).Denial;
        Assert.Equal((DenialCause.NoRegion, "east", "*"), (apart!.Cause, apart.Rule!.Value.Id, apart.Subject!.Segment));
        Assert.Null(Decide(Rules(east), Foreign).Denial);
    }

    [Fact]
    public void ForService_OfSeveralAllows_TheSmallestMaxTtlDecides()
    {
        var wide = Make("a", RuleEffect.Allow);
        var narrow = Make("b", RuleEffect.Allow, new Constraints { MaxTtl = 5 });
        var middle = Make("c", RuleEffect.Allow, new Constraints { MaxTtl = 9 });
        var decision = Decide(Rules(wide, middle, narrow), Foreign);
        Assert.Equal("b", decision.Rule?.Value.Id);
        Assert.Equal(5, decision.Constraints?.MaxTtl);
    }

    [Fact]
    public void ForService_OfEqualTtls_TheLowestDigestDecides()
    {
        var rules = Rules(Make("a", RuleEffect.Allow), Make("b", RuleEffect.Allow), Make("c", RuleEffect.Allow));
        Assert.Equal(rules.Min(rule => rule.Digest), Decide(rules, Foreign).Rule?.Digest);
    }

    [Fact]
    public void ForService_OfAHost_IsJudgedAsItsService()
    {
        var rules = Rules(Make("a", RuleEffect.Allow, names: "cart.shop.svc"));
        Assert.True(RuleDecision.ForService(
            rules, Own, Foreign, Frontend, ServicePart.Parse("cart-0.cart.shop.svc")).IsAllowed);
        Assert.False(
            RuleDecision.ForService(rules, Own, Foreign, Frontend, ServicePart.Parse("other.shop.svc")).IsAllowed);
    }

    [Fact]
    public void ForSegment_OfAServicePattern_IsNotMatched()
    {
        var target = SegmentName.Parse("us1.internal");
        Assert.False(RuleDecision.ForSegment(Rules(Make("a", RuleEffect.Allow)), Own, Foreign, null, target).IsAllowed);
        Assert.True(RuleDecision.ForSegment(
            Rules(Make("a", RuleEffect.Allow, names: "*")), Own, Foreign, null, target).IsAllowed);
    }

    [Fact]
    public void MayShow_OnlyWhenAllSubjectsMatch()
    {
        var mine = new RuleSubject { Segment = "*", Namespace = "shop" };
        var other = new RuleSubject { Segment = "*", Namespace = "zoo" };
        Assert.True(Decide(Rules(Make("a", RuleEffect.Allow, subject: mine)), Foreign).MayShow);
        var both = Document.Make(Make("a", RuleEffect.Allow, subject: mine).Value with { Subjects = [mine, other] });
        Assert.True(Decide(Rules(both), Foreign).IsAllowed);
        Assert.False(Decide(Rules(both), Foreign).MayShow);
    }

    [Theory]
    [InlineData("eu*", "eu-1 us-1", "eu-1")]
    [InlineData("eu-*", "eu*", "eu-*")]
    [InlineData("*", "eu-1", "eu-1")]
    [InlineData("eu-1", "us-1", null)]
    [InlineData("eu-1", "eu-10", null)]
    public void Constraints_OfTwoRules_AdmitWhatBothAdmit(string one, string two, string? expected)
    {
        var decision = Decide(
            Rules(
                Make("a", RuleEffect.Allow, new Constraints { Regions = [.. one.Split(' ')] }),
                Make("b", RuleEffect.Allow, new Constraints { Regions = [.. two.Split(' ')] })),
            Foreign);
        Assert.Equal(expected is not null, decision.IsAllowed);
        Assert.Equal(expected is null ? [] : [expected], decision.Constraints?.Regions ?? []);
    }

    /// <summary>A jurisdiction is what its regions begin with: letter by letter, and no region is in none.</summary>
    [Theory]
    [InlineData("eu-*", "eu-de-fra", true)]
    [InlineData("eu-de-*", "eu-de-fra", true)]
    [InlineData("eu-de-*", "eu-fr-par", false)]
    [InlineData("eu-*", "us-east", false)]
    [InlineData("eu-*", "europa-1", false)]
    [InlineData("eu*", "europa-1", true)]
    [InlineData("eu-*", "EU-de-fra", false)]
    [InlineData("ch-* eu-*", "ch-zrh", true)]
    [InlineData("eu-*", null, false)]
    [InlineData("*", null, false)]
    public void Admits_TheRegionsOfAJurisdiction(string patterns, string? region, bool isAdmitted) => Assert.Equal(
        isAdmitted, RuleDecision.Admits(new Constraints { Regions = [.. patterns.Split(' ')] }, region));

    [Fact]
    public void Decide_OfRandomRules_IsTheOraclesInAnyOrder()
    {
        const int Seed = 815;
        output.WriteLine($"seed {Seed}");
        var random = new Random(Seed);
        var allowed = 0;
        for (var i = 0; i < 400; i++)
        {
            var rules = Enumerable.Range(0, random.Next(5)).Select(n => RandomRule(random, n)).ToImmutableArray();
            var home = random.Next(2) == 0 ? Own : Foreign;
            var decision = Decide(rules, home);
            var again = Decide([.. rules.Reverse()], home);
            Assert.Equal(Oracle(rules, home), decision.IsAllowed);
            Assert.Equal(decision.IsAllowed, again.IsAllowed);
            Assert.Equal(decision.Rule?.Digest, again.Rule?.Digest);
            Assert.Equal(decision.IsAllowed, decision.Denial is null);
            Assert.Equal(decision.Denial, again.Denial);
            Assert.Equal(decision.Constraints?.MaxTtl, again.Constraints?.MaxTtl);
            allowed += decision.IsAllowed ? 1 : 0;
        }

        Assert.InRange(allowed, 50, 350);
    }

    /// <summary>A deny of a segment by its name would deny nobody.</summary>
    [Theory]
    [InlineData("eu1.acme.internal")]
    [InlineData("**")]
    [InlineData("1111")]
    public void Rule_OfASegmentThatIsNoDigest_IsNotRead(string segment)
    {
        var rule = Make("a", RuleEffect.Deny, subject: new RuleSubject { Segment = segment }).Value;
        Assert.False(Document.TryParse<Rule>(rule.Encode(), out _, out var refusal));
        Assert.Equal(VerificationFailure.NonCanonicalPayload, refusal.Failure);
    }

    private static bool Oracle(ImmutableArray<Parsed<Rule>> rules, Digest home)
    {
        var verdict = home == Own;
        foreach (var rule in rules.Select(rule => rule.Value))
        {
            var named = rule.Names[0].Text is "*.svc" or "*.shop.svc" or "cart.shop.svc";
            var subject = rule.Subjects[0];
            var mine = (subject.Segment == "*" || subject.Segment == home.ToString())
                && subject.Namespace is null or "shop" && subject.Account is null or "frontend";
            if (named && mine && rule.Effect == RuleEffect.Deny)
            {
                return false;
            }

            verdict |= named && mine;
        }

        return verdict;
    }

    private static Parsed<Rule> RandomRule(Random random, int number) => Make(
        string.Create(CultureInfo.InvariantCulture, $"r{number}"),
        random.Next(4) == 0 ? RuleEffect.Deny : RuleEffect.Allow,
        random.Next(2) == 0 ? null : new Constraints { MaxTtl = random.Next(3) },
        new[] { "*.svc", "*.shop.svc", "cart.shop.svc", "other.shop.svc", "*" }[random.Next(5)],
        new RuleSubject
        {
            Segment = new[] { "*", Own.ToString(), Foreign.ToString() }[random.Next(3)],
            Namespace = new[] { null, "shop", "zoo" }[random.Next(3)],
            Account = new[] { null, "frontend", "bear" }[random.Next(3)],
        });

    private static RuleDecision Decide(ImmutableArray<Parsed<Rule>> rules, Digest home) =>
        RuleDecision.ForService(rules, Own, home, Frontend, Cart);

    private static ImmutableArray<Parsed<Rule>> Rules(params ImmutableArray<Parsed<Rule>> rules) => rules;

    private static Parsed<Rule> Make(
        string id, string effect, Constraints? constraints = null, string names = "*.svc",
        RuleSubject? subject = null) =>
        Document.Make(
            (Rule)TestLeaves.Rule(id, effect, [names], subject is null ? null : [subject], constraints).Document);
}
