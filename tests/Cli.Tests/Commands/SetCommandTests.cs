using System.Text.Json.Nodes;
using Fairlead.Cli.Asking;
using Fairlead.Cli.Showing;
using Fairlead.Naming;
using Fairlead.Protocol.Files;
using Fairlead.TestKit.Answers;
using Xunit;

namespace Fairlead.Cli.Tests.Commands;

/// <summary>resolve, trace and explain of a name that several services serve.</summary>
public sealed class SetCommandTests : IDisposable
{
    private const string Name = "web.shop.svc.clusterset.local";

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Resolve_ShowsMembersInTheirOrder_AndWhyOneIsLeftOut()
    {
        await using var home = await StartAsync();
        var run = (await RunAsync("resolve")).Succeeds();
        Assert.Equal(
            [
                "member gone.shop.svc.eu1.internal priority 0, weight 1, left out: absent",
                "member web.shop.svc.eu1.internal priority 1, weight 3, used",
                "  10.0.0.1:8080 region eu",
                "  10.0.0.2:8080 region eu",
            ],
            run.Output.Split('\n').Take(4));
    }

    [Fact]
    public async Task ResolveJson_HasEachMembersOwnAnswer()
    {
        await using var home = await StartAsync();
        var json = JsonNode.Parse((await RunAsync("resolve", "--output", "json")).Succeeds().Output)!;
        Assert.Equal("set", (string?)json["outcome"]);
        Assert.Equal(
            [("gone.shop.svc.eu1.internal", false, "absent"), ("web.shop.svc.eu1.internal", true, "record")],
            json["members"]!.AsArray().Select(one =>
                ((string)one!["name"]!, (bool)one["used"]!, (string)one["answer"]!["outcome"]!)));
    }

