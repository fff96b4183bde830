using Xunit;
using static Fairlead.Xds.Tests.Fixtures;

namespace Fairlead.Xds.Tests.Sotw;

/// <summary>A client that comes back to a server which began anew: what it asks for by name and holds is not told to be
/// gone because it is not known yet.</summary>
public sealed class SotwReconnectTests
{
    private static readonly ResourceType Lds = ResourceType.Listener;

    [Fact]
    public void Names_HeldFromBefore_AreWaitedFor_WithAllThatIsKnown()
    {
        var client = new SotwClient(Snapshot(Listener("a", "r")));
        client.Request(Lds, ["a", "b"], nonce: "7", version: "of another life");
        Assert.Empty(client.Take());
        client.Now += XdsLimits.Default.HeldWaitMax / 2;
        Assert.Empty(client.Take());
        Assert.NotNull(client.Stream.WakeAt);
        client.Publish(Listener("b", "r"));
        Assert.Equal(["lds a b"], client.Take());
    }

    [Fact]
    public void Names_HeldFromBefore_AreNotWaitedForWithoutEnd()
    {
        var client = new SotwClient(Snapshot(Listener("a", "r")));
        client.Request(Lds, ["a", "b"], version: "of another life");
        Assert.Empty(client.Take());
        client.Now += XdsLimits.Default.HeldWaitMax;
        Assert.Equal(["lds a"], client.Take());
        client.Ack(Lds, "a", "b");

        // It holds nothing of it from then on, so that what stands in for it is for it too.
        client.Publish(Listener("b", "r").As(ResourceRole.StandIn));
        Assert.Equal(["lds a b"], client.Take());
    }

    [Fact]
    public void Names_OfANewClient_AreNotWaitedFor()
    {
        var client = new SotwClient(Snapshot(Listener("a", "r")));
        client.Request(Lds, ["a", "b"]);
        Assert.Equal(["lds a"], client.Take());
    }

    [Fact]
    public void Names_GivenUpMeanwhile_AreNotWaitedFor()
    {
        var client = new SotwClient(Snapshot(Listener("a", "r")));
        client.Request(Lds, ["a", "b"], version: "of another life");
        Assert.Empty(client.Take());
        client.Request(Lds, ["a"], version: "of another life");
        Assert.Equal(["lds a"], client.Take());
    }
}
