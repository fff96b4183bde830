using System.Text.Json.Nodes;
using Fairlead.Cli.Demo.Checks;
using Fairlead.Cli.Showing;
using Fairlead.Naming.Traversal;
using Fairlead.TestKit.Answers;
using Xunit;

namespace Fairlead.Cli.Tests.Demo;

/// <summary>The demo's first check computes each part of a TTL again from the evidence that an answer shows.</summary>
public sealed class ResolveCheckTests
{
    private readonly PeerWorld _world = new();

    [Fact]
    public void Parts_Recomputed_AreThoseOfTheVerifier()
    {
        var answer = Answer();
        var told = answer["ttl_parts"]!.AsArray().GroupBy(part => (string)part!["name"]!)
            .Select(group => (group.Key, group.Min(part => (long)part!["ms"]!)));
        Assert.Equal(told, ResolveCheck.Recomputed(answer));
        Assert.Equal(11, ResolveCheck.Recomputed(answer).Count);
    }

    [Theory]
    [InlineData("target_policy", "hops/1/policy/max_ttl")]
    [InlineData("home_policy", "hops/0/policy/max_ttl")]
    [InlineData("epoch", "hops/1/epoch/expires")]
    [InlineData("intro", "hops/0/seal/issued")]
    [InlineData("intro_epoch", "hops/0/epoch/expires")]
    [InlineData("seal", "hops/1/seal/expires")]
    [InlineData("record_ttl", "record/ttl_max")]
    [InlineData("record_expires", "record/expires")]
    public void Part_OfOtherEvidence_IsAnother(string name, string path)
    {
        var answer = Answer();
        var before = ResolveCheck.Recomputed(answer).Single(part => part.Name == name).Ms;
        var words = path.Split('/');
        var at = words[..^1].Aggregate((JsonNode)answer, (node, word) =>
            int.TryParse(word, out var index) ? node[index]! : node[word]!);
        at[words[^1]] = (long)at[words[^1]]! - 1;
        Assert.Equal(before - 1, ResolveCheck.Recomputed(answer).Single(part => part.Name == name).Ms);
    }

    private JsonNode Answer()
    {
        var ask = _world.Ask();
        var verdict = Assert.IsType<Verdict.Accepted>(
            AnswerVerifier.Verify(_world.State, ask.Query, _world.Answer(), _world.Now));
        return JsonNode.Parse(AnswerJson.Write(AnswerView.Of(verdict.Answer, 5_000, [])))!;
    }
}
