using Fairlead.EnvoyApi.Rpc;
using Fairlead.Xds.Tests.Functional;
using Xunit;
using static Fairlead.Xds.Tests.Fixtures;

namespace Fairlead.Xds.Tests;

/// <summary>What clients do that they should not, or that others would not, in each of the four variants: none of it
/// ends a stream or costs anybody a resource.</summary>
public sealed class BadClientTests
{
    private static readonly ResourceType Cds = ResourceType.Cluster;
    private static readonly ResourceType Eds = ResourceType.Endpoints;

    public static TheoryData<Variant> Variants => [.. Enum.GetValues<Variant>()];

    [Theory]
    [MemberData(nameof(Variants))]
    public void Acknowledgement_WithTheNonceOfAnotherType_SettlesNothing(Variant variant)
    {
        var client = Client(variant);
        client.Subscribe(Cds, "a");
        client.Take(Cds);
        client.Subscribe(Eds, "a");
        client.Take(Eds);

        // On streams of their own both may be the first.
        var nonce = client.IsPerType ? "99" : client.Nonce(Cds);
        Assert.Empty(client.Say(Eds, nonce));
        Assert.True(client.State(Eds).Waiting);
        Assert.Empty(client.Take(Eds));
        Assert.Single(client.Say(Eds, client.Nonce(Eds)), one => one is StreamEvent.Acked);
    }

    [Theory]
    [MemberData(nameof(Variants))]
    public void Refusal_RepeatedForEver_IsToldOnce_AndItsNamesAreTaken(Variant variant)
    {
        var client = Client(variant);
        client.Subscribe(Eds, "a");
        client.Take(Eds);
        var nonce = client.Nonce(Eds);
        Assert.Single(client.Say(Eds, nonce, Bad), one => one is StreamEvent.Nacked);
        for (var i = 0; i < 50; i++)
        {
            Assert.Empty(client.Say(Eds, nonce, Bad));
            Assert.Empty(client.Take(Eds));
        }

        Assert.DoesNotContain(client.Say(Eds, nonce, Bad, ["b"]), one => one is StreamEvent.Nacked);
        Assert.Equal(["eds b"], client.Take(Eds));
    }

    /// <summary>Some clients repeat on a new stream what was wrong on the one before.</summary>
    [Theory]
    [MemberData(nameof(Variants))]
    public void Refusal_OfAnOlderStream_RefusesNothing(Variant variant)
    {
        var client = Client(variant);
        Assert.DoesNotContain(client.Say(Eds, "7", Bad, ["a"]), one => one is StreamEvent.Nacked);
        Assert.DoesNotContain(client.Say(Eds, "7", Bad, ["b"]), one => one is StreamEvent.Nacked);
        Assert.Null(client.State(Eds).Refused);
        Assert.Equal(["eds a b"], client.Take(Eds));
    }

    /// <summary>Requests are ordered: names count whatever the nonce beside them is.</summary>
    [Theory]
    [MemberData(nameof(Variants))]
    public void StaleNonce_WithANewName_HasItTaken(Variant variant)
    {
        var client = Client(variant);
        client.Subscribe(Eds, "a");
        client.Take(Eds);
        var stale = client.Nonce(Eds);
        client.Say(Eds, stale);
        client.Publish(Endpoints("a", 2));
        Assert.Equal(["eds a"], client.Take(Eds));
        client.Say(Eds, stale, joining: ["b"]);
        Assert.Equal(["eds b"], client.Take(Eds));
        client.Say(Eds, "of another life", joining: ["c"]);
        Assert.Equal(["eds c"], client.Take(Eds));
    }

    [Theory]
    [MemberData(nameof(Variants))]
    public void Requests_TwoBeforeAnyResponse_AreBothAnswered(Variant variant)
    {
        var client = Client(variant);
        client.Subscribe(Eds, "a");
        client.Subscribe(Eds, "b", "c");
        Assert.Equal(["eds a b c"], client.Take(Eds));
    }

    [Theory]
    [MemberData(nameof(Variants))]
    public void Name_OfNothing_AsksForNothing(Variant variant)
    {
        var client = Client(variant);
        client.Subscribe(Eds, "");
        Assert.Empty(client.Take(Eds));
        client.Subscribe(Eds, "a");
        Assert.Equal(["eds a"], client.Take(Eds));
    }

    [Theory]
    [MemberData(nameof(Variants))]
    public void Names_Flapping_AreAnsweredEachTime_AcknowledgedOrNot(Variant variant)
    {
        var client = Client(variant);
        for (var i = 0; i < 600; i++)
        {
            client.Subscribe(Eds, "a");
            Assert.Equal(["eds a"], client.Take(Eds));
            client.Unsubscribe(Eds, "a");
            Assert.Empty(client.Take(Eds));
        }

        Assert.Equal(0, client.State(Eds).Unheard);
        Assert.Empty(client.State(Eds).Sent);
    }

    /// <summary>No acknowledgement, and other names all the time: what changes is told all the same.</summary>
    [Theory]
    [MemberData(nameof(Variants))]
    public void Names_ThatChange_WithoutAnAcknowledgement_AreAnswered_AndChangesToldInTheEnd(Variant variant)
    {
        var client = Client(variant);
        client.Subscribe(Eds, "a");
        client.Take(Eds);
        client.Publish(Endpoints("a", 2));
        var told = 0;
        for (var i = 0; i < 40; i++)
        {
            client.Subscribe(Eds, $"n{i}");
            client.Unsubscribe(Eds, $"n{i - 1}");
            client.Publish();
            var taken = client.Take(Eds);
            Assert.Contains(taken, one => one.Split(' ').Contains($"n{i}"));
            told += taken.Count(one => one.Split(' ').Contains("a"));
        }

        Assert.Equal(1, told);
    }

    [Theory]
    [MemberData(nameof(Variants))]
    public void Name_AtTheLimit_IsTaken_AndOneBeyondEndsTheStream(Variant variant)
    {
        var name = new string('n', 1_024);
        Assert.DoesNotContain(Client(variant).Subscribe(Eds, name), one => one is StreamEvent.Failed);
        var failed = Assert.IsType<StreamEvent.Failed>(Assert.Single(Client(variant).Subscribe(Eds, name + "n")));
        Assert.Equal(StreamRefusal.NameTooLong, failed.Refusal);
    }

    [Theory]
    [MemberData(nameof(Variants))]
    public void Names_Unknown_GivenUp_AreIgnored(Variant variant)
    {
        var client = Client(variant);
        client.Subscribe(Eds, "a");
        client.Take(Eds);
        client.Unsubscribe(Eds, "never", "heard", "of");
        Assert.Empty(client.Take(Eds));
        Assert.Equal(["a"], client.State(Eds).Subscription.Names);
    }

    private static Status Bad => new() { Code = 0, Message = "bad" };

    private static AnyClient Client(Variant variant) => new(
        variant, Cluster("a"), Endpoints("a", 1), Endpoints("b", 1), Endpoints("c", 1));
}
