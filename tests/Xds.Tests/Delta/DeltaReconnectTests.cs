using Xunit;
using static Fairlead.Xds.Tests.Fixtures;

namespace Fairlead.Xds.Tests.Delta;

/// <summary>A client that comes with what it holds from an earlier stream, of this server or another.</summary>
public sealed class DeltaReconnectTests
{
    private static readonly ResourceType Cds = ResourceType.Cluster;
    private static readonly ResourceType Eds = ResourceType.Endpoints;

    private readonly Resource _cluster = Cluster("a");
    private readonly Resource _endpoints = Endpoints("a", 1);

    [Fact]
    public void Clusters_OfTheSameVersion_AreNotSentAgain_ChangedOnesAre_AndGoneOnesAreCalledSo()
    {
        var client = new DeltaClient(Snapshot(_cluster, Cluster("b"), Cluster("c")));
        client.Send(Cds, before: [("a", _cluster.Version), ("b", "old"), ("gone", "old")]);
        Assert.Equal(["cds b c -gone"], client.Take());
        client.Ack(Cds);
        Assert.Empty(client.Take());
    }

    [Fact]
    public void Everything_ThatIsHeldAlready_IsAnsweredEmpty()
    {
        var client = new DeltaClient(Snapshot(_cluster));
        client.Send(Cds, before: [("a", _cluster.Version)]);
        Assert.Equal(["cds"], client.Take());
    }

    [Fact]
    public void Cluster_HeldFromBefore_IsFollowedOnceItChangesOrGoes()
    {
        var client = new DeltaClient(Snapshot(_cluster));
        client.Send(Cds, before: [("a", _cluster.Version)]);
        client.Take();
        client.Ack(Cds);
        client.Now += TimeSpan.FromSeconds(1);
        client.Remove(Cds, "a");
        Assert.Equal(["cds -a"], client.Take());
    }

    /// <summary>It keeps the older form, is not asked again and again, has whatever else there is, and is told of what
    /// is mended or gone; once more after another restart.</summary>
    [Fact]
    public void Cluster_HeldInAnOlderForm_WhoseChangeIsRefused_KeepsNothingElseBack()
    {
        var old = _cluster.Version;
        var snapshot = Snapshot(Cluster("a", timeoutMs: 3), Cluster("b"), Cluster("new"));
        for (var life = 0; life < 2; life++)
        {
            var client = new DeltaClient(Anew(snapshot));
            (string, string)[] held = life == 0 ? [] : [("new", Cluster("new").Version)];
            client.Send(Cds, before: [("a", old), ("b", Cluster("b").Version), .. held]);
            Assert.Equal([life == 0 ? "cds a new" : "cds a"], client.Take());
            client.Nack(Cds);
            var alone = client.TakeAlone();
            Assert.Equal(life == 0 ? ["a", "new"] : [], alone.Keys.Order());
            foreach (var (name, nonce) in alone)
            {
                client.Say(Cds, nonce, isTaken: name != "a");
            }

            client.Now += TimeSpan.FromHours(1);
            Assert.Empty(client.Take());
            client.Publish(Cluster($"later{life}"));
            Assert.Equal([$"cds later{life}"], client.Take());
            client.Ack(Cds);
            client.Now += TimeSpan.FromSeconds(1);
            client.Publish(client.Snapshot.ToBuilder().Remove(Cds, $"later{life}").Build());
            Assert.Equal([$"cds -later{life}"], client.Take());
            client.Ack(Cds);
            client.Now += TimeSpan.FromSeconds(1);
            if (life == 0)
            {
                client.Remove(Cds, "a");
                Assert.Equal(["cds -a"], client.Take());
            }
            else
            {
                client.Publish(Cluster("a", timeoutMs: 4));
                Assert.Equal(["cds a"], client.Take());
            }
        }
    }

    /// <summary>Envoy says the old version though it has emptied them by their age.</summary>
    [Fact]
    public void Endpoints_AreSentAgainWhateverTheClientHolds()
    {
        var client = new DeltaClient(Snapshot(_endpoints));
        client.Send(Eds, ["a"], before: [("a", _endpoints.Version)]);
        Assert.Equal(["eds a"], client.Take());
    }

    /// <summary>After a restart of the server a name may be not known yet: it must not go from who uses it.</summary>
    [Fact]
    public void Name_ThatIsNotKnownYet_IsNotCalledRemoved()
    {
        var client = new DeltaClient(Snapshot());
        client.Send(Cds, ["*", "demand"], before: [("demand", "1"), ("left", "1")]);
        Assert.Equal(["cds -left"], client.Take());
        client.Publish(client.Snapshot.ToBuilder().Set(Cluster("demand")).Build());
        Assert.Equal(["cds demand"], client.Take());
    }

