using Fairlead.EnvoyApi.Rpc;
using Fairlead.Xds.Sotw;
using Xunit;
using static Fairlead.Xds.Tests.Fixtures;

namespace Fairlead.Xds.Tests.Sotw;

/// <summary>A client that comes back with marks in its version: what they mark is left out once, and tried again
/// whatever the client says to what it is sent meanwhile, or does not.</summary>
public sealed class SotwMarkTests
{
    private static readonly ResourceType Cds = ResourceType.Cluster;

    private static readonly Resource[] Good = [Cluster("a"), Cluster("b")];

    /// <summary>Nothing is left that it could be sent first.</summary>
    [Theory]
    [InlineData("cds", "")]
    [InlineData("lds", "")]
    [InlineData("cds", "unknown")]
    public void Marks_OfAllThatIsAskedFor_AreSent(string type, string unknown)
    {
        var one = type == "cds" ? Cluster("x") : Listener("x", "r");
        string[] names = unknown.Length > 0 ? ["x", unknown] : ["x"];
        var client = new SotwClient(Snapshot(one));
        client.Request(one.Type, names, version: SotwVersion.Of(new string('0', 32), [(one, null)]));
        client.Now += XdsLimits.Default.HeldWaitMax;
        Assert.Equal([$"{type} x"], client.Take());

        // It refuses that again.
        client.Nack(one.Type, names);
        client.Now += TimeSpan.FromHours(1);
        Assert.Empty(client.Take());
        client.Publish(type == "cds" ? Cluster("x", timeoutMs: 3) : Listener("x", "other"));
        Assert.Equal([$"{type} x"], client.Take());
    }

    /// <summary>An Envoy says nothing while anything warms. It is taken to hold what it was sent, and then goes on with
    /// that.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public void Marks_OfAClientThatSaysNothing_AreTriedInTheEnd(int count)
    {
        var bad = Enumerable.Range(0, count).Select(i => Cluster($"x{i}")).ToArray();
        var client = new SotwClient(Snapshot([.. Good, .. bad]));
        client.Request(Cds, [], version: VersionOf(Good, bad));
        Assert.Equal(["cds a b"], client.Take());
        var until = client.Now + XdsLimits.Default.AckWaitMax;
        Assert.Equal(until, client.Stream.WakeAt);
        client.Now = until;
        var all = "cds a b " + string.Join(' ', bad.Select(one => one.Name));
        Assert.Equal([all], client.Take());
        client.Now += TimeSpan.FromSeconds(1);
        client.Nack(Cds, []);
        Settle(client, bad);
        Assert.Equal(["a", "b"], client.Stream.Types.Single().Sent.Keys.Order());

        // It is known from then on.
        client.Publish(Cluster("new"));
        Assert.Equal(["cds a b new"], client.Take());
        client.Ack(Cds);
        Assert.Empty(client.Take());
        Assert.Equal(33 + (12 * count), client.Stream.Types.Single().AckedVersion.Length);
    }

    /// <summary>Who refused what it was sent first, late, is not taken to hold it: what would be left out might be what
    /// works.</summary>
    [Fact]
    public void First_ThatIsRefusedLate_WasNotTaken()
    {
        Resource[] bad = [Cluster("x0"), Cluster("x1"), Cluster("x2")];
        var client = new SotwClient(Snapshot([.. Good, .. bad]));
        client.Request(Cds, [], version: VersionOf([Cluster("old")], bad));
        Assert.Equal(["cds a b"], client.Take());
        var nonce = client.Last(Cds).Nonce;
        client.Now += XdsLimits.Default.AckWaitMax;
        Assert.Equal(["cds a b x0 x1 x2"], client.Take());
        client.Request(Cds, [], nonce, "", new Status { Code = 13, Message = "bad" });
        client.Nack(Cds, []);
        client.Now += TimeSpan.FromSeconds(1);
        Assert.Empty(client.Take());
        client.Publish(Cluster("new"));
        Assert.Equal(["cds a b new x0 x1 x2"], client.Take());
    }

