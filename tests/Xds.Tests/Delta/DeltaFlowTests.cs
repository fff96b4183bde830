using Xunit;
using static Fairlead.Xds.Tests.Fixtures;

namespace Fairlead.Xds.Tests.Delta;

/// <summary>Order, acknowledgement and refusal on delta streams.</summary>
public sealed class DeltaFlowTests
{
    private static readonly ResourceType Cds = ResourceType.Cluster;
    private static readonly ResourceType Eds = ResourceType.Endpoints;
    private static readonly ResourceType Lds = ResourceType.Listener;
    private static readonly ResourceType Rds = ResourceType.Route;

    private readonly DeltaClient _client = new(
        Snapshot(Cluster("a"), Endpoints("a", 1), Listener("l", "r"), Routes("r", "a")));

    [Fact]
    public void Responses_ToEverything_GoOutMakeBeforeBreak()
    {
        _client.Subscribe(Rds, "r");
        _client.Subscribe(Lds);
        _client.Subscribe(Eds, "a");
        _client.Subscribe(Cds);
        Assert.Equal(["cds a", "eds a", "lds l", "rds r"], _client.Take());
    }

    [Fact]
    public void ClusterChange_UnchangedEndpoints_AreSentAgainAtTheSameVersion()
    {
        SubscribeAll();
        var before = _client.Last(Eds).Resources[0].Version;
        _client.Publish(Cluster("a", timeoutMs: 7));
        Assert.Equal(["cds a", "eds a"], _client.Take());
        Assert.Equal(before, _client.Last(Eds).Resources[0].Version);
    }

    [Fact]
    public void Endpoints_WhileTheClusterAckIsWithheld_AreSent()
    {
        _client.Subscribe(Cds);
        _client.Take();
        _client.Subscribe(Eds, "a");
        Assert.Equal(["eds a"], _client.Take());
        _client.Ack(Eds);
        _client.Publish(Endpoints("a", 1, 2));
        Assert.Equal(["eds a"], _client.Take());
    }

    /// <summary>Endpoints wait for nobody, here or on a stream of their own; of another cluster than theirs they would
    /// be used as that was.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void ClusterChange_WithItsEndpoints_WaitsForNoAcknowledgement(bool isPerType)
    {
        var client = new DeltaClient(
            Snapshot(Cluster("a"), Endpoints("a", 1), Cluster("b"), Endpoints("b", 1)), only: isPerType ? Cds : null);
        client.Subscribe(Cds);
        if (!isPerType)
        {
            client.Subscribe(Eds, "a", "b");
        }

        client.Take();
        if (!isPerType)
        {
            client.Ack(Eds);
        }

        client.Now += TimeSpan.FromSeconds(1);
        client.Publish(Cluster("b", timeoutMs: 7));
        Assert.Empty(client.Take());
        client.Publish(Cluster("a", timeoutMs: 7), Endpoints("a", 2));
        Assert.Equal(isPerType ? ["cds a"] : ["cds a", "eds a"], client.Take());
    }

    [Fact]
    public void Cluster_NewlyNamed_DoesNotWaitForAnAck_AndAChangeDoes()
    {
        SubscribeAll();
        _client.Publish(_client.Snapshot.ToBuilder()
            .Set(Cluster("a", timeoutMs: 7), wildcard: true).Set(Cluster("x")).Build());
        Assert.Equal(["cds a", "eds a"], _client.Take());
        Later();
        _client.Publish(Cluster("a", timeoutMs: 8));
        _client.Subscribe(Cds, "x");
        Assert.Equal(["cds x"], _client.Take());
        _client.Ack(Cds);
        _client.Ack(Eds);
        Later();
        Assert.Equal(["cds a", "eds a"], _client.Take());
    }

    /// <summary>Changes and removals keep their pace, however often names are asked for in between.</summary>
    [Fact]
    public void Change_AndRemoval_WhileNewNamesAreAskedForAllTheTime_AreNotStarved()
    {
        _client.Publish(Cluster("b"));
        SubscribeAll();
        _client.Publish(_client.Snapshot.ToBuilder()
            .Set(Cluster("a", timeoutMs: 7), wildcard: true).Set(Cluster("x")).Build());
        Assert.Equal(["cds a", "eds a"], _client.Take());
        _client.Ack(Cds);
        _client.Publish(_client.Snapshot.ToBuilder()
            .Set(Cluster("a", timeoutMs: 8), wildcard: true).Remove(Cds, "b").Build());
        var taken = new List<string>();
        for (var asked = 0; asked < 3; asked++)
        {
            _client.Subscribe(Cds, "x");
            taken.AddRange(_client.Take().Where(one => one.StartsWith("cds", StringComparison.Ordinal)));
            _client.Ack(Cds);
            _client.Now += TimeSpan.FromMilliseconds(50);
        }

        Assert.Equal(["cds x", "cds x", "cds x a -b"], taken);
    }

