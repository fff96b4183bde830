using Fairlead.Xds.Tests.Delta;
using Fairlead.Xds.Tests.Sotw;
using Xunit;
using static Fairlead.Xds.Tests.Fixtures;

namespace Fairlead.Xds.Tests;

/// <summary>How many names a stream may ask for: no client is locked out by what it was given.</summary>
public sealed class NameLimitTests
{
    private const int Most = 10;
    private const string Prefix = "xdstp://a/envoy.config.cluster.v3.Cluster/";

    private static readonly ResourceType Cds = ResourceType.Cluster;
    private static readonly ResourceType Eds = ResourceType.Endpoints;
    private static readonly XdsLimits Limits = XdsLimits.Default with { NamesMax = Most };

    /// <summary>A client that may connect may come back, when it says each name twice.</summary>
    [Theory]
    [InlineData(Most, true)]
    [InlineData(Most + 1, false)]
    public void Reconnect_WithAllNames_IsTaken(int count, bool isTaken)
    {
        string[] names = [.. Enumerable.Range(0, count).Select(i => $"n{i}")];
        foreach (var type in new[] { Eds, ResourceType.Secret, ResourceType.Route })
        {
            var client = new DeltaClient(Snapshot(), Limits);
            var told = client.Send(type, names, before: [.. names.Select(name => (name, "1"))]);
            Assert.Equal(isTaken, !told.Any(one => one is StreamEvent.Failed));
            Assert.Equal(isTaken, !new DeltaClient(Snapshot(), Limits).Subscribe(type, names)
                .Any(one => one is StreamEvent.Failed));
        }
    }

    /// <summary>Who holds more clusters than a stream may ask for is served, without the rest.</summary>
    [Fact]
    public void Reconnect_WithMoreClustersThanNames_IsServed_AndTheRestIsNamed()
    {
        var known = Enumerable.Range(0, 5 * Most).Select(i => Cluster($"k{i:d2}")).ToArray();
        var client = new DeltaClient(Snapshot(known), Limits);
        var strangers = Enumerable.Range(0, 3 * Most).Select(i => $"s{i:d2}");
        var told = client.Send(Cds, before: [.. known.Select(one => (one.Name, one.Version)),
            .. strangers.Select(name => (name, "1"))]);
        var left = Assert.IsType<StreamEvent.LeftOut>(Assert.Single(told));
        Assert.Equal((Cds, StreamRefusal.TooManyNames, Most), (left.Type, left.Refusal, left.Count));
        Assert.Equal(
            [$"cds {string.Join(' ', strangers.Take(2 * Most).Select(name => "-" + name))}"], client.Take());
    }

    [Fact]
    public void Reconnect_WithMoreOfACollectionThanNames_IsServed_AndTheRestLeaves()
    {
        var known = Cluster(Prefix + "n29", "n29");
        var client = new DeltaClient(Snapshot(known), Limits, Cds);
        var told = client.Send(Cds, [Prefix + "*"], before:
            [.. Enumerable.Range(0, 3 * Most).Select(i => ($"{Prefix}n{i:d2}", i == 29 ? known.Version : "1"))]);
        Assert.Equal(2 * Most, Assert.Single(told.OfType<StreamEvent.LeftOut>()).Count);
        Assert.DoesNotContain(told, one => one is StreamEvent.Failed);
        var taken = Assert.Single(client.Take()).Split(' ');
        Assert.Equal(2 * Most, taken.Count(one => one.StartsWith('-')));
        Assert.DoesNotContain("-" + known.Name, taken);
        var names = client.Stream.Types.Single().Subscription.Names;
        Assert.Contains(known.Name, names);
        Assert.Equal(Most + 1, names.Count);
    }

    [Fact]
    public void Names_OfTheView_AreNotCounted_NorThoseOfItsClusters()
    {
        var view = Enumerable.Range(0, 2 * Most).Select(i => $"v{i}").ToArray();
        var snapshot = Snapshot([.. view.Take(Most).Select(name => Endpoints(name, 1)),
            .. view.Skip(Most).Select(name => Cluster(name))]);
        string[] strange = [.. Enumerable.Range(0, Most).Select(i => $"n{i}")];
        var (sotw, delta) = (new SotwClient(snapshot, Limits), new DeltaClient(snapshot, Limits));
        Assert.DoesNotContain(sotw.Request(Eds, [.. view, .. strange]), one => one is StreamEvent.Failed);
        Assert.DoesNotContain(delta.Subscribe(Eds, [.. view, .. strange]), one => one is StreamEvent.Failed);
        Assert.Contains(
            sotw.Request(Eds, [.. view, .. strange, "one"]), one => one is StreamEvent.LeftOut { Count: 1 });
        Assert.Contains(delta.Subscribe(Eds, "one"), one => one is StreamEvent.Failed);
    }

