using Fairlead.EnvoyApi.Rpc;
using Fairlead.Xds.Tests.Functional;
using Xunit;
using static Fairlead.Xds.Tests.Fixtures;

namespace Fairlead.Xds.Tests;

/// <summary>Acknowledgements, refusals and the pace of responses, for a client of each of the four variants.</summary>
public sealed class VariantFlowTests
{
    private static readonly ResourceType Cds = ResourceType.Cluster;
    private static readonly ResourceType Eds = ResourceType.Endpoints;
    private static readonly ResourceType Rds = ResourceType.Route;
    private static readonly ResourceType Sds = ResourceType.Secret;

    public static TheoryData<Variant> Variants => [.. Enum.GetValues<Variant>()];

    public static MatrixTheoryData<Variant, int> Refusals => new(Enum.GetValues<Variant>(), [0, 3, 13, 14]);

    [Theory]
    [MemberData(nameof(Variants))]
    public void Changes_BeforeAnAcknowledgement_CollapseIntoOne(Variant variant)
    {
        var client = Told(variant, Eds, "a");
        for (var port = 2; port < 9; port++)
        {
            client.Publish(Endpoints("a", port));
            Assert.Empty(client.Take(Eds));
        }

        client.Ack(Eds);
        Assert.Equal(["eds a"], client.Take(Eds));
        Assert.Equal(Endpoints("a", 8).Version, client.State(Eds).Sent["a"].Version);
        client.Ack(Eds);
        Assert.Empty(client.Take(Eds));
    }

    [Theory]
    [MemberData(nameof(Variants))]
    public void Change_BackToWhatTheClientHolds_IsNotSent(Variant variant)
    {
        var client = Told(variant, Eds, "a");
        client.Publish(Endpoints("a", 2));
        client.Publish(Endpoints("a", 1));
        client.Ack(Eds);
        Assert.Empty(client.Take(Eds));
    }

    /// <summary>An Envoy keeps back the acknowledgement of clusters while anything warms.</summary>
    [Theory]
    [MemberData(nameof(Variants))]
    public void Change_BehindAnAcknowledgementThatNeverComes_IsSentAfterThirtySeconds(Variant variant)
    {
        foreach (var (type, name) in new[] { (Cds, ""), (Eds, "a") })
        {
            var client = Told(variant, type, name);
            client.Publish(type == Cds ? Cluster("a", timeoutMs: 7) : Endpoints("a", 2));
            Assert.Empty(client.Take(type));

            // It was sent when it was one second.
            Assert.Equal(TimeSpan.FromSeconds(31), client.WakeAt(type));
            client.Later(TimeSpan.FromSeconds(28.9));
            Assert.Empty(client.Take(type));
            client.Later(TimeSpan.FromSeconds(0.1));
            Assert.Equal([$"{type.ShortName} a"], client.Take(type));
        }
    }

    [Theory]
    [MemberData(nameof(Variants))]
    public void NewName_BeforeAnAcknowledgement_IsAnsweredWithoutTheChanges(Variant variant)
    {
        var client = Told(variant, Eds, "a");
        client.Publish(Endpoints("a", 2), Endpoints("b", 3));
        client.Subscribe(Eds, "b");
        Assert.Equal(["eds b"], client.Take(Eds));
        client.Ack(Eds);
        Assert.Equal(["eds a"], client.Take(Eds));
    }

    [Theory]
    [MemberData(nameof(Variants))]
    public void NewCluster_BeforeAnAcknowledgement_IsAnswered(Variant variant)
    {
        var client = Told(variant, Cds, "a");
        client.Publish(Cluster("b"));
        client.Subscribe(Cds, "b");
        Assert.Equal(client.Told("cds a b", "cds b"), client.Take(Cds));
    }

    [Theory]
    [MemberData(nameof(Variants))]
    public void Acknowledgement_OfTheLastOfSeveral_IsOfThemAll_AndOfAnEarlierOneReleasesNothing(Variant variant)
    {
        var client = Told(variant, Eds, "a");
        var earlier = client.Nonce(Eds);
        client.Subscribe(Eds, "b");
        Assert.Equal(["eds b"], client.Take(Eds));
        client.Subscribe(Eds, "c");
        Assert.Equal(["eds c"], client.Take(Eds));
        Assert.Equal(["a"], Acked(client.Say(Eds, earlier)));
        client.Publish(Endpoints("a", 2));
        Assert.Empty(client.Take(Eds));
        Assert.Equal(["c"], Acked(client.Ack(Eds)));
        Assert.False(client.State(Eds).Waiting);
        Assert.Equal(["eds a"], client.Take(Eds));
    }

    /// <summary>Whatever its code is.</summary>
    [Theory]
    [MemberData(nameof(Refusals))]
    public void Refused_IsNotSentAgain_BeforeItChanges(Variant variant, int code)
    {
        foreach (var type in new[] { Cds, Eds, Rds, Sds })
        {
            var client = Told(variant, type, "a");
            var nack = Assert.Single(client.Say(type, client.Nonce(type), new Status { Code = code, Message = "bad" }));
            var refused = Assert.IsType<StreamEvent.Nacked>(nack).Refused;
            Assert.Equal((code, "bad"), (refused.Code, refused.Message));
            Assert.Equal("", client.State(type).AckedVersion);
            Assert.Empty(client.Take(type));
            client.Publish(Cluster("z"), Endpoints("z", 1), Routes("z", "c"), Secret("z"));
            client.Later(TimeSpan.FromHours(1));
            Assert.Empty(client.Take(type));
            client.Publish(Cluster("a", timeoutMs: 7), Endpoints("a", 2), Routes("a", "d"), Secret("a", "other"));
            Assert.Equal([$"{type.ShortName} a"], client.Take(type));
            client.Ack(type);
            Assert.Null(client.State(type).Refused);
            Assert.Empty(client.State(type).RefusedNames);
        }
    }

