using Fairlead.EnvoyApi.Discovery;
using Xunit;
using static Fairlead.Xds.Tests.Fixtures;

namespace Fairlead.Xds.Tests.Sotw;

public sealed class SotwBadClientTests
{
    private readonly SotwClient _client = new(Snapshot(Cluster("a"), Endpoints("a", 1)));

    /// <summary>It repeats them whenever it comes back: to end its stream would take the good ones from it.</summary>
    [Fact]
    public void TooManyNames_AreServedWithoutThoseThatLeadNowhereAndCameLast()
    {
        var client = new SotwClient(
            Snapshot([.. Enumerable.Range(0, 5).Select(i => Endpoints($"good{i}", 1)), Cluster("c", service: "late")]),
            XdsLimits.Default with { NamesMax = 3 });
        string[] strangers = ["s0", "s1", "s2", "s3", "s4"];
        var told = client.Request(
            ResourceType.Endpoints, [.. strangers, "late", .. Enumerable.Range(0, 5).Select(i => $"good{i}")]);
        var left = Assert.Single(told.OfType<StreamEvent.LeftOut>());
        Assert.Equal((ResourceType.Endpoints, StreamRefusal.TooManyNames, 2), (left.Type, left.Refusal, left.Count));
        Assert.Equal(["eds good0 good1 good2 good3 good4 late s0 s1 s2"], client.Take());

        // One more that is new takes nobody's place; where one of the others is given up it has room.
        told = client.Request(ResourceType.Endpoints, ["s9", .. strangers, "good0"]);
        Assert.Empty(told.OfType<StreamEvent.LeftOut>());
        Assert.Equal(
            ["good0", "s0", "s1", "s2"], Assert.Single(client.Stream.Types).Subscription.Names.Order());
        client.Ack(ResourceType.Endpoints, "s9", "s1", "s2", "good0");
        Assert.Equal(["good0", "s1", "s2", "s9"], Assert.Single(client.Stream.Types).Subscription.Names.Order());
        Assert.Single(client.Request(ResourceType.Endpoints, strangers).OfType<StreamEvent.LeftOut>());
    }

    /// <summary>A list is remembered as long as the stream, with what is not followed of it.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Rejects_ListOfManyTimesTooManyNames(bool isOneName)
    {
        var client = new SotwClient(
            Snapshot([.. Enumerable.Range(0, 5).Select(i => Endpoints($"good{i}", 1))]),
            XdsLimits.Default with { NamesMax = 3 });
        var good = Enumerable.Range(0, 5).Select(i => $"good{i}");
        var strangers = Enumerable.Range(0, 12).Select(i => isOneName ? "s" : $"s{i}");
        Assert.DoesNotContain(
            client.Request(ResourceType.Endpoints, [.. good, .. strangers]), one => one is StreamEvent.Failed);
        var failed = Assert.IsType<StreamEvent.Failed>(
            Assert.Single(client.Request(ResourceType.Endpoints, [.. good, .. strangers, "s"])));
        Assert.Equal(StreamRefusal.TooManyNames, failed.Refusal);
    }

    [Fact]
    public void TooManyNames_OfATypeThatIsNotServed_EndNoStream()
    {
        var request = new DiscoveryRequest { TypeUrl = "type.googleapis.com/some.Thing" };
        request.ResourceNames.Add(Enumerable.Range(0, 10_001).Select(i => $"n{i}"));
        Assert.Empty(_client.Stream.Receive(request, _client.Now));
    }

    [Fact]
    public void Rejects_LongName_AtTheLimit()
    {
        var request = new DiscoveryRequest { TypeUrl = ResourceType.Endpoints.TypeUrl };
        request.ResourceNames.Add(new string('a', 1_024));
        Assert.DoesNotContain(_client.Stream.Receive(request, _client.Now), e => e is StreamEvent.Failed);

        request.ResourceNames[0] += "a";

        Assert.Equal(StreamRefusal.NameTooLong, Refuse(request));
    }

    /// <summary>A type that is not served is remembered as long as the stream.</summary>
    [Fact]
    public void Rejects_LongTypeUrl_AtTheLimit()
    {
        var request = new DiscoveryRequest { TypeUrl = new string('t', 1_024) };
        Assert.Empty(_client.Stream.Receive(request, _client.Now));
        request.TypeUrl += "t";
        Assert.Equal(StreamRefusal.NameTooLong, Refuse(request));
    }

    [Fact]
    public void Rejects_ManyUnknownTypes_AfterSixteen()
    {
        for (var i = 0; i < 16; i++)
        {
            Assert.Empty(_client.Stream.Receive(new DiscoveryRequest { TypeUrl = $"t{i}" }, _client.Now));
        }

        Assert.Empty(_client.Stream.Receive(new DiscoveryRequest { TypeUrl = "t0" }, _client.Now));
        Assert.Equal(StreamRefusal.TooManyTypes, Refuse(new DiscoveryRequest { TypeUrl = "t16" }));
    }

    [Fact]
    public void UnknownType_AskedForWhole_IsAnsweredEmptyOnce()
    {
        var request = new DiscoveryRequest { TypeUrl = "type.googleapis.com/some.Thing" };
        _client.Stream.Receive(request, _client.Now);
        Assert.Equal(["type.googleapis.com/some.Thing"], _client.Take());

        request.ResponseNonce = "1";
        _client.Stream.Receive(request, _client.Now);

        Assert.Empty(_client.Take());
        _client.Request(ResourceType.Cluster, []);
        Assert.Equal(["cds a"], _client.Take());
    }

    [Fact]
    public void Names_EmptyAndStarForEndpoints_AskForNothing()
    {
        Assert.Empty(_client.Request(ResourceType.Endpoints, ["", "*"]));
        Assert.Empty(_client.Take());
    }

    [Fact]
    public void Names_Flapping_AreAnsweredEachTimeAndNothingElse()
    {
        for (var i = 0; i < 50; i++)
        {
            _client.Request(ResourceType.Endpoints, ["a"]);
            Assert.Equal(["eds a"], _client.Take());
            _client.Request(ResourceType.Endpoints, []);
            Assert.Empty(_client.Take());
        }
    }

    [Fact]
    public void Client_ThatNeverAcknowledges_IsRemembered()
    {
        _client.Request(ResourceType.Endpoints, ["a"]);
        _client.Take();
        for (var i = 0; i < 100; i++)
        {
            _client.Now += TimeSpan.FromSeconds(31);
            _client.Publish(Endpoints("a", 100 + i));
            Assert.Equal(["eds a"], _client.Take());
        }

        Assert.IsType<StreamEvent.Acked>(Assert.Single(_client.Ack(ResourceType.Endpoints, "a")));
        Assert.Empty(_client.Request(ResourceType.Endpoints, ["a"], "2", "x"));
    }

    private StreamRefusal Refuse(DiscoveryRequest request)
    {
        return Assert.IsType<StreamEvent.Failed>(Assert.Single(_client.Stream.Receive(request, _client.Now))).Refusal;
    }
}
