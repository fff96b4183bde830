using Xunit;
using static Fairlead.Xds.Tests.Fixtures;

namespace Fairlead.Xds.Tests.Delta;

/// <summary>
/// Clusters on demand, as an Envoy of another control plane asks for them: by a collection first and by names of it
/// then, or by plain names, on a stream for clusters alone.
/// </summary>
public sealed class DeltaCollectionTests
{
    private const string Prefix = "xdstp://fairlead/envoy.config.cluster.v3.Cluster/";
    private const string Glob = Prefix + "*";
    private const string A = Prefix + "a";
    private const string B = Prefix + "b";
    private const string Sentinel = Prefix + "sentinel";

    private static readonly ResourceType Cds = ResourceType.Cluster;
    private static readonly ResourceType Eds = ResourceType.Endpoints;

    [Fact]
    public void Collection_IsAnsweredAtOnceWithItsMembers_AndNothingElse()
    {
        var client = Client(Snapshot(Cluster(A), Cluster("plain"), Cluster("xdstp://other/x/a")));
        client.Subscribe(Cds, Glob);
        Assert.Equal([$"cds {A}"], client.Take());
        client.Ack(Cds);
        Assert.Empty(client.Take());
    }

    [Fact]
    public void Everything_DoesNotHoldWhatBelongsToACollection()
    {
        var client = Client(Snapshot(Cluster(A), Cluster("plain")));
        client.Subscribe(Cds);
        Assert.Equal(["cds plain"], client.Take());
    }

    [Fact]
    public void Collection_OfNothing_IsAnsweredWithASentinel_WhichStays()
    {
        var client = Client(Snapshot());
        client.Subscribe(Cds, Glob);
        Assert.Equal([$"cds {Sentinel}"], client.Take());
        client.Ack(Cds);
        Later(client);
        client.Publish(Cluster(A));
        Assert.Equal([$"cds {A}"], client.Take());
        client.Ack(Cds);
        Assert.Empty(client.Take());
    }

    [Fact]
    public void Collection_OfAViewThatIsNotPrimed_IsAnsweredOnceItIs_OrWithWhatThereIsInTime()
    {
        var client = Client(ResourceSnapshot.Unprimed);
        client.Subscribe(Cds, Glob);
        Assert.Empty(client.Take());
        Assert.Equal(client.Now + XdsLimits.Default.FirstAnswer, client.Stream.WakeAt);
        client.Publish(Cluster(A));
        Assert.Equal([$"cds {A}"], client.Take());

        var late = Client(ResourceSnapshot.Unprimed);
        late.Subscribe(Cds, Glob);
        late.Publish(late.Snapshot.ToBuilder().Set(Cluster(B), wildcard: true).Build());
        Assert.Empty(late.Take());
        late.Now += XdsLimits.Default.FirstAnswer;
        Assert.Equal([$"cds {B}"], late.Take());

        var empty = Client(ResourceSnapshot.Unprimed);
        empty.Subscribe(Cds, Glob);
        empty.Now += TimeSpan.FromSeconds(1);
        Assert.Equal([$"cds {Sentinel}"], empty.Take());
    }

    [Fact]
    public void Name_BesideACollection_IsAnsweredWhenItIsKnown_WhateverIsUnacknowledged()
    {
        var client = Client(Snapshot());
        client.Subscribe(Cds, Glob);
        client.Take();
        client.Subscribe(Cds, A);
        Assert.Empty(client.Take());
        client.Publish(client.Snapshot.ToBuilder().Set(Cluster(A)).Build());
        Assert.Equal([$"cds {A}"], client.Take());
    }

    [Fact]
    public void Member_ThatWasSent_IsAskedForByNameFromThenOn_AndNeverCalledRemoved()
    {
        var client = Client(Snapshot(Cluster(A)));
        client.Subscribe(Cds, Glob);
        client.Take();
        client.Ack(Cds);
        var told = Assert.IsType<StreamEvent.Names>(Assert.Single(client.Stream.TakeTold()));
        Assert.Equal([A], told.Added);
        Assert.Empty(client.Stream.TakeTold());

        client.Remove(Cds, A);
        Later(client);
        Assert.Empty(client.Take());
        client.Publish(client.Snapshot.ToBuilder().Set(Cluster(A, timeoutMs: 7)).Build());
        Assert.Equal([$"cds {A}"], client.Take());
    }