    [Fact]
    public async Task Member_OfAnotherGenesis_IsLeftOutByName_AndWithoutAnyTheSetIsRefused()
    {
        await using var home = await StartAsync(member => member with { Genesis = Digest.Sha256("else"u8) });
        var run = await RunAsync("resolve");
        Assert.Equal(ExitCode.Refused, run.ExitCode);
        Assert.Contains("left out: SetMismatch", run.Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("trace", "signed by")]
    [InlineData("explain", "because")]
    public async Task EvidenceOfEachMember_StandsBelowIt(string verb, string evidence)
    {
        await using var home = await StartAsync();
        var output = (await RunAsync(verb)).Succeeds().Output;
        var used = output.LastIndexOf("member web.shop.svc.eu1.internal", StringComparison.Ordinal);
        Assert.True(used > 0, output);
        Assert.Contains(evidence, output[used..], StringComparison.Ordinal);
        Assert.Contains("gone.shop.svc.eu1.internal absent", output, StringComparison.Ordinal);
    }

    /// <summary>A set holds no longer than a member that serves it, in an explanation as in an answer.</summary>
    [Fact]
    public void Explanation_TellsTheTimeOfTheMemberThatEndsFirst()
    {
        var world = new SetWorld(second: record => record with { TtlMax = 1_000 });
        var (set, member) = (world.SetAnswer(), world.SecondAnswer());
        var view = AnswerView.Of(set, 500, []) with
        {
            Members = [MemberView.Of(set.Set!, set.Set!.Members[0], new Asked(member, null, 500, []))],
        };
        Assert.True(view.Members[0].IsUsed, view.Members[0].Word);
        Assert.StartsWith(
            "1.000 s: ", Explanation.Of(view).Limits.Single(limit => limit.Kind == "ttl").Text,
            StringComparison.Ordinal);
        Assert.Equal(
            AnswerText.Seconds(1_000),
            AnswerText.Seconds(JsonNode.Parse(ExplainJson.Write(Explanation.Of(view)))!["ttl_ms"]!.GetValue<long>()));
    }

    /// <summary>A saved set brings its members, so that the file alone says who serves, and changes nothing of
    /// it.</summary>
    [Fact]
    public async Task SavedSet_VerifiesAloneWithItsMembers()
    {
        await using var home = await StartAsync();
        var live = JsonNode.Parse((await RunAsync(
            "resolve", "--output", "json", "--save", _folder["set.json"])).Succeeds().Output)!;
        var saved = await VerifyAsync("set.json");
        Assert.Equal(
            live["members"]!.AsArray().Select(one => ((string?)one!["name"], (bool)one["used"]!)),
            saved["members"]!.AsArray().Select(one => ((string?)one!["name"], (bool)one["used"]!)));
        Assert.Equal(
            (string?)live["members"]![1]!["answer"]!["endpoints"]!.ToJsonString(),
            (string?)saved["members"]![1]!["answer"]!["endpoints"]!.ToJsonString());

        // A member's answer that is another name's or taken out serves nobody.
        var file = JsonNode.Parse(await File.ReadAllTextAsync(
            _folder["set.json"], TestContext.Current.CancellationToken))!;
        file["members"]!.AsArray().RemoveAt(1);
        Assert.Equal("NotSaved", await FailureAsync(file));
        file["members"]!.AsArray().Add(JsonNode.Parse(file["members"]![0]!.ToJsonString()));
        Assert.Equal("NotSaved", await FailureAsync(file));
        file.AsObject().Remove("members");
        Assert.Equal("NotSaved", await FailureAsync(file));

        // What another consumer was answered, or by another rule, says nothing of this set.
        foreach (var change in new Action<JsonObject>[]
        {
            member => member["home_name"] = "other.internal",
            member => member["unsafe_allow_loopback_endpoints"] = true,
        })
        {
            file = JsonNode.Parse(await File.ReadAllTextAsync(
                _folder["set.json"], TestContext.Current.CancellationToken))!;
            change(file["members"]![1]!.AsObject());
            Assert.Equal("QueryMismatch", await FailureAsync(file));
        }

        async Task<JsonNode> VerifyAsync(string name) => JsonNode.Parse((await Fairlead.RunAsync(
            "verify", _folder[name], "--genesis", home.Segment.Genesis.ToString(), "--output", "json")).Output)!;

        async Task<string?> FailureAsync(JsonNode changed)
        {
            await File.WriteAllTextAsync(
                _folder["changed.json"], changed.ToJsonString(), TestContext.Current.CancellationToken);
            var members = (await VerifyAsync("changed.json"))["members"]!.AsArray();
            Assert.All(members, member => Assert.False((bool)member!["used"]!));
            return (string?)members[1]!["failure"];
        }
    }

    private async Task<FakeHome> StartAsync(Func<SetMember, SetMember>? change = null)
    {
        var home = await FakeHome.StartAsync(TestContext.Current.CancellationToken);
        SetMember[] members =
        [
            AnswerLeaves.MemberOf(home.Segment, "gone.shop.svc", priority: 0),
            AnswerLeaves.MemberOf(home.Segment, FakeHome.Web, priority: 1, weight: 3),
        ];
        home.Segment.Put(AnswerLeaves.SetOf(
            FakeHome.Web, home.Now - 40_000, home.Segment.Publisher,
            [.. members.Select(member => change?.Invoke(member) ?? member)])).SealAt(home.Now - 500);
        home.Say = static (from, ask) => ask.Query.Value.Name.IsClusterSet ? ask.Set()
            : ask.Service.Text == FakeHome.Web ? ask.Record(from.Slice)
            : ask.Negative();
        using var pod = new EcdsaSigner(KeyFile.Create(_folder["pod.pem"]));
        await File.WriteAllBytesAsync(
            _folder["b.json"], home.Bootstrap(pod.Key).Encode(), TestContext.Current.CancellationToken);
        return home;
    }

    private Task<Fairlead> RunAsync(string verb, params string[] more) => Fairlead.RunAsync(
        [verb, Name, "--bootstrap", _folder["b.json"], "--key", _folder["pod.pem"], .. more]);
}
