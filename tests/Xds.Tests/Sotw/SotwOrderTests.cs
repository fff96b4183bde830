using Xunit;
using static Fairlead.Xds.Tests.Fixtures;

namespace Fairlead.Xds.Tests.Sotw;

public sealed class SotwOrderTests
{
    private readonly SotwClient _client = new(
        Snapshot(Cluster("a"), Endpoints("a", 1), Listener("l", "r"), Routes("r", "a")));

    [Fact]
    public void Responses_ToEverything_GoOutMakeBeforeBreak()
    {
        _client.Request(ResourceType.Route, ["r"]);
        _client.Request(ResourceType.Listener, []);
        _client.Request(ResourceType.Endpoints, ["a"]);
        _client.Request(ResourceType.Cluster, []);

        Assert.Equal(["cds a", "eds a", "lds l", "rds r"], _client.Take());
    }

    [Fact]
    public void ClusterChange_UnchangedEndpoints_AreSentAgainAtTheSameVersion()
    {
        SubscribeAll();
        var before = _client.Last(ResourceType.Endpoints);

        _client.Publish(Cluster("a", timeoutMs: 7));

        Assert.Equal(["cds a", "eds a"], _client.Take());
        Assert.Equal(before.VersionInfo, _client.Last(ResourceType.Endpoints).VersionInfo);
        Assert.NotEqual(before.Nonce, _client.Last(ResourceType.Endpoints).Nonce);
    }

    [Fact]
    public void ClusterChange_OfAClusterWithAServiceName_SendsThatAssignment()
    {
        var client = new SotwClient(Snapshot(Cluster("a.", service: "a"), Endpoints("a", 1)));
        client.Request(ResourceType.Cluster, []);
        client.Request(ResourceType.Endpoints, ["a"]);
        client.Take();
        client.Ack(ResourceType.Cluster);
        client.Ack(ResourceType.Endpoints, "a");
        client.Now += TimeSpan.FromSeconds(1);

        client.Publish(Cluster("a.", service: "a", timeoutMs: 7));

        Assert.Equal(["cds a.", "eds a"], client.Take());
    }

    [Fact]
    public void ClusterChange_OtherClusters_KeepTheirEndpointsUnsent()
    {
        SubscribeAll();
        _client.Publish(Cluster("b"), Endpoints("b", 2));
        _client.Take();
        _client.Ack(ResourceType.Cluster);
        _client.Ack(ResourceType.Endpoints, "a", "b");
        _client.Take();
        _client.Ack(ResourceType.Endpoints, "a", "b");
        _client.Now += TimeSpan.FromSeconds(1);

        _client.Publish(Cluster("b", timeoutMs: 7));

        Assert.Equal(["cds a b", "eds b"], _client.Take());
    }

    /// <summary>Endpoints wait for nobody; of another cluster than theirs they would be used as that was.</summary>
    [Fact]
    public void ClusterChange_WithItsEndpoints_WaitsForNoInterval()
    {
        SubscribeAll();
        _client.Publish(Cluster("a", timeoutMs: 7));
        _client.Take();
        _client.Ack(ResourceType.Cluster);
        _client.Ack(ResourceType.Endpoints, "a");
        _client.Publish(Cluster("a", timeoutMs: 8), Endpoints("a", 2));
        Assert.Equal(["cds a", "eds a"], _client.Take());
    }

    /// <summary>A client does not ask for the endpoints of a cluster that has none of its own: nothing is told to
    /// that.</summary>
    [Fact]
    public void ClusterChange_OfOneWithoutEndpoints_WaitsThoughTheyComeWithIt()
    {
        var none = Resource.Create(new EnvoyApi.Clusters.Cluster
        {
            Name = "a",
            Type = EnvoyApi.Clusters.Cluster.Types.DiscoveryType.Static,
        });
        var client = new SotwClient(Snapshot(none));
        client.Request(ResourceType.Cluster, []);
        client.Request(ResourceType.Endpoints, ["b"]);
        client.Take();
        client.Ack(ResourceType.Cluster);
        client.Publish(Cluster("a"), Endpoints("a", 1));
        Assert.Empty(client.Take());
        client.Now += TimeSpan.FromSeconds(1);
        Assert.Equal(["cds a"], client.Take());
    }

    /// <summary>Endpoints that the client has as they are now overtake nothing any more, nor does what a client may
    /// have missed make others urgent.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void ClusterChange_AfterItsEndpointsWereSent_Waits(bool isAnew)
    {
        SubscribeAll();
        _client.Publish(Cluster("a", timeoutMs: 7));
        _client.Take();
        _client.Ack(ResourceType.Cluster);
        _client.Ack(ResourceType.Endpoints, "a");
        _client.Publish(Cluster("b"));
        Assert.Empty(_client.Take());
        _client.Publish(Endpoints("a", 2));
        Assert.Equal(["eds a"], _client.Take());
        _client.Publish(isAnew ? Anew(Next(_client.Snapshot, Cluster("a", timeoutMs: 8)))
            : Next(_client.Snapshot, Cluster("a", timeoutMs: 8)));
        Assert.Empty(_client.Take());
        Assert.Equal(0, _client.Stream.Moved);
    }

    [Fact]
    public void Endpoints_WhileTheClusterAckIsWithheld_AreSent()
    {
        _client.Request(ResourceType.Cluster, []);
        _client.Take();

        _client.Request(ResourceType.Endpoints, ["a"]);
        Assert.Equal(["eds a"], _client.Take());
        _client.Ack(ResourceType.Endpoints, "a");
        _client.Publish(Endpoints("a", 1, 2));

        Assert.Equal(["eds a"], _client.Take());
    }