    [Theory]
    [MemberData(nameof(Variants))]
    public void Words_OfARefusal_AreCut(Variant variant)
    {
        var client = Told(variant, Eds, "a");
        client.Say(Eds, client.Nonce(Eds), new Status { Message = new string('x', 100_000) });
        Assert.Equal(4_096, client.State(Eds).Refused!.Message.Length);
    }

    [Theory]
    [MemberData(nameof(Variants))]
    public void Routes_ThatChangeQuickly_WaitForTheInterval_AndEndpointsDoNot(Variant variant)
    {
        var client = Told(variant, Rds, "a");
        client.Ack(Rds);
        client.Publish(Routes("a", "b"));
        Assert.Equal(["rds a"], client.Take(Rds));
        client.Ack(Rds);
        client.Publish(snapshot => Next(snapshot, Routes("a", "c")), TimeSpan.Zero);
        Assert.Empty(client.Take(Rds));
        client.Later(TimeSpan.FromMilliseconds(100));
        Assert.Equal(["rds a"], client.Take(Rds));

        client = Told(variant, Eds, "a");
        for (var port = 2; port < 12; port++)
        {
            client.Ack(Eds);
            client.Publish(snapshot => Next(snapshot, Endpoints("a", port)), TimeSpan.Zero);
            Assert.Equal(["eds a"], client.Take(Eds));
        }
    }

    [Theory]
    [MemberData(nameof(Variants))]
    public void Endpoints_OfMoreThanAResponseTakes_ComeInParts(Variant variant)
    {
        var many = Enumerable.Range(0, 10).Select(i => Endpoints($"n{i}", i + 1)).ToArray();
        var limits = XdsLimits.Default with { ResponseBytes = many[0].Framed.Length * 4 };
        var client = new AnyClient(variant, Snapshot(many), limits);
        client.Subscribe(Eds, [.. many.Select(one => one.Name)]);
        Assert.Equal(["eds n0 n1 n2 n3", "eds n4 n5 n6 n7", "eds n8 n9"], client.Take(Eds));
    }

    /// <summary>Neither has a removal that a client heeds.</summary>
    [Theory]
    [MemberData(nameof(Variants))]
    public void Endpoints_ThatLeaveTheView_AreEmptied_AndSecretsAreKept(Variant variant)
    {
        var client = Told(variant, Eds, "a");
        client.Ack(Eds);
        client.Publish(snapshot => snapshot.ToBuilder().Remove(Eds, "a").Build());
        Assert.Equal(["eds a"], client.Take(Eds));
        Assert.Equal(Resource.EmptyEndpoints("a").Version, client.State(Eds).Sent["a"].Version);

        client = Told(variant, Sds, "a");
        client.Ack(Sds);
        client.Publish(snapshot => snapshot.ToBuilder().Remove(Sds, "a").Build());
        Assert.Empty(client.Take(Sds));
        client.Publish(Secret("a", "other"));
        Assert.Equal(["sds a"], client.Take(Sds));
    }

    [Theory]
    [MemberData(nameof(Variants))]
    public void Type_IsSaidOnAnAggregatedStream_AndOnOneOfATypeThereIsNoOther(Variant variant)
    {
        var client = Client(variant);
        if (!client.IsPerType)
        {
            Assert.Equal(StreamRefusal.TypeMissing, Failure(client.Ask(Eds, "", "a")));
            return;
        }

        Assert.DoesNotContain(client.Ask(Eds, "", "a"), one => one is StreamEvent.Failed);
        Assert.Equal(["eds a"], client.Take(Eds));
        Assert.Equal(StreamRefusal.TypeMismatch, Failure(client.Ask(Eds, Cds.TypeUrl, "a")));
    }

    // A client that was told of what it asks for, and has not said anything to it; of everything for no name.
    private static AnyClient Told(Variant variant, ResourceType type, string name)
    {
        var client = Client(variant);
        client.Subscribe(type, name.Length > 0 ? [name] : []);
        Assert.Equal([$"{type.ShortName} a"], client.Take(type));
        return client;
    }

    private static AnyClient Client(Variant variant) => new(
        variant, Cluster("a"), Endpoints("a", 1), Endpoints("b", 1), Endpoints("c", 1), Routes("a", "c"), Secret("a"));

    private static IEnumerable<string> Acked(IReadOnlyList<StreamEvent> told) =>
        Assert.IsType<StreamEvent.Acked>(Assert.Single(told)).Response.Resources.Select(one => one.Name);

    private static StreamRefusal Failure(IReadOnlyList<StreamEvent> told) =>
        Assert.IsType<StreamEvent.Failed>(Assert.Single(told)).Refusal;
}
