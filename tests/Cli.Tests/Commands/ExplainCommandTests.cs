using System.Globalization;
using System.Text.Json.Nodes;
using Fairlead.Naming;
using Fairlead.Naming.Traversal;
using Fairlead.TestKit.Answers;
using Xunit;

namespace Fairlead.Cli.Tests.Commands;

/// <summary>What <c>fairlead explain</c> says of saved answers, without a network.</summary>
public sealed class ExplainCommandTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly PeerWorld _world = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Explain_ARuleWithBounds_SaysRuleCapAndResidency()
    {
        var run = (await ExplainAsync(Save(Bounded()))).Succeeds();

        foreach (var part in new[]
        {
            "checkout.shop.svc.us1.internal record", "eu1.internal (home) allows", "us1.internal (target) allows",
            "rule open allows */* of any segment for *.svc", "kept at most 2.000 s; regions us-w*",
            "attest_max of us1.internal ends first: the cap of the rules that allow the asker",
            "2 of at most 8, by the policy of", "only endpoints in us-w*, by the decision of us1.internal",
            "1 of 2 groups of endpoints lie elsewhere", "eu1.internal refuses no tag",
        })
        {
            Assert.Contains(part, run.Output, StringComparison.Ordinal);
        }

        Assert.DoesNotContain('\e', run.Output);
    }

    [Fact]
    public async Task Explain_AsJson_SaysTheSame()
    {
        var run = (await ExplainAsync(Save(Bounded()), "--output", "json")).Succeeds();

        var json = JsonNode.Parse(run.Output)!;
        var target = json["hops"]![1]!;
        Assert.Equal("attest_max", (string?)json["bound"]);
        Assert.Equal("us1.internal", (string?)json["bound_segment"]);
        Assert.Equal("allow", (string?)target["decision"]);
        Assert.Equal("target", (string?)target["role"]);
        Assert.Equal("open", (string?)target["rule"]!["id"]);
        Assert.Equal(2_000, (long)target["constraints"]!["max_ttl"]!);
        Assert.Equal("us-w*", (string?)target["constraints"]!["regions"]![0]);
        Assert.Equal(
            ["ttl", "hops", "assurance", "residency"],
            json["limits"]!.AsArray().Select(limit => (string?)limit!["kind"]).Distinct());
    }

    [Fact]
    public async Task Explain_ADenial_SaysWhoAndNothingOfTheName()
    {
        var ask = _world.Ask();
        var run = await ExplainAsync(Save(ask, ask.Denied()));

        Assert.Equal(ExitCode.Denied, run.ExitCode);
        Assert.Contains("us1.internal (target) denies", run.Output, StringComparison.Ordinal);
        Assert.Contains("is the same whether the name exists or not", run.Output, StringComparison.Ordinal);
        Assert.Contains(" of us1.internal ends first: ", run.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Explain_AnAbsence_ExitsWithAbsent()
    {
        var ask = _world.Ask("nobody.shop.svc");

        Assert.Equal(ExitCode.Absent, (await ExplainAsync(Save(ask, ask.Negative()))).ExitCode);
    }

    [Fact]
    public async Task Explain_OfAnotherGenesisOrLater_IsRefusedAsVerifyDoes()
    {
        var path = Save(_world.Ask(), _world.Answer());
        (await Fairlead.RunAsync(
            "explain", "--from", path, "--genesis", _world.Us1.Genesis.ToString(), "--at", At))
            .Fails(ExitCode.Refused, "QueryMismatch");
        (await Fairlead.RunAsync("explain", "--from", path, "--genesis", _world.Eu1.Genesis.ToString()))
            .Fails(ExitCode.Refused, "FromFuture");
    }

    [Theory]
    [InlineData("a name")]
    [InlineData("--bootstrap", "web.shop.svc.eu1.internal")]
    [InlineData("--genesis", "--from", "x")]
    [InlineData("not both", "web.shop.svc.eu1.internal", "--from", "x", "--genesis", "y")]
    public async Task Explain_OfNothing_ExitsWithUsage(string part, params string[] arguments) =>
        (await Fairlead.RunAsync(["explain", .. arguments])).Fails(ExitCode.Usage, part);

    private string At => _world.Now.ToString(CultureInfo.InvariantCulture);

    private (TestAnswers Ask, UnverifiedAnswer Raw) Bounded()
    {
        var constraints = new Constraints { MaxTtl = 2_000, Regions = ["us-w*"] };
        var rule = AnswerLeaves.OpenRule() with { Constraints = constraints };
        _world.Us1.Put(rule).SealAt(_world.Now - 500);
        var ask = _world.Ask();
        ask.Extra.Add((1, LeafClass.Rule, rule.Id));
        ask.ChangeAttest = (hop, attest) =>
            hop == 1 ? attest with { Rule = AnswerLeaves.DigestOf(rule), Constraints = constraints } : attest;
        return (ask, ask.Record(_world.West));
    }

    private string Save((TestAnswers Ask, UnverifiedAnswer Raw) answer) => Save(answer.Ask, answer.Raw);

    private string Save(TestAnswers ask, UnverifiedAnswer raw)
    {
        var verdict = AnswerVerifier.Verify(_world.State, ask.Query, raw, _world.Now);
        Assert.True(verdict is Verdict.Accepted, (verdict as Verdict.Refused)?.Refusal.ToString());
        var saved = SavedAnswer.Of(
            ((Verdict.Accepted)verdict).Answer, raw, raw.Hops.ToDictionary(hop => hop.Genesis, hop => hop.Epochs));
        File.WriteAllBytes(_folder["answer.json"], SavedAnswerFile.Write(saved));
        return _folder["answer.json"];
    }

    private Task<Fairlead> ExplainAsync(string path, params string[] more) => Fairlead.RunAsync(
        ["explain", "--from", path, "--genesis", _world.Eu1.Genesis.ToString(), "--at", At, .. more]);
}