    /// <summary>The answers that go out meanwhile do not begin the wait for an acknowledgement anew.</summary>
    [Fact]
    public void Ack_ThatNeverComes_WhileNamesAreAskedFor_HoldsNothingBackForEver()
    {
        SubscribeAll();
        _client.Publish(_client.Snapshot.ToBuilder()
            .Set(Cluster("a", timeoutMs: 7), wildcard: true).Set(Cluster("x")).Build());
        Assert.Equal(["cds a", "eds a"], _client.Take());
        _client.Publish(Cluster("a", timeoutMs: 8));
        _client.Now += TimeSpan.FromSeconds(29);
        _client.Subscribe(Cds, "x");
        Assert.Equal(["cds x"], _client.Take());
        Assert.Equal(_client.Now + TimeSpan.FromSeconds(1), _client.Stream.WakeAt);
        _client.Now += TimeSpan.FromSeconds(1);
        Assert.Equal("cds a", _client.Take()[0]);
    }

    /// <summary>Listeners and routes need the clusters of the second part as well.</summary>
    [Fact]
    public void FirstAnswer_ThatIsTooLarge_GoesOutWhole_BeforeListenersAndRoutes()
    {
        var client = new DeltaClient(
            Snapshot(
                Cluster("a"), Cluster("b"), Cluster("c"), Listener("l", "r"), Listener("m", "r"), Routes("r", "c")),
            XdsLimits.Default with { ResponseBytes = 1 });
        client.Subscribe(Rds, "r");
        client.Subscribe(Lds);
        client.Subscribe(Cds);
        Assert.Equal(["cds a", "cds b", "cds c", "lds l", "lds m", "rds r"], client.Take());
        client.Ack(Cds);
        client.Ack(Lds);
        Later(client);
        Assert.Empty(client.Take());
    }

    [Fact]
    public void Cluster_ThatLeaves_LeavesAfterItsRouteWasTaken()
    {
        SubscribeAll();
        _client.Publish(_client.Snapshot.ToBuilder()
            .Remove(Cds, "a").Set(Cluster("b"), wildcard: true).Set(Routes("r", "b")).Build());
        Assert.Equal(["cds b"], _client.Take());
        _client.Ack(Cds);
        _client.Subscribe(Eds, "b");
        Assert.Equal(["eds b"], _client.Take());
        _client.Ack(Eds);
        Assert.Equal(["rds r"], _client.Take());
        Later();
        Assert.Empty(_client.Take());
        _client.Ack(Rds);
        Assert.Equal(["cds -a"], _client.Take());
    }

    [Fact]
    public void Routes_ThatLeaveTheView_AreCalledRemoved()
    {
        SubscribeAll();
        _client.Remove(Rds, "r");
        Assert.Equal(["rds -r"], _client.Take());
    }

    [Fact]
    public void OneOfMany_Changed_IsSentAlone()
    {
        SubscribeAll();
        _client.Publish(Cluster("b"), Cluster("c"));
        Assert.Equal(["cds b c"], _client.Take());
        _client.Ack(Cds);
        Later();
        _client.Publish(Cluster("c", timeoutMs: 7));
        Assert.Equal(["cds c"], _client.Take());
    }

    [Theory]
    [InlineData(13)]
    [InlineData(0)]
    public void Refused_IsToldOnceAndNotSentAgainUntilItChanges(int code)
    {
        SubscribeAll();
        _client.Publish(Endpoints("a", 2));
        _client.Take();
        var refused = Assert.IsType<StreamEvent.Nacked>(Assert.Single(_client.Nack(Eds, code))).Refused;
        Assert.Equal(code, refused.Code);
        Assert.Empty(_client.Nack(Eds, code));
        Assert.Empty(_client.Take());
        _client.Publish(Endpoints("a", 3));
        Assert.Equal(["eds a"], _client.Take());
    }

    [Fact]
    public void Names_OfARefusal_AreTaken()
    {
        SubscribeAll();
        _client.Publish(Endpoints("a", 2));
        _client.Take();
        _client.Send(Eds, ["b"], nonce: _client.Last(Eds).Nonce, error: new EnvoyApi.Rpc.Status { Code = 13 });
        Assert.Equal(["eds b"], _client.Take());
    }

    [Fact]
    public void Response_ThatIsTooLarge_IsCutAndTheRestFollows()
    {
        var many = Enumerable.Range(0, 20).Select(i => Endpoints($"n{i:00}", [.. Enumerable.Repeat(1, 40)])).ToArray();
        var client = new DeltaClient(Snapshot(many), XdsLimits.Default with { ResponseBytes = 4_096 });
        client.Subscribe(Eds, [.. many.Select(one => one.Name)]);
        var taken = client.Take();
        Assert.True(taken.Length > 3, $"{taken.Length} responses");
        Assert.Equal(
            many.Select(one => one.Name), taken.SelectMany(response => response.Split(' ')[1..]).Order());
    }

