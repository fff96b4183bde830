using Fairlead.EnvoyApi.Matchers;
using Fairlead.EnvoyApi.Status;
using Fairlead.Rpc;
using Fairlead.TestKit;
using Fairlead.Xds.Csds;
using Fairlead.Xds.Tests.Functional;
using Fairlead.Xds.Tests.Sotw;
using Google.Protobuf.WellKnownTypes;
using Xunit;
using static Fairlead.Xds.Tests.Fixtures;

namespace Fairlead.Xds.Tests.Csds;

/// <summary>What an operator is told of clients: each resource asked for, with how the client stands to it.</summary>
public sealed class ClientStatusTests
{
    private static readonly ResourceType Eds = ResourceType.Endpoints;

    [Fact]
    public void Resource_IsNotSentWaitingTakenRefused_AsTheClientSays()
    {
        var client = new SotwClient(Snapshot(Endpoints("a", 1))) { AnswersMissing = false };
        client.Request(Eds, ["a", "b"]);
        Assert.Equal("a NotSent, b NotSent", Told(client));
        client.Take();
        Assert.Equal("a Stale, b NotSent", Told(client));
        client.Ack(Eds, "a", "b");
        Assert.Equal("a Synced, b NotSent", Told(client));

        client.Publish(Endpoints("b", 1));
        client.Take();
        client.Nack(Eds, ["a", "b"]);
        Assert.Equal("a Synced, b Error(bad)", Told(client));

        // What was refused stays so while others are taken, until it is changed and taken.
        client.Publish(Endpoints("a", 2));
        client.Take();
        client.Ack(Eds, "a", "b");
        Assert.Equal("a Synced, b Error(bad)", Told(client));
        client.Publish(Endpoints("b", 2));
        client.Take();
        client.Ack(Eds, "a", "b");
        Assert.Equal("a Synced, b Synced", Told(client));
    }

    [Fact]
    public void Resource_ThatIsGivenUp_IsToldNoMore()
    {
        var client = new SotwClient(Snapshot(Endpoints("a", 1), Endpoints("b", 1)));
        client.Request(Eds, ["a", "b"]);
        client.Take();
        client.Nack(Eds, ["b"]);
        Assert.Equal("b Error(bad)", Told(client));
        client.Request(Eds, []);
        Assert.Equal("", Told(client));
    }

    [Fact]
    public void Contents_AreTheMessagesThatWereSent_UnlessTheyAreNotWanted()
    {
        var sent = Endpoints("a", 1);
        var client = new SotwClient(Snapshot(sent));
        client.Request(Eds, ["a"]);
        client.Take();
        var one = Assert.Single(Assert.Single(Answer(client, new()).Config).GenericXdsConfigs);
        Assert.Equal(
            ("a", 1), (Unpacked(one.XdsConfig).ClusterName, Unpacked(one.XdsConfig).Endpoints.Count));
        Assert.Equal((sent.Version, Eds.TypeUrl), (one.VersionInfo, one.TypeUrl));
        one = Assert.Single(
            Assert.Single(Answer(client, new() { ExcludeResourceContents = true }).Config).GenericXdsConfigs);
        Assert.Null(one.XdsConfig);
    }

    /// <summary>Not how much was left when it was sent.</summary>
    [Theory]
    [InlineData(0, 10_000)]
    [InlineData(4_000, 6_000)]
    [InlineData(60_000, 1)]
    public void Contents_OfEndpointsWithAnEnd_SayWhatIsLeftNow(int elapsed, int left)
    {
        var time = new ManualTimeProvider();
        var until = time.GetElapsedTime(0) + TimeSpan.FromSeconds(10);
        var client = new SotwClient(Snapshot(Endpoints("a", 1).KeptUntil(until)));
        client.Request(Eds, ["a"]);
        client.Take();
        time.Advance(TimeSpan.FromMilliseconds(elapsed));
        var answer = new ClientStatusService(() => [Of(client)], time).Answer(new());
        var policy = Unpacked(Assert.Single(answer.Config[0].GenericXdsConfigs).XdsConfig).Policy;
        Assert.Equal(TimeSpan.FromMilliseconds(left), policy.EndpointStaleAfter.ToTimeSpan());
    }

