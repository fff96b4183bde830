using Xunit;
using static Fairlead.Xds.Tests.Fixtures;

namespace Fairlead.Xds.Tests.Delta;

/// <summary>What a delta client asks for, and is told of it: names, everything, both, and neither any more.</summary>
public sealed class DeltaSubscriptionTests
{
    private static readonly ResourceType Cds = ResourceType.Cluster;
    private static readonly ResourceType Eds = ResourceType.Endpoints;

    private readonly DeltaClient _client = new(
        Snapshot(Cluster("a"), Cluster("b"), Endpoints("a", 1), Endpoints("b", 2)));

    [Fact]
    public void Everything_IsSentOnceAndThenWhatChanges()
    {
        _client.Subscribe(Cds);
        Assert.Equal(["cds a b"], _client.Take());
        _client.Ack(Cds);
        Assert.Empty(_client.Take());
        Later();
        _client.Publish(Cluster("b", timeoutMs: 7), Cluster("c"));
        Assert.Equal(["cds b c"], _client.Take());
        _client.Ack(Cds);
        Later();
        _client.Remove(Cds, "a");
        Assert.Equal(["cds -a"], _client.Take());
    }

    [Fact]
    public void Everything_OfNothing_IsAnsweredEmptyOnce_AndNeverBeforeItIsPrimed()
    {
        var client = new DeltaClient();
        client.Subscribe(Cds);
        Assert.Empty(client.Take());
        client.Publish();
        Assert.Equal(["cds"], client.Take());
        client.Ack(Cds);
        Assert.Empty(client.Take());
    }

    [Fact]
    public void Names_OfAnUnprimedView_AreToldAsTheyAreKnown_AndEverythingIsNot()
    {
        var client = new DeltaClient(ResourceSnapshot.Unprimed.ToBuilder().Set(Cluster("a"), true).Build());
        client.Subscribe(Cds, "*", "a", "b");
        Assert.Equal(["cds a"], client.Take());
        client.Ack(Cds);
        client.Now += TimeSpan.FromSeconds(1);
        client.Publish(client.Snapshot.ToBuilder().Set(Cluster("c"), true).Build());
        Assert.Empty(client.Take());
        client.Publish();
        Assert.Equal(["cds c"], client.Take());
    }

    [Fact]
    public void Endpoints_WithoutNames_AskForNothing()
    {
        _client.Subscribe(Eds);
        Assert.Empty(_client.Take());
    }

    [Fact]
    public void Name_BesideEverything_KeepsEverything()
    {
        _client.Publish(_client.Snapshot.ToBuilder().Set(Cluster("x")).Build());
        _client.Subscribe(Cds);
        Assert.Equal(["cds a b"], _client.Take());
        _client.Subscribe(Cds, "x");
        Assert.Equal(["cds x"], _client.Take());
        _client.Ack(Cds);
        Later();
        _client.Publish(Cluster("c"));
        Assert.Equal(["cds c"], _client.Take());
    }

    [Fact]
    public void Star_GivenUp_EndsEverythingAndKeepsNames()
    {
        _client.Subscribe(Cds);
        _client.Subscribe(Cds, "a");
        _client.Take();
        _client.Ack(Cds);
        _client.Unsubscribe(Cds, "*");
        Later();
        _client.Publish(Cluster("a", timeoutMs: 7), Cluster("b", timeoutMs: 7));
        Assert.Equal(["cds a"], _client.Take());
        _client.Ack(Cds);
        _client.Unsubscribe(Cds, "a");
        Later();
        _client.Publish(Cluster("a", timeoutMs: 8), Cluster("b", timeoutMs: 8));
        Assert.Empty(_client.Take());
    }

    [Fact]
    public void Star_AskedForLate_IsAnsweredAtOnce_WithNothingIfNothingIsDue()
    {
        _client.Subscribe(Cds, "a", "b");
        Assert.Equal(["cds a b"], _client.Take());
        _client.Subscribe(Cds, "*");
        Assert.Equal(["cds"], _client.Take());
        _client.Publish(Cluster("c"));
        _client.Unsubscribe(Cds, "*");
        Assert.Empty(_client.Take());
        _client.Subscribe(Cds, "*");
        Assert.Equal(["cds c"], _client.Take());
        _client.Subscribe(Cds, "*");
        Assert.Equal(["cds"], _client.Take());
        _client.Ack(Cds);
        Assert.Empty(_client.Take());
    }

    [Fact]
    public void Star_AskedForLateOfAViewThatIsNotPrimed_IsAnsweredOnceItIs()
    {
        var client = new DeltaClient(ResourceSnapshot.Unprimed.ToBuilder().Set(Cluster("a")).Build());
        client.Subscribe(Cds, "a");
        Assert.Equal(["cds a"], client.Take());
        client.Subscribe(Cds, "*");
        Assert.Empty(client.Take());
        client.Publish();
        Assert.Equal(["cds"], client.Take());
    }

