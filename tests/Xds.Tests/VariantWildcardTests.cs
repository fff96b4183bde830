using Fairlead.Xds.Tests.Functional;
using Xunit;
using static Fairlead.Xds.Tests.Fixtures;

namespace Fairlead.Xds.Tests;

/// <summary>What a client of each variant means by no name, by the star, and by names, and is told of each.</summary>
public sealed class VariantWildcardTests
{
    private static readonly ResourceType Cds = ResourceType.Cluster;
    private static readonly ResourceType Eds = ResourceType.Endpoints;
    private static readonly ResourceType Lds = ResourceType.Listener;
    private static readonly ResourceType Rds = ResourceType.Route;
    private static readonly ResourceType Sds = ResourceType.Secret;

    public static TheoryData<Variant> Variants => [.. Enum.GetValues<Variant>()];

    [Theory]
    [MemberData(nameof(Variants))]
    public void NoName_IsEverythingOfClustersAndListeners_AndNothingOfTheRest(Variant variant)
    {
        var client = new AnyClient(
            variant, Cluster("a"), Endpoints("a", 1), Listener("l", "r"), Routes("r", "a"), Secret("s"));
        foreach (var type in new[] { Cds, Lds, Eds, Rds, Sds })
        {
            client.Subscribe(type);
            Assert.Equal(
                type == Cds ? ["cds a"] : type == Lds ? ["lds l"] : Array.Empty<string>(), client.Take(type));
        }
    }

    [Theory]
    [MemberData(nameof(Variants))]
    public void Everything_IsAnsweredOnceItIsKnown_AndOfNothingOnce(Variant variant)
    {
        var client = new AnyClient(variant, ResourceSnapshot.Unprimed);
        client.Subscribe(Cds);
        client.Subscribe(Lds);
        client.Publish(snapshot => snapshot.ToBuilder().Set(Cluster("a"), wildcard: true).Build());
        Assert.Empty(client.Take(Cds));
        Assert.Empty(client.Take(Lds));
        client.Publish();
        Assert.Equal(client.IsPerType ? ["cds a"] : ["cds a", "lds"], client.Take(Cds));
        Assert.Equal(client.IsPerType ? ["lds"] : [], client.Take(Lds));
        client.Ack(Cds);
        client.Ack(Lds);
        Assert.Empty(client.Take(Cds));
        Assert.Empty(client.Take(Lds));
    }

    [Theory]
    [MemberData(nameof(Variants))]
    public void LastName_GivenUp_IsNothing(Variant variant)
    {
        foreach (var type in new[] { Cds, Lds })
        {
            var client = new AnyClient(variant, Cluster("a"), Cluster("b"), Listener("a", "r"), Listener("b", "r"));
            client.Subscribe(type, "a");
            Assert.Equal([type.ShortName + " a"], client.Take(type));
            client.Ack(type);
            client.Unsubscribe(type, "a");
            client.Publish(Cluster("a", timeoutMs: 7), Cluster("c"), Listener("a", "other"), Listener("c", "r"));
            Assert.Empty(client.Take(type));
        }
    }

    [Theory]
    [MemberData(nameof(Variants))]
    public void Star_BesideAName_IsBoth_AndGivenUpLeavesTheName(Variant variant)
    {
        var client = new AnyClient(variant, Cluster("a"), Cluster("b"));
        client.Subscribe(Cds, "*", "a");
        Assert.Equal(["cds a b"], client.Take(Cds));
        client.Ack(Cds);
        client.Publish(Cluster("b", timeoutMs: 7));
        Assert.Equal(client.Told("cds a b", "cds b"), client.Take(Cds));
        client.Ack(Cds);
        client.Unsubscribe(Cds, "*");
        client.Take(Cds);
        client.Ack(Cds);
        client.Publish(Cluster("b", timeoutMs: 8), Cluster("c"));
        Assert.Empty(client.Take(Cds));
        client.Publish(Cluster("a", timeoutMs: 8));
        Assert.Equal(["cds a"], client.Take(Cds));
    }

    /// <summary>Also where it was sent as a part of everything: the client may have waited for it.</summary>
    [Theory]
    [MemberData(nameof(Variants))]
    public void Name_BesideEverything_IsAnswered(Variant variant)
    {
        var client = new AnyClient(variant, Cluster("a"), Cluster("b"));
        client.Subscribe(Cds);
        Assert.Equal(["cds a b"], client.Take(Cds));
        client.Ack(Cds);
        client.Subscribe(Cds, "*", "a");
        Assert.Equal(client.Told("cds a b", "cds a"), client.Take(Cds)[..1]);
    }

    [Theory]
    [MemberData(nameof(Variants))]
    public void Cluster_OutsideOfEverything_IsSentToWhoNamesIt(Variant variant)
    {
        var snapshot = Snapshot(Cluster("a")).ToBuilder().Set(Cluster("x")).Build();
        var (one, other) = (new AnyClient(variant, snapshot), new AnyClient(variant, snapshot));
        one.Subscribe(Cds);
        other.Subscribe(Cds, "x");
        Assert.Equal(["cds a"], one.Take(Cds));
        Assert.Equal(["cds x"], other.Take(Cds));
        one.Ack(Cds);
        other.Ack(Cds);
        one.Publish(next => next.ToBuilder().Set(Cluster("x", timeoutMs: 7)).Build());
        other.Publish(next => next.ToBuilder().Set(Cluster("x", timeoutMs: 7)).Build());
        Assert.Empty(one.Take(Cds));
        Assert.Equal(["cds x"], other.Take(Cds));
    }

    [Theory]
    [MemberData(nameof(Variants))]
    public void Name_GivenUpAndAskedForAgain_IsSentAgain(Variant variant)
    {
        foreach (var type in new[] { Cds, Eds, Lds, Rds, Sds })
        {
            var client = new AnyClient(
                variant, Cluster("a"), Endpoints("a", 1), Listener("a", "r"), Routes("a", "c"), Secret("a"),
                Cluster("b"), Endpoints("b", 1), Listener("b", "r"), Routes("b", "c"), Secret("b"));
            client.Subscribe(type, "a", "b");
            Assert.Equal([type.ShortName + " a b"], client.Take(type));
            client.Ack(type);
            client.Unsubscribe(type, "a");
            client.Take(type);
            client.Ack(type);
            client.Subscribe(type, "a");
            Assert.Contains("a", Assert.Single(client.Take(type)).Split(' '));
        }
    }

    [Theory]
    [MemberData(nameof(Variants))]
    public void Name_ThatIsNotThereYet_IsSentOnceItIs(Variant variant)
    {
        foreach (var type in new[] { Cds, Lds, Rds, Sds })
        {
            var client = new AnyClient(variant);
            client.Subscribe(type, "late");
            Assert.DoesNotContain("late", client.Take(type).SelectMany(one => one.Split(' ')));
            client.Publish(
                Cluster("late"), Listener("late", "r"), Routes("late", "c"), Secret("late"));
            Assert.Equal([type.ShortName + " late"], client.Take(type));
        }
    }
}