    [Fact]
    public void Reconnect_WithMembersFromBefore_KeepsThem_AndAnswersTheCollectionAnew()
    {
        var known = Cluster(A);
        var client = Client(Snapshot(known));
        client.Send(Cds, [Glob], before: [(A, known.Version), (B, "old"), (Sentinel, "old")]);
        Assert.Equal([Glob, A, B, Sentinel], NamesOf(client));
        Assert.Equal([$"cds {A} {Sentinel}"], client.Take());
        client.Ack(Cds);
        client.Publish(client.Snapshot.ToBuilder().Set(Cluster(B)).Build());
        Assert.Equal([$"cds {B}"], client.Take());
    }

    [Fact]
    public void StandIn_IsSentToWhoHoldsNothing_AndReplacedByWhatItStandsFor()
    {
        var client = Client(Snapshot(Cluster(B)));
        client.Subscribe(Cds, Glob);
        client.Take();
        client.Ack(Cds);
        client.Subscribe(Cds, A);
        client.Publish(client.Snapshot.ToBuilder().Set(Cluster(A, timeoutMs: 1).As(ResourceRole.StandIn)).Build());
        Assert.Equal([$"cds {A}"], client.Take());
        client.Ack(Cds);
        Later(client);
        client.Publish(client.Snapshot.ToBuilder().Set(Cluster(A)).Build());
        Assert.Equal([$"cds {A}"], client.Take());
        client.Ack(Cds);

        // From now on nothing unknown takes its place.
        Later(client);
        client.Publish(client.Snapshot.ToBuilder().Set(Cluster(A, timeoutMs: 1).As(ResourceRole.StandIn)).Build());
        Assert.Empty(client.Take());
    }

    [Fact]
    public void StandIn_IsNotForWhoHoldsTheNameFromBefore()
    {
        var client = Client(Snapshot(Cluster(A).As(ResourceRole.StandIn), Cluster(B)));
        client.Send(Cds, [Glob, A], before: [(A, "old")]);
        Assert.Equal([$"cds {B}"], client.Take());
        var endpoints = new DeltaClient(Snapshot(Endpoints("a").As(ResourceRole.StandIn)), only: Eds);
        endpoints.Send(Eds, ["a"], before: [("a", "old")]);
        Assert.Empty(endpoints.Take());
        endpoints.Publish(Endpoints("a", 1));
        Assert.Equal(["eds a"], endpoints.Take());
    }

    [Fact]
    public void PlainName_OfWhichNothingIsKnown_IsAnsweredByAnEmptyClusterInTime_IfItIsTheFirst()
    {
        var client = Client(Snapshot());
        client.Subscribe(Cds, "a");
        Assert.Empty(client.Take());
        client.Now += XdsLimits.Default.FirstAnswer;
        Assert.Equal(["cds a"], client.Take());
        client.Ack(Cds);
        Assert.Empty(client.Take());
        client.Subscribe(Cds, "b");
        client.Now += TimeSpan.FromMinutes(1);
        Assert.Empty(client.Take());
        client.Publish(client.Snapshot.ToBuilder().Set(Cluster("a")).Build());
        Assert.Equal(["cds a"], client.Take());

        // It is not called removed when nothing is known of it any more.
        client.Ack(Cds);
        Later(client);
        client.Remove(Cds, "a");
        Assert.Empty(client.Take());

        // Who comes back with what it holds waits for no first answer, and an aggregated stream has others.
        var back = Client(Snapshot());
        back.Send(Cds, ["a"], before: [("a", "old")]);
        back.Now += TimeSpan.FromMinutes(1);
        Assert.Empty(back.Take());
        var aggregated = new DeltaClient(Snapshot());
        aggregated.Subscribe(Cds, "a");
        aggregated.Now += TimeSpan.FromMinutes(1);
        Assert.Empty(aggregated.Take());
    }

    [Fact]
    public void Locator_OnAnAggregatedStream_IsAnsweredInTime_AndNeverCalledRemoved()
    {
        var client = new DeltaClient(Snapshot(Cluster(B)));
        client.Subscribe(Cds, A);
        Assert.Empty(client.Take());
        client.Now += XdsLimits.Default.FirstAnswer;
        Assert.Equal([$"cds {A}"], client.Take());
        client.Ack(Cds);
        client.Subscribe(Cds, B);
        Assert.Equal([$"cds {B}"], client.Take());
        client.Ack(Cds);
        Later(client);
        client.Remove(Cds, B);
        Assert.Empty(client.Take());
    }

