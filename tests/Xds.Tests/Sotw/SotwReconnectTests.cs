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

    /// <summary>As long as nothing is known the client keeps all that it has; what stands in is for others.</summary>
    [Fact]
    public void Names_HeldFromBefore_AreToldNothing_WhileNothingIsKnown()
    {
        var client = new SotwClient(Snapshot(Listener("other", "r")));
        client.Request(Lds, ["a"], version: "of another life");
        client.Request(Lds, ["a", "b"], version: "of another life");
        client.Publish(Listener("a", "none").As(ResourceRole.StandIn), Listener("b", "none").As(ResourceRole.StandIn));
        client.Now += TimeSpan.FromHours(1);
        Assert.Empty(client.Take());
        client.Publish(Listener("a", "r"), Listener("b", "r"));
        Assert.Equal(["lds a b"], client.Take());
    }

    /// <summary>C core asks for one name first and for all of them then, before it has any answer.</summary>
    [Fact]
    public void Names_OfASecondRequestBeforeAnyAnswer_AreHeldToo()
    {
        var client = new SotwClient(Snapshot(Listener("a", "r")));
        client.Publish(Listener("b", "none").As(ResourceRole.StandIn));
        client.Request(Lds, ["a"], version: "of another life");
        client.Request(Lds, ["a", "b"], version: "of another life");
        Assert.Empty(client.Take());
        client.Publish(Listener("b", "r"));
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

    /// <summary>By its version the client holds what is known and nothing of what is not: that is told at once, as to
    /// anybody who asks for something new.</summary>
    [Fact]
    public void Names_ThatTheVersionSaysAreNotHeld_AreNotWaitedFor()
    {
        var before = new SotwClient(Snapshot(Listener("a", "r"), Listener("b", "r")));
        before.Request(Lds, ["a", "b", "c"]);
        Assert.Equal(["lds a b"], before.Take());
        before.Ack(Lds, "a", "b", "c");
        var version = before.Stream.Types.Single().AckedVersion;
        var client = new SotwClient(Snapshot(Listener("a", "r")));
        client.Request(Lds, ["a", "b", "c"], version: version);
        Assert.Empty(client.Take());
        client.Publish(Listener("b", "r"));
        Assert.Equal(["lds a b"], client.Take());
        client.Publish(Listener("c", "none").As(ResourceRole.StandIn));
        client.Ack(Lds, "a", "b", "c");
        Assert.Equal(["lds a b c"], client.Take());
    }

    /// <summary>What stood in for something is all that it has of it, and stands in again.</summary>
    [Fact]
    public void Names_OfWhichTheClientHoldsAStandIn_AreToldThat()
    {
        var snapshot = Snapshot(Listener("a", "r"), Listener("b", "none").As(ResourceRole.StandIn));
        var before = new SotwClient(snapshot);
        before.Request(Lds, ["a", "b"]);
        Assert.Equal(["lds a b"], before.Take());
        before.Ack(Lds, "a", "b");
        var client = new SotwClient(Snapshot(Listener("a", "r")));
        client.Request(Lds, ["a", "b"], version: before.Stream.Types.Single().AckedVersion);
        Assert.Empty(client.Take());
        client.Publish(snapshot);
        Assert.Equal(["lds a b"], client.Take());
    }

    /// <summary>Who asks for more while it waits asks for something new.</summary>
    [Fact]
    public void Names_OfALaterRequest_AreNotHeld()
    {
        var client = new SotwClient(Snapshot(Listener("other", "r")));
        client.Request(Lds, ["a"], version: "of another life");
        client.Now += XdsLimits.Default.FirstAnswer;
        client.Request(Lds, ["a", "b"], version: "of another life");
        client.Publish(Listener("b", "none").As(ResourceRole.StandIn));
        Assert.Empty(client.Take());
        client.Publish(Listener("a", "r"));
        Assert.Equal(["lds a b"], client.Take());
    }
}
