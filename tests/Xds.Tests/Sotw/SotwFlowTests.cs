using Xunit;
using static Fairlead.Xds.Tests.Fixtures;

namespace Fairlead.Xds.Tests.Sotw;

public sealed class SotwFlowTests
{
    private readonly SotwClient _client = new(Snapshot(Cluster("a"), Endpoints("a", 1), Routes("r", "a")));

    [Fact]
    public void Changes_WhileAResponseIsUnacknowledged_CollapseIntoOne()
    {
        _client.Request(ResourceType.Endpoints, ["a"]);
        _client.Take();
        _client.Publish(Endpoints("a", 2));
        _client.Publish(Endpoints("a", 3));
        Assert.Empty(_client.Take());
        _client.Publish(Endpoints("a", 4));

        _client.Ack(ResourceType.Endpoints, "a");

        Assert.Equal(["eds a"], _client.Take());
        Assert.Equal(Endpoints("a", 4).Version, Assert.Single(_client.Stream.Types).Sent["a"].Version);
    }

    [Fact]
    public void Change_BackToWhatTheClientHolds_IsNotSent()
    {
        _client.Request(ResourceType.Endpoints, ["a"]);
        _client.Take();
        _client.Publish(Endpoints("a", 2));
        _client.Publish(Endpoints("a", 1));

        _client.Ack(ResourceType.Endpoints, "a");

        Assert.Empty(_client.Take());
    }

    [Fact]
    public void Change_BehindAnAckThatNeverComes_IsSentAfterThirtySeconds()
    {
        _client.Request(ResourceType.Cluster, []);
        _client.Take();
        _client.Publish(Cluster("b"));
        Assert.Empty(_client.Take());
        Assert.Equal(TimeSpan.FromSeconds(31), _client.Stream.WakeAt);

        _client.Now = TimeSpan.FromSeconds(30.9);
        Assert.Empty(_client.Take());
        _client.Now = TimeSpan.FromSeconds(31);

        Assert.Equal(["cds a b"], _client.Take());
    }

    [Fact]
    public void NewName_WhileAResponseIsUnacknowledged_IsAnsweredWithoutTheChanges()
    {
        _client.Request(ResourceType.Endpoints, ["a"]);
        _client.Take();
        _client.Publish(Endpoints("a", 2), Endpoints("b", 3));

        _client.Request(ResourceType.Endpoints, ["a", "b"]);
        Assert.Equal(["eds b"], _client.Take());

        _client.Ack(ResourceType.Endpoints, "a", "b");
        Assert.Equal(["eds a"], _client.Take());
    }

    [Fact]
    public void Change_WhileNewNamesAreAskedForAndNothingIsAcknowledged_IsSentAfterThirtySeconds()
    {
        _client.Publish(Endpoints("b", 3));
        _client.Request(ResourceType.Endpoints, ["a"]);
        _client.Take();
        _client.Publish(Endpoints("a", 2));
        _client.Now = TimeSpan.FromSeconds(30);
        _client.Request(ResourceType.Endpoints, ["a", "b"]);
        Assert.Equal(["eds b"], _client.Take());
        Assert.Equal(TimeSpan.FromSeconds(31), _client.Stream.WakeAt);

        _client.Now = TimeSpan.FromSeconds(31);

        Assert.Equal(["eds a"], _client.Take());
    }

    [Fact]
    public void NewCluster_NamedWhileTheAckIsWithheld_IsAnsweredAtOnce()
    {
        _client.Publish(Cluster("b"));
        _client.Request(ResourceType.Cluster, ["a"]);
        Assert.Equal(["cds a"], _client.Take());

        _client.Request(ResourceType.Cluster, ["a", "b"]);

        Assert.Equal(["cds a b"], _client.Take());
    }

    [Fact]
    public void Routes_ChangedTwiceQuickly_AreSentOnceAtOnceAndOnceAfterTheInterval()
    {
        _client.Request(ResourceType.Route, ["r"]);
        _client.Take();
        _client.Ack(ResourceType.Route, "r");
        _client.Now += TimeSpan.FromSeconds(1);
        _client.Publish(Routes("r", "b"));
        Assert.Equal(["rds r"], _client.Take());
        _client.Ack(ResourceType.Route, "r");

        _client.Publish(Routes("r", "c"));
        Assert.Empty(_client.Take());
        Assert.Equal(_client.Now + TimeSpan.FromMilliseconds(100), _client.Stream.WakeAt);
        _client.Now += TimeSpan.FromMilliseconds(100);

        Assert.Equal(["rds r"], _client.Take());
    }

    [Fact]
    public void Endpoints_ChangedQuickly_DoNotWaitForAnInterval()
    {
        _client.Request(ResourceType.Endpoints, ["a"]);
        _client.Take();
        for (var port = 2; port < 12; port++)
        {
            _client.Ack(ResourceType.Endpoints, "a");
            _client.Publish(Endpoints("a", port));
            Assert.Equal(["eds a"], _client.Take());
        }
    }

    [Fact]
    public void Endpoints_OverTheResponseSize_ComeInParts()
    {
        var many = Enumerable.Range(0, 10).Select(i => Endpoints($"n{i}", i + 1)).ToArray();
        var size = many[0].Framed.Length;
        var client = new SotwClient(Snapshot(many), XdsLimits.Default with { ResponseBytes = size * 4 });

        client.Request(ResourceType.Endpoints, [.. many.Select(r => r.Name)]);

        Assert.Equal(["eds n0 n1 n2 n3", "eds n4 n5 n6 n7", "eds n8 n9"], client.Take());
    }

    [Fact]
    public void Endpoints_AreCutToTheirOwnSize_AndNothingElseIs()
    {
        var (a, b) = (Endpoints("a", 1), Endpoints("b", 2));
        var limits = XdsLimits.Default with { EndpointBytes = a.Framed.Length };
        var client = new SotwClient(Snapshot(a, b, Routes("a", "c"), Routes("b", "c")), limits);
        client.Request(ResourceType.Endpoints, ["a", "b"]);
        client.Request(ResourceType.Route, ["a", "b"]);
        Assert.Equal(["eds a", "eds b", "rds a b"], client.Take());
    }

    [Fact]
    public void Endpoints_LargerThanTheResponseSize_AreSentAlone()
    {
        var client = new SotwClient(
            Snapshot(Endpoints("a", 1), Endpoints("b", 2)), XdsLimits.Default with { ResponseBytes = 1 });

        client.Request(ResourceType.Endpoints, ["a", "b"]);

        Assert.Equal(["eds a", "eds b"], client.Take());
    }

    [Fact]
    public void Version_OfTheSameSetInAnotherLife_IsTheSame()
    {
        var names = Enumerable.Range(0, 50).Select(i => $"n{i}").ToArray();
        var one = new SotwClient(Snapshot([.. names.Select(n => Endpoints(n, 1))]));
        var two = new SotwClient(Snapshot([.. names.Reverse().Select(n => Endpoints(n, 1))]));
        one.Request(ResourceType.Endpoints, names);
        one.Take();
        two.Request(ResourceType.Endpoints, [.. names.Reverse().Take(20)]);
        two.Take();
        two.Request(ResourceType.Endpoints, [.. names.Reverse()]);
        two.Take();

        Assert.Equal(one.Last(ResourceType.Endpoints).VersionInfo, two.Last(ResourceType.Endpoints).VersionInfo);
    }

    [Fact]
    public void RandomTraffic_WhenItRests_LeavesTheClientWithTheView()
    {
        for (var seed = 1; seed <= 200; seed++)
        {
            new RandomTraffic(seed).Run();
        }
    }
}