    [Fact]
    public void Collection_OfAnotherTypeThanClusters_IsAnsweredWithNothing()
    {
        var client = new DeltaClient(Snapshot(Cluster(A)));
        client.Subscribe(ResourceType.Listener, "xdstp://fairlead/envoy.config.listener.v3.Listener/*");
        client.Subscribe(Cds, "xdstp://fairlead/envoy.config.listener.v3.Listener/*");
        Assert.Equal(["cds", "lds"], client.Take());
        client.Now += TimeSpan.FromMinutes(1);
        Assert.Empty(client.Take());
    }

    [Fact]
    public void Collection_OfAContext_HoldsWhatCarriesTheSameParameters_InOrder()
    {
        const string Context = "?xds.node.cluster=c&xds.node.id=a/b";
        var client = Client(Snapshot(
            Cluster(A), Cluster(A + Context), Cluster(A + "?xds.node.id=a/b"), Cluster(B + "?x=1" + Context)));
        client.Subscribe(Cds, Glob + "?xds.node.id=a/b&xds.node.cluster=c&xds.node.id=other");
        Assert.Equal([$"cds {A + Context}"], client.Take());
        client.Ack(Cds);
        client.Subscribe(Cds, Glob);
        Assert.Equal([$"cds {A}"], client.Take());
        client.Ack(Cds);
        client.Remove(Cds, A + Context);
        Later(client);
        Assert.Empty(client.Take());

        var empty = Client(Snapshot(Cluster(A)));
        empty.Subscribe(Cds, Glob + Context);
        Assert.Equal([$"cds {Sentinel + Context}"], empty.Take());
        empty.Unsubscribe(Cds, Glob + Context);
        Assert.Empty(NamesOf(empty));
    }

    [Fact]
    public void Collection_AskedForInTwoSpellings_StaysUntilBothAreGone()
    {
        var client = Client(Snapshot());
        client.Subscribe(Cds, Glob + "?a=1&b=2", Glob + "?b=2&a=1");
        Assert.Equal([$"cds {Sentinel}?a=1&b=2"], client.Take());
        client.Ack(Cds);
        client.Unsubscribe(Cds, Glob + "?b=2&a=1");
        Later(client);
        client.Publish(Cluster(A + "?a=1&b=2"));
        Assert.Equal([$"cds {A}?a=1&b=2"], client.Take());
        client.Unsubscribe(Cds, Glob + "?a=1&b=2");
        Assert.Empty(client.Stream.Types.Single().Subscription.Globs);
    }

    [Fact]
    public void Collections_AreBounded_AndALongerPathIsNone()
    {
        var client = Client(Snapshot());
        client.Subscribe(Cds, Prefix + "a/*");
        Assert.Empty(client.Stream.Types.Single().Subscription.Globs);
        for (var i = 0; i < XdsLimits.Default.CollectionsMax; i++)
        {
            Assert.IsType<StreamEvent.Names>(Assert.Single(client.Subscribe(Cds, GlobOf(i))));
        }

        var failed = Assert.IsType<StreamEvent.Failed>(Assert.Single(client.Subscribe(Cds, GlobOf(99))));
        Assert.Equal(StreamRefusal.TooManyNames, failed.Refusal);

        static string GlobOf(int i) => $"xdstp://a{i}/envoy.config.cluster.v3.Cluster/*";
    }

    [Fact]
    public void Names_BeyondTheLimit_AllOfWhichServe_PushOutTheNewest()
    {
        var limits = XdsLimits.Default with { NamesMax = 2 };
        var client = new DeltaClient(Snapshot(Cluster("a"), Cluster("b"), Cluster("c")), limits, Cds);
        client.Subscribe(Cds, "a", "b");
        client.Take();
        client.Ack(Cds);
        client.Subscribe(Cds, "c");
        Assert.Equal(["cds -c"], client.Take());
        Assert.Equal(["a", "b"], NamesOf(client));
    }

