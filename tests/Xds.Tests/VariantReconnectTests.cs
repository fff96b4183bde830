using Fairlead.Xds.Tests.Functional;
using Xunit;
using static Fairlead.Xds.Tests.Fixtures;

namespace Fairlead.Xds.Tests;

/// <summary>A client of each variant that comes back, with what it holds, to a server which began anew.</summary>
public sealed class VariantReconnectTests
{
    private static readonly ResourceType Cds = ResourceType.Cluster;
    private static readonly ResourceType Eds = ResourceType.Endpoints;

    public static TheoryData<Variant> Variants => [.. Enum.GetValues<Variant>()];

    /// <summary>What names are asked for by name, of types of which a response tells the whole state and of those of
    /// which it does not.</summary>
    public static TheoryData<Variant, string> NamedTypes
    {
        get
        {
            TheoryData<Variant, string> cases = [];
            foreach (var variant in Enum.GetValues<Variant>())
            {
                cases.Add(variant, "cds");
                cases.Add(variant, "lds");
                cases.Add(variant, "rds");
                cases.Add(variant, "sds");
            }

            return cases;
        }
    }

    [Theory]
    [MemberData(nameof(Variants))]
    public void Clusters_ThatChangedMeanwhile_AreTold_AndThoseThatAreGone(Variant variant)
    {
        var client = Held(variant, Cds, [], Cluster("a"), Cluster("b"), Cluster("c"))
            .Again(Snapshot(Cluster("a"), Cluster("b", timeoutMs: 7), Cluster("d")));
        client.Resume(Cds);
        Assert.Equal(client.Told("cds a b d", "cds b d -c"), client.Take(Cds));
        client.Ack(Cds);
        Assert.Empty(client.Take(Cds));
        client.Publish(Cluster("d", timeoutMs: 7));
        Assert.Equal(client.Told("cds a b d", "cds d"), client.Take(Cds));
    }

    [Theory]
    [MemberData(nameof(Variants))]
    public void Clusters_ThatAreTheSame_HaveTheSameVersions(Variant variant)
    {
        var before = Held(variant, Cds, [], Cluster("a"), Cluster("b"));
        var client = before.Again(Snapshot(Cluster("b"), Cluster("a")));
        client.Resume(Cds);
        Assert.Equal(client.Told("cds a b", "cds"), client.Take(Cds));
        Assert.Equal(before.Version(Cds), client.Version(Cds));
        client.Ack(Cds);
        Assert.Empty(client.Take(Cds));
    }

    /// <summary>Who comes back may ask for endpoints before clusters, and waits then for those of each cluster that it
    /// is told: what it had of them before counts for nothing.</summary>
    [Theory]
    [MemberData(nameof(Variants))]
    public void Endpoints_AskedForBeforeClusters_AreToldOnceMoreBehindThem(Variant variant)
    {
        Resource[] all = [Cluster("a"), Endpoints("a", 1), Cluster("b"), Endpoints("b", 1)];
        var before = new AnyClient(variant, all);
        before.Subscribe(Cds);
        before.Take(Cds);
        before.Subscribe(Eds, "a");
        before.Take(Eds);
        var client = before.Again(Snapshot([.. all[1..], Cluster("a", timeoutMs: 7)]));
        client.Resume(Eds);
        Assert.Equal(["eds a"], client.Take(Eds));
        client.Ack(Eds);
        Assert.Empty(client.Take(Eds));
        var first = client.Nonce(Eds);

        client.Resume(Cds);
        var told = client.Take(Cds).ToList();
        if (client.IsPerType)
        {
            client.FollowClusters();
            told.AddRange(client.Take(Eds));
        }

        Assert.Equal([.. client.Told("cds a b", "cds a"), "eds a"], told);
        client.Say(Eds, first);
        Assert.Empty(client.Take(Eds));
        client.Ack(Eds);
        client.Ack(Cds);
        Assert.Empty(client.Take(Eds));
    }