    [Fact]
    public void Bounds_AreKept_AndTheStreamSaysWhich()
    {
        var limits = XdsLimits.Default with { NamesMax = 3, NameLengthMax = 4 };
        var client = new DeltaClient(Snapshot(), limits);
        client.Subscribe(Eds, "a", "b");
        Assert.Equal(StreamRefusal.TooManyNames, Failure(client.Subscribe(Eds, "c", "d")));
        Assert.Equal(
            StreamRefusal.TooManyNames,
            Failure(client.Send(Eds, before: [.. "abcdefgh".Select(letter => ($"{letter}", "1"))])));
        Assert.Equal(StreamRefusal.NameTooLong, Failure(client.Subscribe(Eds, "abcde")));
        Assert.Equal(StreamRefusal.NameTooLong, Failure(client.Send(Eds, before: [("abcde", "1")])));
        Assert.Equal(["a", "b"], client.Stream.Types.Single().Subscription.Names.Order());
    }

    [Fact]
    public void Cluster_OfANameThatIsTooLong_IsSaidNotToBeThere_AndTheOthersAreServed()
    {
        var limits = XdsLimits.Default with { NameLengthMax = 4 };
        var client = new DeltaClient(Snapshot(Cluster("a"), Cluster("b")), limits);
        client.Subscribe(Cds, "abcde");
        Assert.Equal(["cds -abcde"], client.Take());
        Assert.False(client.Stream.Types.Single().Subscription.Wildcard);
        client.Subscribe(Cds, "a", "fghij");
        Assert.Equal(["cds a -fghij"], client.Take());
        client.Ack(Cds);
        client.Publish(Cluster("a", timeoutMs: 7));
        Later(client);
        Assert.Equal(["cds a"], client.Take());
        Assert.Equal(["a"], client.Stream.Types.Single().Subscription.Names);

        // A new stream, whose client still asks for it.
        client = new DeltaClient(Snapshot(Cluster("a")), limits);
        client.Send(Cds, ["a", "abcde"], before: [("a", "0"), ("abcde", "1")]);
        Assert.Equal(["cds a -abcde"], client.Take());
    }

    [Fact]
    public void Stream_OfOneType_TakesNoOther_AndNeedsNotSayWhich()
    {
        var client = new DeltaClient(Snapshot(Endpoints("a", 1)), only: Eds);
        client.Stream.Receive(
            new EnvoyApi.Discovery.DeltaDiscoveryRequest { ResourceNamesSubscribe = { "a" } }, client.Now);
        Assert.Equal(["eds a"], client.Take());
        Assert.Equal(StreamRefusal.TypeMismatch, Failure(client.Subscribe(Cds)));
    }

    /// <summary>On streams of one type each the one tells which endpoints must follow its clusters, and the other sends
    /// those that it was asked for.</summary>
    [Fact]
    public void Endpoints_OnTheirOwnStream_FollowTheirCluster()
    {
        var clusters = new DeltaClient(Snapshot(Cluster("a.", service: "a"), Cluster("b")), only: Cds);
        clusters.Subscribe(Cds);
        clusters.Take();
        clusters.Ack(Cds);
        Assert.Equal([Of("a"), Of("b")], clusters.Stream.TakeLeading().OrderBy(one => one.Name));
        Later(clusters);
        clusters.Publish(Cluster("a.", service: "a", timeoutMs: 7));
        Assert.Equal(["cds a."], clusters.Take());
        Assert.Equal([Of("a")], clusters.Stream.TakeLeading());
        Assert.Empty(clusters.Stream.TakeLeading());

        var endpoints = new DeltaClient(Snapshot(Endpoints("a", 1)), only: Eds);
        endpoints.Subscribe(Eds, "a");
        endpoints.Take();
        endpoints.Ack(Eds);
        endpoints.Stream.Follow(new HashSet<ResourceReference> { Of("a"), Of("b") });
        Assert.Equal(["eds a"], endpoints.Take());

        static ResourceReference Of(string name) => new(Eds, name);
    }

    [Fact]
    public void RandomTraffic_WhenItRests_LeavesTheClientWithTheView()
    {
        for (var seed = 1; seed <= 300; seed++)
        {
            new DeltaTraffic(seed).Run();
        }
    }

    private static StreamRefusal Failure(IReadOnlyList<StreamEvent> events) =>
        Assert.IsType<StreamEvent.Failed>(Assert.Single(events)).Refusal;

    private void Later() => Later(_client);

    private static void Later(DeltaClient client) => client.Now += TimeSpan.FromSeconds(1);

    private void SubscribeAll()
    {
        _client.Subscribe(Cds);
        _client.Subscribe(Eds, "a");
        _client.Subscribe(Lds);
        _client.Subscribe(Rds, "r");
        _client.Take();
        foreach (var type in new[] { Cds, Eds, Lds, Rds })
        {
            _client.Ack(type);
        }

        Later();
        Assert.Empty(_client.Take());
    }
}