    [Fact]
    public void Refusal_IsToldWithItsTime()
    {
        var client = new SotwClient(Snapshot(Endpoints("a", 1)));
        client.Request(Eds, ["a"]);
        client.Take();
        client.Now = TimeSpan.FromSeconds(7);
        client.Nack(Eds, ["a"]);
        var error = Assert.Single(Answer(client, new()).Config[0].GenericXdsConfigs).ErrorState;
        Assert.Equal(Started + TimeSpan.FromSeconds(7), error.LastUpdateAttempt.ToDateTimeOffset());
        Assert.Equal(["a"], Assert.Single(client.Stream.Types).RefusedNames);
    }

    /// <summary>What a client has refused it does not hold: it goes on with what it took, or with nothing.</summary>
    [Theory]
    [InlineData(Variant.Sotw, "eds")]
    [InlineData(Variant.Sotw, "cds")]
    [InlineData(Variant.Delta, "eds")]
    [InlineData(Variant.Delta, "cds")]
    public void Refusal_LeavesTheClientWithWhatItTookLast(Variant variant, string shortName)
    {
        var type = ResourceType.All.Single(one => one.ShortName == shortName);
        var all = Enumerable.Range(1, 4)
            .Select(i => type == Eds ? Endpoints("a", i) : Cluster("a", timeoutMs: i)).ToArray();
        var client = new AnyClient(variant, all[0]);
        client.Subscribe(type, "a");
        client.Take(type);
        Refuse();
        Assert.Equal(("", all[0].Version, false), Told());

        client.Publish(all[1]);
        client.Take(type);
        client.Ack(type);
        Assert.Equal((all[1].Version, "", true), Told());
        foreach (var refused in all[2..])
        {
            client.Publish(refused);
            client.Take(type);
            Refuse();
            Assert.Equal((all[1].Version, refused.Version, true), Told());
        }

        void Refuse() => client.Say(type, client.Nonce(type), new EnvoyApi.Rpc.Status { Code = 13, Message = "bad" });

        (string Held, string Refused, bool HasContent) Told()
        {
            var service = new ClientStatusService(
                () => [new StreamResources(Node, Started, () => [.. client.State(type).Resources()])], Time);
            var one = Assert.Single(service.Answer(new()).Config[0].GenericXdsConfigs);
            return (one.VersionInfo, one.ErrorState?.VersionInfo ?? "", one.XdsConfig is not null);
        }
    }

    /// <summary>What it has is another one.</summary>
    [Fact]
    public void Refusal_OfWhatIsHeldBack_IsOfThatVersion()
    {
        var (small, large) = (Endpoints("a", 1), Endpoints("a", [.. Enumerable.Range(1, 20_000)]));
        var client = new SotwClient(Snapshot(small), XdsLimits.Default with { MessageBytes = 100 << 10 });
        client.Request(Eds, ["a"]);
        client.Take();
        client.Ack(Eds, "a");
        client.Publish(large);
        client.Take();
        var one = Assert.Single(Answer(client, new()).Config[0].GenericXdsConfigs);
        Assert.StartsWith("TooLarge", one.ErrorState.Details, StringComparison.Ordinal);
        Assert.Equal((small.Version, large.Version), (one.VersionInfo, one.ErrorState.VersionInfo));
    }

    [Fact]
    public void Contents_BeyondTheLimit_AreLeftOut_AndTheNamesStay()
    {
        var ports = Enumerable.Range(1, 20_000).ToArray();
        var names = Enumerable.Range(0, 16).Select(i => $"s{i:00}").ToArray();
        var client = new SotwClient(Snapshot([.. names.Select(name => Endpoints(name, ports))]));
        client.Request(Eds, names);
        client.Take();
        var answer = Answer(client, new());
        Assert.Equal(names, answer.Config[0].GenericXdsConfigs.Select(one => one.Name));
        Assert.InRange(
            answer.CalculateSize(),
            ClientStatusService.ContentBytesMax / 2,
            ClientStatusService.ContentBytesMax + (1 << 16));
    }

