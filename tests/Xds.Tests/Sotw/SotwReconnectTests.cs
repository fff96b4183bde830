using Fairlead.Xds.Sotw;
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

    /// <summary>A gRPC client takes what is good of a response that it refuses, and keeps its older version: that does
    /// not say what it holds.</summary>
    [Theory]
    [InlineData("gRPC C-core")]
    [InlineData("envoy")]
    public void Names_ThatTheVersionDoesNotSayAreHeld_AreWaitedForToo(string agent)
    {
        var (a, b) = (Listener("a", "r"), Listener("b", "r"));
        var stream = new SotwStream(
            Snapshot(a), (_, _) => null, "test/1", client: ClientNode.Anonymous with { UserAgent = agent });
        stream.Receive(
            new SotwRequest(Lds.TypeUrl, new NameList(["a", "b", "c"]), "", a.Version), TimeSpan.FromSeconds(1));
        Assert.Null(stream.Next(TimeSpan.FromSeconds(2)));
        stream.Advance(Next(stream.Snapshot, b));
        Assert.Null(stream.Next(TimeSpan.FromSeconds(3)));
        var response = stream.Next(TimeSpan.FromSeconds(1) + XdsLimits.Default.HeldWaitMax);
        Assert.Equal([a.Version, b.Version], response!.Resources.Select(one => one.Version));
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

    /// <summary>What is left out of a response is gone: nothing is told before each name that a client may hold was
    /// followed, in the places of those that are known by then or lead nowhere.</summary>
    [Theory]
    [InlineData(ResourceRole.Ordinary, "lds a b c d good")]
    [InlineData(ResourceRole.Negative, "lds a d good")]
    public void Names_HeldFromBefore_AreAllFollowed_ThoughTheyAreTooMany(ResourceRole role, string expected)
    {
        var client = new SotwClient(Snapshot(), XdsLimits.Default with { NamesMax = 3 });
        string[] names = ["a", "b", "c", "good", "d"];
        Assert.Single(
            client.Request(Lds, names, version: "of another life"), one => one is StreamEvent.LeftOut { Count: 2 });
        Assert.Empty(client.Take());
        client.Now += XdsLimits.Default.HeldWaitMax;
        client.Publish([.. names.Take(3).Select(name => Listener(name, "r").As(role))]);
        Assert.Empty(client.Take());
        var told = Assert.IsType<StreamEvent.Names>(Assert.Single(client.Stream.TakeTold()));
        Assert.Equal(["d", "good"], told.Added.Order());
        Assert.Equal(role == ResourceRole.Negative ? ["b", "c"] : [], told.Removed.Order());
        client.Publish(Listener("d", "r"), Listener("good", "r"));
        Assert.Equal([expected], client.Take());
    }

    /// <summary>Where the list does not change, what led nowhere is followed again when there is room.</summary>
    [Fact]
    public void Names_ThatMadeRoom_AreFollowedAgain()
    {
        var client = new SotwClient(
            Snapshot([.. "abc".Select(name => Listener($"{name}", "r").As(ResourceRole.Negative))]),
            XdsLimits.Default with { NamesMax = 3 });
        Assert.Contains(client.Request(Lds, ["a", "b", "c", "d"]), one => one is StreamEvent.LeftOut { Count: 1 });
        var followed = client.Stream.Types.Single().Subscription;
        Assert.Equal(["a", "b", "d"], followed.Names.Order());
        client.Take();
        client.Ack(Lds, "a", "b", "c", "d");
        client.Now += TimeSpan.FromSeconds(1);
        client.Publish(Listener("d", "r"));
        Assert.Equal(["lds a b c d"], client.Take());
        Assert.Equal(["a", "b", "c", "d"], followed.Names.Order());
    }
}
