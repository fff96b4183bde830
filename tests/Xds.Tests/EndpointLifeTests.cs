using Fairlead.EnvoyApi.Endpoints;
using Fairlead.EnvoyApi.Types;
using Fairlead.Xds.Tests.Delta;
using Fairlead.Xds.Tests.Sotw;
using Xunit;

namespace Fairlead.Xds.Tests;

/// <summary>Endpoints with an end: what is left of it goes out with them, at one version whatever that is.</summary>
public sealed class EndpointLifeTests
{
    private static readonly ResourceType Eds = ResourceType.Endpoints;

    [Fact]
    public void End_IsNoPartOfTheVersion_AndStandsInNoOtherResource()
    {
        var (plain, kept) = (Fixtures.Endpoints("c1", 1), Kept("c1", 60));
        Assert.Equal(plain.Version, kept.Version);
        Assert.Equal(plain.Framed.ToArray(), kept.Framed.ToArray());
        Assert.Same(kept, kept.KeptUntil(TimeSpan.FromSeconds(60)));
        Assert.Null(kept.KeptUntil(null).Until);
        Assert.Equal(kept.Until, kept.As(ResourceRole.StandIn).Until);
        Assert.Throws<InvalidOperationException>(() => Fixtures.Cluster("c1").KeptUntil(TimeSpan.FromSeconds(1)));
    }

    [Theory]
    [InlineData(1.0, 59.0)]
    [InlineData(31.25, 28.75)]
    [InlineData(59.9995, 0.001)]
    [InlineData(75.0, 0.001)]
    public void End_GoesOutAsWhatIsLeftOfIt(double now, double left)
    {
        var (sotw, delta) = Both(Kept("c1", 60), now);
        Taken(sotw, delta, "eds c1");
        Assert.Equal(TimeSpan.FromSeconds(left), Left(sotw));
        Assert.Equal(TimeSpan.FromSeconds(left), Left(delta));
    }

    [Fact]
    public void End_IsReckonedByTheServersClock()
    {
        var (sotw, delta) = Both(Kept("c1", 1_060), 2);
        sotw.Stream.StartedAt = delta.Stream.StartedAt = TimeSpan.FromSeconds(1_000);
        Taken(sotw, delta, "eds c1");
        Assert.Equal((TimeSpan.FromSeconds(58), TimeSpan.FromSeconds(58)), (Left(sotw), Left(delta)));
    }

    [Fact]
    public void Later_End_IsSentAtTheSameVersion_AndNoneIsTakenBack()
    {
        var (sotw, delta) = Both(Kept("c1", 60), 1);
        Taken(sotw, delta, "eds c1");
        var (version, system) = (delta.Last(Eds).Resources[0].Version, sotw.Last(Eds).VersionInfo);
        sotw.Ack(Eds, "c1");
        delta.Ack(Eds);
        foreach (var (until, left) in new (int?, int?)[] { (80, 59), (40, 19), (null, null) })
        {
            (sotw.Now, delta.Now) = (TimeSpan.FromSeconds(21), TimeSpan.FromSeconds(21));
            var kept = Fixtures.Endpoints("c1", 1).KeptUntil(until is { } at ? TimeSpan.FromSeconds(at) : null);
            sotw.Publish(kept);
            delta.Publish(kept);
            Taken(sotw, delta, "eds c1");
            Assert.Equal((version, system), (delta.Last(Eds).Resources[0].Version, sotw.Last(Eds).VersionInfo));
            Assert.Equal(left is { } some ? TimeSpan.FromSeconds(some) : null, Left(sotw));
            Assert.Equal(left is { } same ? TimeSpan.FromSeconds(same) : null, Left(delta));
            sotw.Ack(Eds, "c1");
            delta.Ack(Eds);
            sotw.Publish(kept);
            delta.Publish(kept);
            Taken(sotw, delta);
        }
    }

    [Fact]
    public void Later_End_OfWhatWasRefused_IsNotSentBeforeThatChanges()
    {
        var (sotw, delta) = Both(Kept("c1", 60), 1);
        Taken(sotw, delta, "eds c1");
        sotw.Nack(Eds, ["c1"]);
        delta.Nack(Eds);
        sotw.Publish(Kept("c1", 80));
        delta.Publish(Kept("c1", 80));
        Taken(sotw, delta);
        sotw.Publish(Kept("c1", 80, port: 2));
        delta.Publish(Kept("c1", 80, port: 2));
        Taken(sotw, delta, "eds c1");
    }

    /// <summary>After a reconnect an Envoy names the version that it had, even where its endpoints ended.</summary>
    [Fact]
    public void Reconnect_WithTheSameVersion_IsSentWhatIsLeftNow()
    {
        var kept = Kept("c1", 60);
        var client = new DeltaClient(Fixtures.Snapshot(kept)) { Now = TimeSpan.FromSeconds(50) };
        client.Send(Eds, ["c1"], before: [("c1", kept.Version)]);
        Assert.Equal(["eds c1"], client.Take());
        Assert.Equal(TimeSpan.FromSeconds(10), Left(client));
    }

    [Fact]
    public void End_LeavesThePolicyThatTheEndpointsHave()
    {
        var drop = new ClusterLoadAssignment.Types.Policy.Types.DropOverload
        {
            Category = "some",
            DropPercentage = new FractionalPercent { Numerator = 7 },
        };
        var client = new DeltaClient(Fixtures.Snapshot(Resource.Create(new ClusterLoadAssignment
        {
            ClusterName = "c1",
            Policy = new ClusterLoadAssignment.Types.Policy { DropOverloads = { drop }, OverprovisioningFactor = 150 },
        }).KeptUntil(TimeSpan.FromSeconds(5))));
        client.Subscribe(Eds, "c1");
        client.Take();
        var policy = client.Last(Eds).Resources[0].Resource_.Unpack<ClusterLoadAssignment>().Policy;
        Assert.Equal(drop, Assert.Single(policy.DropOverloads));
        Assert.Equal((150u, TimeSpan.FromSeconds(4)), (policy.OverprovisioningFactor,
            policy.EndpointStaleAfter.ToTimeSpan()));
    }

    private static void Taken(SotwClient sotw, DeltaClient delta, params string[] responses)
    {
        Assert.Equal(responses, sotw.Take());
        Assert.Equal(responses, delta.Take());
    }

    private static Resource Kept(string name, int until, int port = 1) =>
        Fixtures.Endpoints(name, port).KeptUntil(TimeSpan.FromSeconds(until));

    private static (SotwClient Sotw, DeltaClient Delta) Both(Resource endpoints, double now)
    {
        var snapshot = Fixtures.Snapshot(endpoints);
        var (sotw, delta) = (new SotwClient(snapshot), new DeltaClient(snapshot));
        (sotw.Now, delta.Now) = (TimeSpan.FromSeconds(now), TimeSpan.FromSeconds(now));
        sotw.Request(Eds, [endpoints.Name]);
        delta.Subscribe(Eds, endpoints.Name);
        return (sotw, delta);
    }

    private static TimeSpan? Left(SotwClient client) =>
        Left(client.Last(Eds).Resources.Single().Unpack<ClusterLoadAssignment>());

    private static TimeSpan? Left(DeltaClient client) =>
        Left(client.Last(Eds).Resources.Single().Resource_.Unpack<ClusterLoadAssignment>());

    private static TimeSpan? Left(ClusterLoadAssignment assignment) =>
        assignment.Policy?.EndpointStaleAfter?.ToTimeSpan();
}
