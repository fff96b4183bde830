using Fairlead.EnvoyApi.Rpc;
using Xunit;
using static Fairlead.Xds.Tests.Fixtures;

namespace Fairlead.Xds.Tests.Sotw;

public sealed class SotwAcknowledgementTests
{
    private readonly SotwClient _client = new(Snapshot(Cluster("a"), Endpoints("a", 1)));

    [Fact]
    public void Ack_OfAResponse_IsToldAndNotAnswered()
    {
        _client.Request(ResourceType.Cluster, []);
        Assert.Equal(["cds a"], _client.Take());

        var told = _client.Ack(ResourceType.Cluster);

        var ack = Assert.IsType<StreamEvent.Acked>(Assert.Single(told));
        Assert.Equal(_client.Last(ResourceType.Cluster).VersionInfo, ack.Response.Version);
        Assert.Equal(["a"], ack.Response.Resources.Select(r => r.Name));
        Assert.Empty(_client.Take());
    }

    [Fact]
    public void Nack_WithTheNewVersion_IsStillARefusal()
    {
        _client.Request(ResourceType.Cluster, []);
        _client.Take();

        var told = _client.Nack(ResourceType.Cluster, [], version: _client.Last(ResourceType.Cluster).VersionInfo);

        Assert.IsType<StreamEvent.Nacked>(Assert.Single(told));
        Assert.Equal("", Assert.Single(_client.Stream.Types).AckedVersion);
    }

    [Fact]
    public void Nack_OfANonceThatAnOlderStreamGave_DoesNotHideTheRealOne()
    {
        _client.Request(ResourceType.Cluster, [], nonce: "1", error: new Status { Code = 13 });
        Assert.Equal(["cds a"], _client.Take());
        Assert.Equal("1", _client.Last(ResourceType.Cluster).Nonce);

        Assert.IsType<StreamEvent.Nacked>(Assert.Single(_client.Nack(ResourceType.Cluster, [])));
    }

    /// <summary>An Envoy says so of a response to names that it gave up while that was on its way.</summary>
    [Fact]
    public void Ack_OfAResponseThatNobodyWatches_WithTheVersionBefore_IsOneAndNothingIsSentAgain()
    {
        _client.Request(ResourceType.Endpoints, ["a"]);
        _client.Take();
        var before = _client.Last(ResourceType.Endpoints);
        _client.Ack(ResourceType.Endpoints, "a");
        _client.Publish(Endpoints("a", 2));
        Assert.Equal(["eds a"], _client.Take());
        var now = _client.Last(ResourceType.Endpoints);
        _client.Request(ResourceType.Endpoints, [], before.Nonce, before.VersionInfo);

        var told = _client.Request(ResourceType.Endpoints, [], now.Nonce, before.VersionInfo);

        var ack = Assert.IsType<StreamEvent.Acked>(Assert.Single(told));
        Assert.Equal(now.VersionInfo, ack.Response.Version);
        Assert.Empty(_client.Take());
        var state = Assert.Single(_client.Stream.Types);
        Assert.False(state.Waiting);
        Assert.Null(state.Refused);
        _client.Publish(Endpoints("a", 3));
        Assert.Empty(_client.Take());
        _client.Request(ResourceType.Endpoints, ["a"], now.Nonce, before.VersionInfo);
        Assert.Equal(["eds a"], _client.Take());
    }

    [Fact]
    public void StaleNonce_OfAnotherType_AcknowledgesNothing()
    {
        _client.Request(ResourceType.Cluster, []);
        _client.Request(ResourceType.Endpoints, ["a"]);
        _client.Take();

        var told = _client.Request(ResourceType.Endpoints, ["a"], _client.Last(ResourceType.Cluster).Nonce, "x");

        Assert.Empty(told);
        _client.Publish(Endpoints("a", 2));
        Assert.Empty(_client.Take());
    }

    [Fact]
    public void Ack_OfTheLastOfSeveral_SettlesThemAll()
    {
        _client.Request(ResourceType.Cluster, ["a"]);
        _client.Take();
        _client.Publish(Cluster("b"));
        _client.Request(ResourceType.Cluster, ["a", "b"]);
        _client.Take();

        var told = _client.Ack(ResourceType.Cluster, "a", "b");

        Assert.Equal(2, Assert.IsType<StreamEvent.Acked>(Assert.Single(told)).Response.Resources.Count);
        _client.Now += TimeSpan.FromSeconds(1);
        _client.Publish(Cluster("a", timeoutMs: 7));
        Assert.Equal(["cds a b"], _client.Take());
    }

    [Fact]
    public void FirstRequest_WithVersionAndNonceOfAnOlderStream_GetsEverything()
    {
        var before = new SotwClient(_client.Snapshot);
        before.Request(ResourceType.Cluster, []);
        before.Take();

        var told = _client.Request(
            ResourceType.Cluster, [], "17", before.Last(ResourceType.Cluster).VersionInfo);

        Assert.Empty(told);
        Assert.Equal(["cds a"], _client.Take());
    }

    [Fact]
    public void FirstRequests_TwoWithoutNonce_AreBothAnswered()
    {
        _client.Request(ResourceType.Endpoints, ["a"]);
        Assert.Equal(["eds a"], _client.Take());

        _client.Request(ResourceType.Endpoints, ["a", "b", "c"]);

        Assert.Equal(["eds b c"], _client.Take());
    }

    [Fact]
    public void Nonces_OverTypes_AreOneCounter()
    {
        _client.Request(ResourceType.Endpoints, ["a"]);
        _client.Take();
        _client.Request(ResourceType.Cluster, []);
        _client.Take();

        Assert.Equal("1", _client.Last(ResourceType.Endpoints).Nonce);
        Assert.Equal("2", _client.Last(ResourceType.Cluster).Nonce);
    }
}