    /// <summary>How an on-demand client of ztunnel's kind opens its stream.</summary>
    [Fact]
    public void Star_SubscribedAndGivenUpAtOnce_IsNoSubscription()
    {
        _client.Send(Cds, ["*"], ["*"]);
        Assert.Empty(_client.Take());
        _client.Subscribe(Cds, "b");
        Assert.Equal(["cds b"], _client.Take());
    }

    [Fact]
    public void NameFirst_IsNotEverything_AndGivenUpIsNothing()
    {
        _client.Subscribe(Cds, "a");
        Assert.Equal(["cds a"], _client.Take());
        _client.Ack(Cds);
        _client.Unsubscribe(Cds, "a");
        Later();
        _client.Publish(Cluster("a", timeoutMs: 7), Cluster("b", timeoutMs: 7));
        Assert.Empty(_client.Take());
    }

    [Fact]
    public void Name_SubscribedAgain_IsAnsweredAgain()
    {
        _client.Subscribe(Eds, "a");
        Assert.Equal(["eds a"], _client.Take());
        _client.Ack(Eds);
        _client.Subscribe(Eds, "a");
        Assert.Equal(["eds a"], _client.Take());
        _client.Ack(Eds);
        _client.Unsubscribe(Eds, "a");
        _client.Subscribe(Eds, "a");
        Assert.Equal(["eds a"], _client.Take());
    }

    [Fact]
    public void Name_GivenUpUnderEverything_IsSentWhereItBelongsThere_AndElseCalledRemoved()
    {
        _client.Publish(_client.Snapshot.ToBuilder().Set(Cluster("x")).Build());
        _client.Subscribe(Cds, "*", "a", "x");
        Assert.Equal(["cds a b x"], _client.Take());
        _client.Ack(Cds);
        Later();
        _client.Unsubscribe(Cds, "a", "x");
        Assert.Equal(["cds a -x"], _client.Take());
        _client.Ack(Cds);
        Assert.Empty(_client.Take());
    }

    [Fact]
    public void Name_SubscribedAndGivenUpInOneRequest_IsNothing()
    {
        var events = _client.Send(Eds, ["a"], ["a"]);
        Assert.Empty(events);
        Assert.Empty(_client.Take());
        _client.Unsubscribe(Eds, "never");
        Assert.Empty(_client.Take());
    }

    [Fact]
    public void Name_ThatIsNotThereYet_IsToldOnceItIs()
    {
        _client.AnswersMissing = false;
        _client.Subscribe(Cds, "late");
        _client.Subscribe(Eds, "late");
        Assert.Empty(_client.Take());
        _client.Publish(Cluster("late"), Endpoints("late", 1));
        Assert.Equal(["cds late", "eds late"], _client.Take());
    }

    [Fact]
    public void Names_AreToldToTheOwnerOfTheView()
    {
        Assert.Equal(["a", "b"], Names(_client.Subscribe(Eds, "a", "b", "", "a")).Added);
        Assert.Empty(_client.Subscribe(Eds, "a"));
        Assert.Equal(["b"], Names(_client.Unsubscribe(Eds, "b", "none")).Removed);

        static StreamEvent.Names Names(IReadOnlyList<StreamEvent> events) =>
            Assert.IsType<StreamEvent.Names>(Assert.Single(events));
    }

    [Fact]
    public void UnknownType_OfWhichEverythingIsAskedFor_IsAnsweredEmptyOnce()
    {
        _client.Stream.Receive(new EnvoyApi.Discovery.DeltaDiscoveryRequest { TypeUrl = "t" }, _client.Now);
        Assert.Equal(["t"], _client.Take());
        _client.Stream.Receive(new EnvoyApi.Discovery.DeltaDiscoveryRequest { TypeUrl = "t" }, _client.Now);
        Assert.Empty(_client.Take());
    }

    private void Later() => _client.Now += TimeSpan.FromSeconds(1);

    [Fact]
    public void Name_InThePlaceOfAnother_IsNotOneTooMany()
    {
        var client = new DeltaClient(
            Fixtures.Snapshot(Fixtures.Endpoints("a", 1)), XdsLimits.Default with { NamesMax = 2 });
        client.Subscribe(ResourceType.Endpoints, "a", "b");
        Assert.IsType<StreamEvent.Names>(
            Assert.Single(client.Send(ResourceType.Endpoints, subscribe: ["c"], unsubscribe: ["a"])));
        Assert.IsType<StreamEvent.Failed>(Assert.Single(client.Send(ResourceType.Endpoints, subscribe: ["d"])));
    }
}