    /// <summary>One refusal of thousands of resources says the same words of each: the answer did not fit into a
    /// message when it was needed most.</summary>
    [Fact]
    public void Words_OfARefusalOfMany_AreShortenedSoThatAllAreTold()
    {
        var refused = new Refused("1", "v", 3, new string('x', 4_096));
        var many = Enumerable.Range(0, 4_000)
            .Select(i => new ResourceStatus(Eds, $"n{i:0000}", ResourceState.Refused, null, refused)).ToArray();
        var service = new ClientStatusService(() => [new StreamResources(Node, Started, () => many)], Time);
        var answer = service.Answer(new());
        Assert.Equal(many.Select(one => one.Name), answer.Config[0].GenericXdsConfigs.Select(one => one.Name));
        Assert.Equal(4_096, answer.Config[0].GenericXdsConfigs[0].ErrorState.Details.Length);
        Assert.Equal(64, answer.Config[0].GenericXdsConfigs[^1].ErrorState.Details.Length);
        Assert.InRange(answer.CalculateSize(), ClientStatusService.BytesMax / 2, 4 << 20);
    }

    /// <summary>What clients say of themselves takes room too, in what gRPC takes.</summary>
    [Fact]
    public void Nodes_ThatDoNotFit_AreShortened_AndThenLeftOut()
    {
        var metadata = new Struct { Fields = { ["k"] = Value.ForString(new string('x', 100_000)) } };
        Assert.Equal(40, Answered(40).Config.Count);
        Assert.NotNull(Answered(40).Config[0].Node.Metadata);
        Assert.Null(Answered(40).Config[^1].Node.Metadata);
        Assert.InRange(Answered(5_000).Config.Count, 40, 4_999);

        ClientStatusResponse Answered(int clients)
        {
            var node = Node with { Metadata = metadata, Cluster = new string('c', 1_000) };
            var answer = new ClientStatusService(
                () => Enumerable.Range(0, clients).Select(i => new StreamResources(
                    node with { Id = $"n{i}" }, Started, static () => [])), Time).Answer(new());
            Assert.InRange(answer.CalculateSize(), 1, 4 << 20);
            return answer;
        }
    }

    [Fact]
    public void Names_ThatDoNotFit_AreLeftOut()
    {
        var name = new string('n', 1_000);
        var many = Enumerable.Range(0, 9_000)
            .Select(i => new ResourceStatus(Eds, $"{name}{i:0000}", ResourceState.NotSent, null, null)).ToArray();
        var service = new ClientStatusService(() => [new StreamResources(Node, Started, () => many)], Time);
        Assert.InRange(service.Answer(new()).CalculateSize(), ClientStatusService.BytesMax, 4 << 20);
    }

    [Fact]
    public void Resource_OfAnAnswerInManyPieces_IsNotTakenBeforeTheClientSaysSo()
    {
        var many = Enumerable.Range(0, 300).Select(i => Endpoints($"n{i:000}", 1)).ToArray();
        var client = new SotwClient(Snapshot(many), XdsLimits.Default with { EndpointBytes = 1 });
        var names = many.Select(one => one.Name).ToArray();
        client.Request(Eds, names);
        while (client.Stream.Next(client.Now) is { } sent)
        {
            Assert.Equal(1, sent.Count);
        }

        Assert.All(Statuses(client), status => Assert.Equal(ConfigStatus.Stale, status));
        client.Request(Eds, names, nonce: "300");
        Assert.All(Statuses(client), status => Assert.Equal(ConfigStatus.Synced, status));
    }

    [Fact]
    public void Resources_OfClientsThatAreNotAskedFor_AreNotLookedAt()
    {
        var service = new ClientStatusService(
            () => [new StreamResources(Node, Started, () => throw new InvalidOperationException("looked at"))], Time);
        var other = NodeMatcher.Parser.ParseJson("""{"nodeId":{"exact":"other"}}""");
        Assert.Empty(service.Answer(new ClientStatusRequest { NodeMatchers = { other } }).Config);
    }

    [Fact]
    public void Streams_OfOneNode_AreOneClient()
    {
        var (one, other) = (new SotwClient(Snapshot(Endpoints("a", 1))), new SotwClient(Snapshot(Cluster("a"))));
        one.Request(Eds, ["a"]);
        other.Request(ResourceType.Cluster, ["a"]);
        var service = new ClientStatusService(() => [Of(one), Of(other)], Time);
        var config = Assert.Single(service.Answer(new()).Config);
        Assert.Equal([Eds.TypeUrl, ResourceType.Cluster.TypeUrl], config.GenericXdsConfigs.Select(r => r.TypeUrl));
    }