    [Fact]
    public void Nothing_IsCalledRemovedByAViewThatIsNotPrimed()
    {
        var client = new DeltaClient();
        client.Send(Cds, before: [("a", _cluster.Version), ("b", "1")]);
        Assert.Empty(client.Take());
        client.Publish(_cluster);
        Assert.Equal(["cds -b"], client.Take());
    }

    [Fact]
    public void Cluster_HeldAtAnotherVersion_ThatGoesBeforeItsNewOneIsSent_IsCalledRemoved()
    {
        var client = new DeltaClient(
            Snapshot(_cluster, Cluster("b"), Cluster("c")), XdsLimits.Default with { ResponseBytes = 1 });
        client.Send(Cds, before: [("b", "old"), ("c", "old")]);
        Assert.Equal(["a"], client.Stream.Next(client.Now)!.Resources.Select(one => one.Name));
        client.Remove(Cds, "c");
        client.Now += TimeSpan.FromMinutes(1);
        Assert.Contains("-c", client.Take().SelectMany(response => response.Split(' ')));
    }

    [Fact]
    public void Cluster_HeldAtAnotherVersion_ThatGoesWhileTheViewIsYoung_IsCalledRemoved()
    {
        var client = new DeltaClient(ResourceSnapshot.Unprimed.ToBuilder().Set(Cluster("x")).Build());
        client.Send(Cds, ["*", "x"], before: [("b", "old")]);
        Assert.Equal(["cds x"], client.Take());
        client.Publish(Cluster("b"));
        var told = client.Take().ToList();
        client.Remove(Cds, "b");
        client.Now += TimeSpan.FromMinutes(1);
        told.AddRange(client.Take());
        Assert.Equal("cds -b", told[^1]);
    }

    /// <summary>What a client gives up it drops: what it held of it from before counts no more.</summary>
    [Fact]
    public void Name_GivenUpAndAskedForAgainBeforeTheViewIsPrimed_IsSent()
    {
        var client = new DeltaClient();
        client.Send(Cds, ["a"], before: [("a", _cluster.Version)]);
        client.Unsubscribe(Cds, "a");
        client.Subscribe(Cds, "a");
        client.Publish(_cluster);
        Assert.Equal(["cds a"], client.Take());
    }

    [Fact]
    public void Everything_GivenUpAndAskedForAgainBeforeTheViewIsPrimed_IsSent()
    {
        var client = new DeltaClient();
        client.Send(Cds, before: [("a", _cluster.Version)]);
        client.Unsubscribe(Cds, "*");
        client.Subscribe(Cds, "*");
        client.Publish(_cluster);
        Assert.Equal(["cds a"], client.Take());
    }

    /// <summary>A name that is asked for once more is answered: the client may have forgotten it.</summary>
    [Fact]
    public void Name_AskedForOnceMoreBeforeTheViewIsPrimed_IsSent()
    {
        var client = new DeltaClient();
        client.Send(Cds, ["a"], before: [("a", _cluster.Version)]);
        client.Subscribe(Cds, "a");
        client.Publish(_cluster);
        Assert.Equal(["cds a"], client.Take());
    }

    [Fact]
    public void Name_GivenUpUnderEverythingBeforeTheViewIsPrimed_IsCalledRemovedAndSentOnceItIsThere()
    {
        var client = new DeltaClient();
        client.Send(Cds, ["*", "a", "b"], before: [("a", "old"), ("b", Cluster("b").Version)]);
        client.Unsubscribe(Cds, "a", "b");
        Assert.Equal(["cds -a -b"], client.Take());
        client.Ack(Cds);
        client.Publish(Cluster("b"));
        client.Now += TimeSpan.FromSeconds(1);
        Assert.Equal(["cds b"], client.Take());
    }

    [Fact]
    public void EmptyVersion_IsANameThatIsWaitedFor()
    {
        var client = new DeltaClient(Snapshot(_cluster));
        client.Send(Cds, ["a"], before: [("a", "")]);
        Assert.Equal(["cds a"], client.Take());
    }

    [Fact]
    public void Nonce_OfAnotherLife_IsNoAcknowledgement()
    {
        var client = new DeltaClient(Snapshot(_cluster));
        Assert.Empty(client.Send(Cds, nonce: "17"));
        Assert.Equal(["cds a"], client.Take());
        Assert.Empty(client.Send(Cds, nonce: "17"));
        Assert.IsType<StreamEvent.Acked>(Assert.Single(client.Ack(Cds)));
    }

    [Fact]
    public void Versions_AreOfTheContent()
    {
        var (one, other) = (new DeltaClient(Snapshot(_cluster)), new DeltaClient(Snapshot(Cluster("a"))));
        one.Subscribe(Cds);
        other.Subscribe(Cds);
        one.Take();
        other.Take();
        Assert.Equal(one.Last(Cds).Resources[0].Version, other.Last(Cds).Resources[0].Version);
        Assert.Equal(one.Last(Cds).SystemVersionInfo, other.Last(Cds).SystemVersionInfo);
    }
}
