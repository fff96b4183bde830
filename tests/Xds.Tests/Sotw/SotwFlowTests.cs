using Xunit;
using static Fairlead.Xds.Tests.Fixtures;

namespace Fairlead.Xds.Tests.Sotw;

public sealed class SotwFlowTests
{
    private readonly SotwClient _client = new(Snapshot(Cluster("a"), Endpoints("a", 1), Routes("r", "a")));

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