    /// <summary>A name leaves once, and leaves room, where the request that lets it go asks for others.</summary>
    [Fact]
    public void Name_GivenUp_WhereRoomIsMade_LeavesOnce()
    {
        var client = new DeltaClient(Snapshot(), Limits, Cds);
        client.Subscribe(Cds, [.. Enumerable.Range(0, Most).Select(i => $"n{i}")]);
        var told = Assert.IsType<StreamEvent.Names>(
            Assert.Single(client.Send(Cds, ["x", "y"], ["n0"]), one => one is StreamEvent.Names));
        Assert.Equal(["x", "y"], told.Added);
        Assert.Equal(["n0", "n1"], told.Removed);
        Assert.Equal(Most, client.Stream.Types.Single().Subscription.Names.Count);
    }

    /// <summary>Who writes names in ever other ways takes no room from those that are written well, also where all of
    /// them serve; nor does one that leads nowhere take it from them.</summary>
    [Fact]
    public void Aliases_LeaveBeforeNames_TheOldestFirst()
    {
        var names = Enumerable.Range(0, Most / 2).Select(i => Cluster($"n{i}")).ToArray();
        var aliases = Enumerable.Range(0, Most).Select(i => Cluster($"N{i}").As(ResourceRole.Alias)).ToArray();
        var client = new DeltaClient(Snapshot([.. names, .. aliases, Cluster("late")]), Limits, Cds);
        client.Subscribe(Cds, [.. names.Select(one => one.Name)]);
        client.Subscribe(Cds, [.. aliases.Select(one => one.Name)]);
        Assert.Equal("n0 n1 n2 n3 n4 N5 N6 N7 N8 N9", Asked());

        // One of which nothing is known yet, and which then does.
        client.Subscribe(Cds, "new");
        Assert.Equal("n0 n1 n2 n3 n4 N6 N7 N8 N9 new", Asked());
        client.Publish(Cluster("new"));
        client.Subscribe(Cds, "late");
        Assert.Equal("late n0 n1 n2 n3 n4 N7 N8 N9 new", Asked());
        client.Subscribe(Cds, "nowhere");
        client.Subscribe(Cds, "N0");
        Assert.Equal("late N0 n0 n1 n2 n3 n4 N8 N9 new", Asked());

        // Of many strangers at once one takes a place, and gives it to the next.
        client.Subscribe(Cds, "x0", "x1", "x2", "x3");
        Assert.Equal("late n0 n1 n2 n3 n4 N8 N9 new x3", Asked());
        client.Subscribe(Cds, "x4", "x5");
        Assert.Equal("late n0 n1 n2 n3 n4 N8 N9 new x5", Asked());

        string Asked() => string.Join(' ', client.Stream.Types.Single().Subscription.Names
            .OrderBy(name => name, StringComparer.OrdinalIgnoreCase).ThenBy(name => name, StringComparer.Ordinal));
    }

    [Fact]
    public void Collection_GivenUp_TakesItsSentinelAlong()
    {
        var client = new DeltaClient(Snapshot(), Limits, Cds);
        for (var i = 0; i < 3 * Most; i++)
        {
            var prefix = Prefix.Replace("//a/", $"//a{i}/", StringComparison.Ordinal);
            client.Subscribe(Cds, prefix + "*");
            Assert.Equal([$"cds {prefix}sentinel"], client.Take());
            client.Ack(Cds);
            client.Stream.TakeTold();
            client.Now += TimeSpan.FromSeconds(1);
            var told = Assert.IsType<StreamEvent.Names>(Assert.Single(client.Unsubscribe(Cds, prefix + "*")));
            Assert.Equal([prefix + "*", prefix + "sentinel"], told.Removed);
        }

        var state = client.Stream.Types.Single();
        Assert.Equal((0, 0, 0), (state.Sentinels?.Count, state.Subscription.Names.Count, state.Sent.Count));
    }

    /// <summary>A client that never acknowledges, and never asks for the same, is remembered in what it asks for
    /// now.</summary>
    [Fact]
    public void Names_Flapping_WithoutAnAcknowledgement_AreForgotten()
    {
        var (sotw, delta) = (new SotwClient(Snapshot(), Limits), new DeltaClient(Snapshot(), Limits));
        for (var i = 0; i < 2_000; i++)
        {
            sotw.Request(Eds, [$"n{i}"]);
            Assert.Single(sotw.Take());
            delta.Send(Eds, [$"n{i}"], i == 0 ? [] : [$"n{i - 1}"]);
            Assert.Single(delta.Take());
        }

        Assert.InRange(sotw.Stream.Types.Single().Unheard, 0, 1);
        Assert.InRange(delta.Stream.Types.Single().Unheard, 0, 1);
    }

    /// <summary>Nobody asks on a stream without routes whether the endpoints of clusters are taken.</summary>
    [Fact]
    public void Clusters_OfAClientWithoutRoutes_AreForgotten()
    {
        var client = new DeltaClient(Snapshot());
        client.Subscribe(Cds);
        client.Take();
        for (var i = 0; i < 100; i++)
        {
            client.Publish(client.Snapshot.ToBuilder().Set(Cluster($"c{i}"), wildcard: true)
                .Remove(Cds, $"c{i - 1}").Build());
            client.Take();
            client.Ack(Cds);
            client.Now += TimeSpan.FromSeconds(1);
        }

        Assert.InRange(client.Stream.Warming, 1, 10);
    }
}
