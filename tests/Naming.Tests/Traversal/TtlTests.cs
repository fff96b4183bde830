using Fairlead.Naming.Traversal;
using Fairlead.TestKit.Answers;
using Xunit;

namespace Fairlead.Naming.Tests.Traversal;

public sealed class TtlTests
{
    private const long Delta = 5000;
    private readonly PeerWorld _world = new();

    [Fact]
    public void Parts_OfAPeersRecord_AreTheFormulasInItsOrder()
    {
        var ttl = Of(_world.Ask(), _world.Answer());
        Assert.Equal(
            [
                "record_ttl", "target_policy", "home_policy", "seal", "target_attest", "home_attest", "record_expires",
                "epoch",
                "intro", "intro_attest", "intro_epoch",
            ],
            ttl.Parts.Select(part => part.Name));
        Assert.Equal((_world.Us1.Seal.Value.Expires - Delta - _world.Now, "seal"), ttl.At(_world.Now));
    }

    [Fact]
    public void Parts_OfANegative_BeginWithTheDenyingSegments()
    {
        var ask = _world.Ask("missing.shop.svc");
        var part = Of(ask, ask.Negative()).Parts[0];
        Assert.Equal(new TtlPart("neg_ttl", _world.Now + 10_000, "us1.internal"), part);
    }

    /// <summary>4.8: however long the Attest lives and an absence may be kept.</summary>
    [Fact]
    public void Parts_OfADenial_LetNobodyKeepItForLongerThanTenSeconds()
    {
        _world.Us1.Next(
            _world.Now - 5000, epoch => epoch with { Policy = epoch.Policy with { NegativeTtl = 60_000 } });
        _world.Us1.SealAt(_world.Now - 500);
        var ask = _world.Ask();
        ask.ChangeAttest = (hop, attest) => hop == 1 ? attest with { Expires = _world.Now + 70_000 } : attest;
        var denial = Of(ask, ask.Denied());
        Assert.Equal((10_000, "neg_ttl"), denial.At(_world.Now));

        var absent = _world.Ask("missing.shop.svc");
        Assert.Equal(_world.Now + 60_000, Of(absent, absent.Negative()).Parts[0].EndsAt);
    }

    [Theory]
    [InlineData("record_ttl")]
    [InlineData("target_policy")]
    [InlineData("home_policy")]
    [InlineData("attest_max")]
    [InlineData("terms")]
    [InlineData("target_attest")]
    [InlineData("home_attest")]
    [InlineData("record_expires")]
    [InlineData("epoch")]
    [InlineData("intro")]
    [InlineData("intro_epoch")]
    [InlineData("cap")]
    public void Bound_OfTheSmallestPart_IsNamed(string bound)
    {
        const long Small = 2000;
        var until = _world.Now + Delta + Small;
        var options = new VerifierOptions { TtlCap = bound == "cap" ? Small : null };
        var record = bound switch
        {
            "record_ttl" => _world.Record with { TtlMax = Small },
            "record_expires" => _world.Record with { Expires = until },
            _ => _world.Record,
        };
        Shape(bound, Small, until);
        _world.Us1.Put(record)
            .SealAt(_world.Now - 500, seal => bound == "epoch" ? seal with { Expires = until } : seal);
        var ask = _world.Ask();
        ask.ChangeAttest = (hop, attest) => (bound, hop) switch
        {
            ("attest_max", 1) => attest with { Constraints = new Constraints { MaxTtl = Small } },
            ("target_attest", 1) or ("home_attest", 0) => attest with { Expires = until },
            _ => attest,
        };

        var verdict = AnswerVerifier.Verify(
            _world.State, ask.Query, ask.Record(_world.East, _world.West), _world.Now, options);
        var ttl = Answers.Accepted(verdict).Answer.Ttl;
        Assert.Equal(Small, ttl.At(_world.Now).Remaining);

        // An epoch that ends bounds its seal as well (V19), and of equal terms the first is named.
        Assert.Equal(bound == "epoch" ? "seal" : bound, ttl.At(_world.Now).Bound);
        Assert.Contains(ttl.Parts, part => part.Name == bound && part.EndsAt == _world.Now + Small);
        Assert.All(ttl.Parts, part => Assert.True(ttl.EndsAt <= part.EndsAt));
    }

    [Fact]
    public void Ttl_OfRandomParts_IsTheMinimumNamedByTheFirst()
    {
        const int Seed = 7;
        TestContext.Current.TestOutputHelper?.WriteLine($"seed {Seed}");
        var random = new Random(Seed);
        for (var i = 0; i < 500; i++)
        {
            var parts = Enumerable.Range(0, random.Next(1, 16)).Select(
                at => new TtlPart($"p{at}", random.Next(20), null)).ToList();
            var ttl = new Ttl([.. parts]);
            var least = parts.Min(part => part.EndsAt);
            Assert.Equal(parts.First(part => part.EndsAt == least), ttl.Bound);
            Assert.Equal(Math.Max(0, least - 10), ttl.At(10).Remaining);
        }
    }

    private void Shape(string bound, long small, long until)
    {
        switch (bound)
        {
            case "target_policy":
                _world.Us1.Next(
                    _world.Now - 5000, epoch => epoch with { Policy = epoch.Policy with { MaxTtl = small } });
                break;
            case "home_policy":
                _world.Eu1.Next(
                    _world.Now - 5000, epoch => epoch with { Policy = epoch.Policy with { MaxTtl = small } });
                break;
            case "terms":
                _world.Eu1.Put(AnswerLeaves.PeerOf(_world.Us1) with { Terms = new Terms { MaxTtl = small } });
                break;
            case "epoch":
                _world.Us1.Next(_world.Now - 5000, epoch => epoch with { Expires = until });
                break;
            case "intro_epoch":
                _world.Eu1.Next(_world.Now - 5000, epoch => epoch with { Expires = until });
                break;
            default:
                break;
        }

        var issued = bound == "intro" ? until - AnswerEpochs.DemoPolicy.IntroductionMaxAge : _world.Now - 500;
        _world.Eu1.SealAt(
            issued, seal => seal with { Expires = Math.Min(seal.Expires, _world.Eu1.Newest.Value.Expires) });
    }

    private Ttl Of(TestAnswers ask, UnverifiedAnswer answer) =>
        Answers.Accepted(AnswerVerifier.Verify(_world.State, ask.Query, answer, _world.Now)).Answer.Ttl;
}