    [Theory]
    [InlineData("""{"exact":"envoy-1"}""", true)]
    [InlineData("""{"exact":"ENVOY-1"}""", false)]
    [InlineData("""{"exact":"ENVOY-1","ignoreCase":true}""", true)]
    [InlineData("""{"prefix":"envoy"}""", true)]
    [InlineData("""{"suffix":"-2"}""", false)]
    [InlineData("""{"contains":"voy"}""", true)]
    [InlineData("""{"safeRegex":{"regex":"envoy-[0-9]"}}""", true)]
    [InlineData("""{"safeRegex":{"regex":"envoy"}}""", false)]
    public void NodeId_IsMatched(string matcher, bool isTaken) =>
        Assert.Equal(isTaken, Matches($$"""{"nodeId":{{matcher}}}"""));

    [Theory]
    [InlineData("a", """{"stringMatch":{"exact":"x"}}""", true)]
    [InlineData("a", """{"presentMatch":true}""", true)]
    [InlineData("none", """{"presentMatch":true}""", false)]
    [InlineData("n", """{"doubleMatch":{"exact":3}}""", true)]
    [InlineData("n", """{"doubleMatch":{"range":{"start":1,"end":3}}}""", false)]
    [InlineData("b", """{"boolMatch":true}""", true)]
    [InlineData("z", """{"nullMatch":{}}""", true)]
    [InlineData("l", """{"listMatch":{"oneOf":{"stringMatch":{"exact":"y"}}}}""", true)]
    [InlineData("a", """{"orMatch":{"valueMatchers":[{"boolMatch":true},{"stringMatch":{"exact":"x"}}]}}""", true)]
    [InlineData("a", """{"boolMatch":true}""", false)]
    public void Metadata_IsMatched(string key, string value, bool isTaken) => Assert.Equal(
        isTaken, Matches($$"""{"nodeMetadatas":[{"path":[{"key":"m"},{"key":"{{key}}"}],"value":{{value}}}]}"""));

    [Theory]
    [InlineData("""{"nodeId":{}}""")]
    [InlineData("""{"nodeId":{"safeRegex":{"regex":"("}}}""")]
    [InlineData("""{"nodeId":{"safeRegex":{"regex":"(a)\\1"}}}""")]
    [InlineData("""{"nodeMetadatas":[{"path":[],"value":{"presentMatch":true}}]}""")]
    [InlineData("""{"nodeMetadatas":[{"path":[{"key":"a"}]}]}""")]
    [InlineData("""{"nodeMetadatas":[{"path":[{"key":"a"}],"value":{}}]}""")]
    public void Matcher_ThatCannotBeRead_IsInvalidArgument(string matcher)
    {
        var service = new ClientStatusService(() => [new StreamResources(Node, Started, () => [])], Time);
        var request = new ClientStatusRequest { NodeMatchers = { NodeMatcher.Parser.ParseJson(matcher) } };
        var refused = Assert.Throws<RpcException>(() => service.Answer(request));
        Assert.Equal(StatusCode.InvalidArgument, refused.StatusCode);
    }

    private static DateTimeOffset Started { get; } = new(2026, 11, 24, 15, 0, 0, TimeSpan.Zero);

    private static ManualTimeProvider Time { get; } = new();

    private static ClientNode Node { get; } = new(
        "envoy-1",
        "",
        "",
        "",
        "",
        "envoy",
        "1.40.0",
        Struct.Parser.ParseJson("""{"m":{"a":"x","n":3,"b":true,"z":null,"l":["w","y"]}}"""));

    private static bool Matches(string matcher) =>
        NodeMatching.Matches([NodeMatcher.Parser.ParseJson(matcher)], Node);

    private static StreamResources Of(SotwClient client) =>
        new(Node, Started, () => [.. client.Stream.Types.SelectMany(type => type.Resources())]);

    private static ClientStatusResponse Answer(SotwClient client, ClientStatusRequest request) =>
        new ClientStatusService(() => [Of(client)], Time).Answer(request);

    private static IEnumerable<ConfigStatus> Statuses(SotwClient client) =>
        Assert.Single(Answer(client, new()).Config).GenericXdsConfigs.Select(one => one.ConfigStatus);

    private static EnvoyApi.Endpoints.ClusterLoadAssignment Unpacked(Any any) =>
        any.Unpack<EnvoyApi.Endpoints.ClusterLoadAssignment>();

    private static string Told(SotwClient client) => string.Join(
        ", ",
        Answer(client, new()).Config.SelectMany(config => config.GenericXdsConfigs).Select(one =>
            $"{one.Name} {one.ConfigStatus}{(one.ErrorState is { } error ? $"({error.Details})" : "")}"));
}