    [Fact]
    public void Name_ThatWasGivenUpAndIsAskedForAgain_IsTheNewest()
    {
        var limits = XdsLimits.Default with { NamesMax = 3 };
        var client = new DeltaClient(Snapshot(), limits, Cds);
        client.Subscribe(Cds, "a", "b");
        client.Unsubscribe(Cds, "a");
        client.Subscribe(Cds, "a");
        client.Subscribe(Cds, "c");
        client.Subscribe(Cds, "d");
        Assert.Equal(["a", "c", "d"], NamesOf(client));
    }

    [Fact]
    public void Names_BeyondTheLimit_OfOneRequest_AreCalledRemovedInPieces()
    {
        var limits = XdsLimits.Default with { NamesMax = 2, ResponseBytes = 100 };
        var client = new DeltaClient(Snapshot(), limits, Cds);
        var names = Enumerable.Range(0, 50).Select(i => $"name-{i:00}").ToArray();
        client.Subscribe(Cds, names);
        var told = client.Take();
        Assert.All(told, one => Assert.InRange(one.Length, 1, 110));
        Assert.Equal(
            names[..48].Select(name => "-" + name),
            told.SelectMany(one => one.Split(' ')[1..]).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Names_BeyondTheLimit_PushOutTheOldestThatLeadsNowhere()
    {
        var limits = XdsLimits.Default with { NamesMax = 4 };
        var client = new DeltaClient(Snapshot(Cluster(A)), limits, Cds);
        client.Subscribe(Cds, Glob);
        client.Take();
        client.Ack(Cds);
        for (var i = 0; i < 2; i++)
        {
            client.Subscribe(Cds, Prefix + i);
            client.Publish(
                client.Snapshot.ToBuilder().Set(Cluster(Prefix + i).As(ResourceRole.Negative)).Build());
            Assert.Equal([$"cds {Prefix}{i}"], client.Take());
            client.Ack(Cds);
        }

        var told = Assert.IsType<StreamEvent.Names>(Assert.Single(client.Subscribe(Cds, Prefix + "2")));
        Assert.Equal($"+{Prefix}2 -{Prefix}0", $"+{string.Join(' ', told.Added)} -{string.Join(' ', told.Removed)}");
        Assert.Equal([$"cds -{Prefix}0"], client.Take());

        // Asked for again it is answered again, in the place of another.
        client.Subscribe(Cds, Prefix + "0");
        Assert.Equal([$"cds {Prefix}0 -{Prefix}1"], client.Take());
        Assert.Equal([Glob, Prefix + "0", Prefix + "2", A], NamesOf(client));
    }

    [Fact]
    public void Names_TooLongTogether_PushOutTheOldestThatLeadsNowhere()
    {
        var limits = XdsLimits.Default with { NameBytesMax = 20 };
        var client = new DeltaClient(Snapshot(Cluster("served")), limits, Cds);
        client.Subscribe(Cds, "served", "none-1", "none-2");
        client.Subscribe(Cds, "none-3");
        Assert.Equal(["none-2", "none-3", "served"], NamesOf(client));
        client.Subscribe(Cds, new string('x', 30));
        Assert.Equal(["served"], NamesOf(client));
        client.Unsubscribe(Cds, "served");
        client.Subscribe(Cds, "none-4", "none-5", "none-6");
        Assert.Equal(["none-4", "none-5", "none-6"], NamesOf(client));
    }

    private static IEnumerable<string> NamesOf(DeltaClient client) =>
        client.Stream.Types.Single().Subscription.Names.Order(StringComparer.Ordinal);

    [Fact]
    public void Clusters_WhoseEndpointsNobodyAsksForAnyMore_AreSentAgain_AllOfThem()
    {
        var client = Client(Snapshot(Cluster(A, "a"), Cluster(B, "b")));
        client.Subscribe(Cds, Glob);
        client.Take();
        client.Ack(Cds);
        Later(client);
        client.Stream.Recall(["c"]);
        Assert.Empty(client.Take());
        client.Stream.Recall(["b", "c"]);
        Assert.Equal([$"cds {A} {B}"], client.Take());
        client.Ack(Cds);
        Assert.Empty(client.Take());
    }

    private static DeltaClient Client(ResourceSnapshot snapshot) => new(snapshot, only: Cds);

    private static void Later(DeltaClient client) => client.Now += TimeSpan.FromSeconds(1);
}
