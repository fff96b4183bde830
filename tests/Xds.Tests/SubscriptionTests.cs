using Xunit;

namespace Fairlead.Xds.Tests;

public sealed class SubscriptionTests
{
    [Fact]
    public void SetNames_EmptyFirstList_IsEverythingForClustersAndListeners()
    {
        Assert.True(After(ResourceType.Cluster, [[]]).Wildcard);
        Assert.True(After(ResourceType.Listener, [[]]).Wildcard);
    }

    [Fact]
    public void SetNames_EmptyFirstList_IsNothingForEndpointsAndRoutes()
    {
        Assert.False(After(ResourceType.Endpoints, [[]]).Wildcard);
        Assert.False(After(ResourceType.Route, [[]]).Wildcard);
    }

    [Fact]
    public void SetNames_EmptyListAgain_StaysEverythingWhileNothingWasNamed()
    {
        Assert.True(After(ResourceType.Cluster, [], [], []).Wildcard);
    }

    [Fact]
    public void SetNames_EmptyListAfterAName_IsNothing()
    {
        var subscription = After(ResourceType.Cluster, ["a"], []);

        Assert.False(subscription.Wildcard);
        Assert.Empty(subscription.Names);
    }

    [Fact]
    public void SetNames_EmptyListAfterTheStar_IsNothing()
    {
        Assert.False(After(ResourceType.Cluster, ["*"], []).Wildcard);
    }

    [Fact]
    public void SetNames_StarBesideAName_IsBoth()
    {
        var subscription = After(ResourceType.Cluster, [], ["*", "a"]);

        Assert.True(subscription.Wildcard);
        Assert.Equal(["a"], subscription.Names);
    }

    [Fact]
    public void SetNames_NameAfterEverything_DropsTheWildcard()
    {
        Assert.False(After(ResourceType.Listener, [], ["a"]).Wildcard);
    }

    [Fact]
    public void SetNames_StarForEndpoints_NamesNothing()
    {
        var subscription = After(ResourceType.Endpoints, ["*"]);

        Assert.False(subscription.Wildcard);
        Assert.Empty(subscription.Names);
    }

    [Fact]
    public void SetNames_EmptyName_UnsubscribesFromAll()
    {
        var subscription = After(ResourceType.Cluster, [], [""]);

        Assert.False(subscription.Wildcard);
        Assert.Empty(subscription.Names);
    }

    [Fact]
    public void SetNames_ChangedList_TellsWhatCameAndWent()
    {
        var subscription = After(ResourceType.Endpoints, ["a", "b"]);

        var (added, removed) = subscription.SetNames(["b", "c", "c"]);

        Assert.Equal(["c"], added);
        Assert.Equal(["a"], removed);
        Assert.Equal(["b", "c"], subscription.Names.Order());
    }

    private static Subscription After(ResourceType type, params string[][] lists)
    {
        var subscription = new Subscription(type);
        foreach (var list in lists)
        {
            subscription.SetNames(list);
        }

        return subscription;
    }
}
