using Xunit;
using static Fairlead.Xds.Tests.Fixtures;

namespace Fairlead.Xds.Tests.Sotw;

public sealed class SotwSubscriptionTests
{
    private readonly SotwClient _client = new(Snapshot(Cluster("a"), Cluster("b"), Endpoints("a", 1)));

    [Fact]
    public void Everything_OfAnUnprimedView_WaitsUntilItIsPrimed()
    {
        var client = new SotwClient();
        client.Request(ResourceType.Cluster, []);
        client.Publish(client.Snapshot.ToBuilder().Set(Cluster("a"), wildcard: true).Build());
        Assert.Empty(client.Take());

        client.Publish(Cluster("b"));

        Assert.Equal(["cds a b"], client.Take());
    }

    [Fact]
    public void Everything_OfAPrimedViewWithNothing_IsAnsweredOnce()
    {
        var client = new SotwClient(Snapshot());
        client.Request(ResourceType.Listener, []);

        Assert.Equal(["lds"], client.Take());
        client.Ack(ResourceType.Listener);
        Assert.Empty(client.Take());
    }

    [Fact]
    public void EmptyList_OfAGrpcClientThatNamedAListener_AsksForNothing()
    {
        var client = new SotwClient(Snapshot(Listener("l", "r"), Listener("m", "r")));
        client.Request(ResourceType.Listener, ["l"]);
        Assert.Equal(["lds l"], client.Take());

        client.Ack(ResourceType.Listener);

        Assert.Empty(client.Take());
        client.Publish(Listener("n", "r"));
        Assert.Empty(client.Take());
    }

    [Fact]
    public void NewName_SentUnaskedBefore_IsSentAgain()
    {
        _client.Request(ResourceType.Cluster, []);
        _client.Take();
        _client.Ack(ResourceType.Cluster);

        _client.Ack(ResourceType.Cluster, "*", "a");

        Assert.Equal(["cds a b"], _client.Take());
    }

    [Fact]
    public void Name_UnsubscribedAndSubscribed_IsSentAgain()
    {
        _client.Request(ResourceType.Endpoints, ["a"]);
        _client.Take();
        _client.Ack(ResourceType.Endpoints);
        Assert.Empty(_client.Take());

        _client.Ack(ResourceType.Endpoints, "a");

        Assert.Equal(["eds a"], _client.Take());
    }

    [Fact]
    public void Name_ThatDoesNotExistYet_IsSentWhenItDoes()
    {
        _client.Request(ResourceType.Route, ["r"]);
        Assert.Empty(_client.Take());

        _client.Publish(Routes("r", "a"));

        Assert.Equal(["rds r"], _client.Take());
    }

    [Fact]
    public void Endpoints_OfAnUnknownName_AreAnsweredEmpty()
    {
        _client.Request(ResourceType.Endpoints, ["gone"]);

        Assert.Equal(["eds gone"], _client.Take());
        Assert.Equal(Resource.EmptyEndpoints("gone").Version, OneVersion("gone"));
        _client.Ack(ResourceType.Endpoints, "gone");
        Assert.Empty(_client.Take());
        _client.Publish(Endpoints("gone", 9));
        Assert.Equal(["eds gone"], _client.Take());
    }

    [Fact]
    public void Endpoints_OfAnUnknownNameInAnUnprimedView_Wait()
    {
        var client = new SotwClient();
        client.Request(ResourceType.Endpoints, ["a"]);
        Assert.Empty(client.Take());

        client.Publish();

        Assert.Equal(["eds a"], client.Take());
    }

    [Fact]
    public void Endpoints_ThatThePolicyHoldsBack_WaitForASnapshot()
    {
        _client.AnswersMissing = false;
        _client.Request(ResourceType.Endpoints, ["pending"]);
        Assert.Empty(_client.Take());

        _client.Publish(Resource.EmptyEndpoints("pending"));

        Assert.Equal(["eds pending"], _client.Take());
    }

    [Fact]
    public void Wildcard_Dropped_LeavesTheNamesOnly()
    {
        _client.Request(ResourceType.Cluster, []);
        _client.Take();

        _client.Ack(ResourceType.Cluster, "b");

        Assert.Equal(["cds b"], _client.Take());
        _client.Ack(ResourceType.Cluster, "b");
        _client.Now += TimeSpan.FromSeconds(1);
        _client.Publish(Cluster("a", timeoutMs: 7));
        Assert.Empty(_client.Take());
    }

    [Fact]
    public void Names_ThatCameAndWent_AreTold()
    {
        var first = Assert.IsType<StreamEvent.Names>(
            Assert.Single(_client.Request(ResourceType.Endpoints, ["a", "b"])));
        Assert.Equal(["a", "b"], first.Added);

        var second = Assert.IsType<StreamEvent.Names>(
            Assert.Single(_client.Request(ResourceType.Endpoints, ["b", "c"])));
        Assert.Equal(["c"], second.Added);
        Assert.Equal(["a"], second.Removed);
    }

    [Fact]
    public void ClusterOutsideTheWildcard_IsSentOnlyToWhoNamesIt()
    {
        _client.Publish(_client.Snapshot.ToBuilder().Set(Cluster("z")).Build());
        _client.Request(ResourceType.Cluster, []);
        Assert.Equal(["cds a b"], _client.Take());

        var other = new SotwClient(_client.Snapshot);
        other.Request(ResourceType.Cluster, ["z"]);
        Assert.Equal(["cds z"], other.Take());
    }

    private string OneVersion(string name)
    {
        return _client.Stream.Types.Single(t => t.Type == ResourceType.Endpoints).Sent[name].Version;
    }
}