    [Theory]
    [MemberData(nameof(Variants))]
    public void Nothing_IsTold_BeforeTheServerKnowsWhatThereIs(Variant variant)
    {
        var client = Held(variant, Cds, [], Cluster("a"), Cluster("b")).Again(ResourceSnapshot.Unprimed);
        client.Resume(Cds);
        client.Publish(snapshot => snapshot.ToBuilder().Set(Cluster("a"), wildcard: true).Build());
        Assert.Empty(client.Take(Cds));
        client.Publish();
        Assert.Equal(client.Told("cds a", "cds -b"), client.Take(Cds));
    }

    [Theory]
    [MemberData(nameof(NamedTypes))]
    public void Name_ThatIsNotKnownYet_IsNotTakenAway(Variant variant, string which)
    {
        var type = ResourceType.All.Single(one => one.ShortName == which);
        var client = Held(variant, type, ["a", "b"], Of(type, "a"), Of(type, "b")).Again(Snapshot(Of(type, "a")));
        client.Resume(type);
        var told = client.Take(type);
        Assert.Equal(!client.IsDelta && !type.FullState ? [which + " a"] : [], told);
        if (told.Length > 0)
        {
            client.Ack(type);
        }

        // It is there, and another one than the client has.
        client.Publish(Of(type, "b", isOther: true));
        Assert.Equal(client.Told(type.FullState ? which + " a b" : which + " b", which + " b"), client.Take(type));
    }

    /// <summary>An Envoy names the version that it had, also where it has emptied them since.</summary>
    [Theory]
    [MemberData(nameof(Variants))]
    public void Endpoints_AreSentAgain_WhateverVersionTheClientHas(Variant variant)
    {
        var before = Held(variant, Eds, ["a", "b"], Endpoints("a", 1), Endpoints("b", 1));
        var client = before.Again(Snapshot(Endpoints("a", 1), Endpoints("b", 1)));
        client.Resume(Eds);
        Assert.Equal(["eds a b"], client.Take(Eds));
        Assert.Equal(before.Version(Eds), client.Version(Eds));
        client.Ack(Eds);
        Assert.Empty(client.Take(Eds));
    }

    /// <summary>A client waits with its cluster for the endpoints that it asks for, also where there is none any
    /// more.</summary>
    [Theory]
    [MemberData(nameof(Variants))]
    public void Endpoints_OfAClusterThatIsGone_AreAnsweredByNone(Variant variant)
    {
        var client = Held(variant, Eds, ["a", "gone"], Endpoints("a", 1), Endpoints("gone", 1))
            .Again(Snapshot(Cluster("a"), Endpoints("a", 1)));
        client.Resume(Eds);
        Assert.Equal(["eds a gone"], client.Take(Eds));
        Assert.Equal(Resource.EmptyEndpoints("gone").Version, client.State(Eds).Sent["gone"].Version);
    }

    [Theory]
    [MemberData(nameof(Variants))]
    public void Nonce_OfTheStreamBefore_AcknowledgesNothing(Variant variant)
    {
        var client = Held(variant, Cds, [], Cluster("a")).Again(Snapshot(Cluster("a", timeoutMs: 7)));
        Assert.DoesNotContain(client.Resume(Cds, nonce: "1"), one => one is StreamEvent.Acked);
        Assert.Equal(["cds a"], client.Take(Cds));
        Assert.DoesNotContain(client.Say(Cds, "of another life"), one => one is StreamEvent.Acked);
        Assert.Empty(client.Take(Cds));
        Assert.Contains(client.Ack(Cds), one => one is StreamEvent.Acked);
    }

    // A client that was told of all this and took it.
    private static AnyClient Held(Variant variant, ResourceType type, string[] names, params Resource[] resources)
    {
        var client = new AnyClient(variant, resources);
        client.Subscribe(type, names);
        Assert.Single(client.Take(type));
        client.Ack(type);
        return client;
    }

    private static Resource Of(ResourceType type, string name, bool isOther = false) => type.ShortName switch
    {
        "cds" => Cluster(name, timeoutMs: isOther ? 7 : 1_000),
        "lds" => Listener(name, isOther ? "other" : "r"),
        "rds" => Routes(name, isOther ? "other" : "c"),
        _ => Secret(name, isOther ? "other" : ""),
    };
}