    [Fact]
    public void Cluster_ThatLeaves_LeavesAfterItsRouteWasTaken()
    {
        SubscribeAll();
        _client.Publish(_client.Snapshot.ToBuilder()
            .Remove(ResourceType.Cluster, "a").Set(Cluster("b"), wildcard: true).Set(Routes("r", "b")).Build());

        Assert.Equal(["cds a b"], _client.Take());
        _client.Ack(ResourceType.Cluster);
        Warm("b");
        Assert.Equal(["rds r"], _client.Take());
        _client.Now += TimeSpan.FromSeconds(1);
        Assert.Empty(_client.Take());
        _client.Ack(ResourceType.Route, "r");

        Assert.Equal(["cds b"], _client.Take());
    }

    [Fact]
    public void Cluster_ThatLeaves_IsNotHeldForEverByARouteThatIsNeverTaken()
    {
        SubscribeAll();
        _client.Publish(_client.Snapshot.ToBuilder()
            .Remove(ResourceType.Cluster, "a").Set(Cluster("b"), wildcard: true).Set(Routes("r", "b")).Build());
        _client.Take();
        _client.Ack(ResourceType.Cluster);
        Warm("b");
        Assert.Equal(["rds r"], _client.Take());

        Assert.NotNull(_client.Stream.WakeAt);
        _client.Now = _client.Stream.WakeAt.Value;

        Assert.Equal(["cds b"], _client.Take());
    }

    [Fact]
    public void Cluster_ThatLeavesAlone_LeavesAtOnce()
    {
        SubscribeAll();
        _client.Remove(ResourceType.Cluster, "a");

        Assert.Equal(["cds"], _client.Take());
    }

    [Fact]
    public void Route_ToAClusterThatWaitsForAnAck_WaitsWithIt()
    {
        SubscribeAll();
        _client.Publish(Cluster("a", timeoutMs: 7));
        _client.Take();
        _client.Now += TimeSpan.FromSeconds(1);

        _client.Publish(Cluster("b"), Routes("r", "b"));
        Assert.Empty(_client.Take());
        _client.Ack(ResourceType.Cluster);

        Assert.Equal(["cds a b"], _client.Take());
        Warm("b");
        Assert.Equal(["rds r"], _client.Take());
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Route_ToANewCluster_FollowsItsEndpoints_TakenOrRefused(bool isRefused)
    {
        SubscribeAll();
        _client.Publish(Cluster("b"), Routes("r", "b"), Endpoints("b", 1));
        Assert.Equal(["cds a b"], _client.Take());
        _client.Ack(ResourceType.Endpoints, "a", "b");
        Assert.Equal(["eds b"], _client.Take());
        _ = isRefused
            ? _client.Nack(ResourceType.Endpoints, ["a", "b"])
            : _client.Ack(ResourceType.Endpoints, "a", "b");
        Assert.Equal(["rds r"], _client.Take());
    }

    [Fact]
    public void Route_ToAClusterWhoseEndpointsNobodyAsksFor_WaitsForATime()
    {
        SubscribeAll();
        _client.Publish(Cluster("b"), Routes("r", "b"));
        Assert.Equal(["cds a b"], _client.Take());
        Assert.Equal(_client.Now + XdsLimits.Default.WarmWaitMax, _client.Stream.WakeAt);
        _client.Now += XdsLimits.Default.WarmWaitMax;
        Assert.Equal(["rds r"], _client.Take());
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Route_ToANewCluster_FollowsTheSecretsThatItNeeds(bool isAskedFor)
    {
        SubscribeAll();
        _client.Publish(SecureCluster("b", "s"), Routes("r", "b"), Secret("s"));
        Assert.Equal(["cds a b"], _client.Take());
        Warm("b");
        Assert.Empty(_client.Take());
        if (isAskedFor)
        {
            _client.Request(ResourceType.Secret, ["s"]);
            Assert.Equal(["sds s"], _client.Take());
            _client.Ack(ResourceType.Secret, "s");
        }
        else
        {
            _client.Now += XdsLimits.Default.WarmWaitMax;
        }

        Assert.Equal(["rds r"], _client.Take());
    }

    private void Warm(string name)
    {
        _client.Ack(ResourceType.Endpoints, "a", name);
        Assert.Equal(["eds " + name], _client.Take());
        _client.Ack(ResourceType.Endpoints, "a", name);
    }

    [Fact]
    public void OneOfManyEndpoints_Changed_IsSentAlone()
    {
        SubscribeAll();
        _client.Publish(Endpoints("b", 2));
        _client.Ack(ResourceType.Endpoints, "a", "b");
        _client.Take();
        _client.Ack(ResourceType.Endpoints, "a", "b");

        _client.Publish(Endpoints("b", 3));

        Assert.Equal(["eds b"], _client.Take());
    }

    private void SubscribeAll()
    {
        _client.Request(ResourceType.Cluster, []);
        _client.Request(ResourceType.Endpoints, ["a"]);
        _client.Request(ResourceType.Listener, []);
        _client.Request(ResourceType.Route, ["r"]);
        _client.Take();
        _client.Ack(ResourceType.Cluster);
        _client.Ack(ResourceType.Endpoints, "a");
        _client.Ack(ResourceType.Listener);
        _client.Ack(ResourceType.Route, "r");
        _client.Now += TimeSpan.FromSeconds(1);
        Assert.Empty(_client.Take());
    }
}