    /// <summary>After an upgrade that changes all it may refuse more than before: the marks stay out until it has taken
    /// a response.</summary>
    [Fact]
    public void Marks_OfAClientThatRefusesTheFirst_AreTriedWhenItHasTakenOne()
    {
        Resource[] bad = [Cluster("x0"), Cluster("x1"), Cluster("x2")];
        var client = new SotwClient(Snapshot([.. Good, Cluster("c"), .. bad]));
        client.Request(Cds, [], version: VersionOf([Cluster("a", timeoutMs: 3), Cluster("b", timeoutMs: 3)], bad));
        Assert.Equal(["cds a b c"], client.Take());
        client.Nack(Cds, []);
        client.Now += TimeSpan.FromSeconds(1);
        Assert.Empty(client.Take());
        client.Now += TimeSpan.FromHours(1);
        Assert.Empty(client.Take());
        client.Publish(Cluster("c", timeoutMs: 3));
        Assert.Equal(["cds a b c"], client.Take());
        client.Ack(Cds);
        client.Now += TimeSpan.FromSeconds(1);
        Assert.Equal(["cds a b c x0 x1 x2"], client.Take());
        client.Nack(Cds, []);
        Settle(client, bad);
        Assert.Equal(["a", "b", "c"], client.Stream.Types.Single().Sent.Keys.Order());
        Assert.Equal(33 + (12 * 3), client.Stream.Types.Single().AckedVersion.Length);
    }

    /// <summary>What only waits for its trial may work: it would be left out of the first response of another stream,
    /// though the client has taken it meanwhile.</summary>
    [Fact]
    public void Marks_AreOfWhatIsToBlame_AndNotOfWhatWaits()
    {
        var client = new SotwClient(Snapshot(Cluster("a"), Cluster("b"), Cluster("c"), Cluster("d")));
        client.Request(Cds, []);
        Assert.Equal(["cds a b c d"], client.Take());
        client.Now += TimeSpan.FromSeconds(1);
        client.Nack(Cds, []);
        Assert.Equal(["cds a b"], client.Take());
        client.Ack(Cds);
        Assert.Equal(32, client.Stream.Types.Single().AckedVersion.Length);
        client.Now += TimeSpan.FromSeconds(1);
        Assert.Equal(["cds a b c d"], client.Take());
        client.Request(Cds, [], client.Last(Cds).Nonce, "", new Status { Code = 13, Message = "d: no such thing" });
        client.Now += TimeSpan.FromSeconds(1);
        Assert.Equal(["cds a b c"], client.Take());
        client.Ack(Cds);
        var version = client.Stream.Types.Single().AckedVersion;
        Assert.Equal(SotwVersion.MarkOf(Cluster("d")), version[33..]);

        // Those of before a restart stay marks while they wait.
        var after = new SotwClient(client.Snapshot);
        after.Request(Cds, [], version: version);
        Assert.Equal(["cds a b c"], after.Take());
        Assert.Equal(version, after.Last(Cds).VersionInfo);
    }

    private static string VersionOf(Resource[] held, Resource[] refused)
    {
        var sum = held.Aggregate(UInt128.Zero, static (sum, one) => sum + one.Fingerprint);
        return SotwVersion.Of(
            sum.ToString("x32", System.Globalization.CultureInfo.InvariantCulture),
            refused.Select(one => (one, (Resource?)null)));
    }

    // Answers each response until there is none, of which the good are always told.
    private static void Settle(SotwClient client, Resource[] bad)
    {
        var names = bad.Select(one => one.Name).ToHashSet();
        for (var count = 0; count < 20; count++)
        {
            client.Now += TimeSpan.FromSeconds(1);
            if (client.Take() is not [var response])
            {
                return;
            }

            Assert.StartsWith("cds a b", response, StringComparison.Ordinal);
            _ = response.Split(' ').Any(names.Contains) ? client.Nack(Cds, []) : client.Ack(Cds);
        }

        Assert.Fail("it does not come to rest");
    }
}
