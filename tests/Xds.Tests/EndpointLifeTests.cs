using Fairlead.EnvoyApi.Endpoints;
using Fairlead.EnvoyApi.Types;
using Fairlead.Xds.Streams;
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
        var (sotw, delta) = Both(now, Kept("c1", 60));
        Taken(sotw, delta, "eds c1");
        Assert.Equal(TimeSpan.FromSeconds(left), Left(sotw));
        Assert.Equal(TimeSpan.FromSeconds(left), Left(delta));
    }

    [Fact]
    public void End_IsReckonedByTheServersClock()
    {
        var (sotw, delta) = Both(2, Kept("c1", 1_060));
        sotw.Stream.StartedAt = delta.Stream.StartedAt = TimeSpan.FromSeconds(1_000);
        Taken(sotw, delta, "eds c1");
        Assert.Equal((TimeSpan.FromSeconds(58), TimeSpan.FromSeconds(58)), (Left(sotw), Left(delta)));
    }

    [Fact]
    public void Later_End_IsSentAtTheSameVersion_AndNoneIsTakenBack()
    {
        var (sotw, delta) = Both(1, Kept("c1", 60));
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

    /// <summary>A refusal is of a whole response: whoever is innocent of it is told later ends on, and who is not is
    /// found by what is refused alone. Nothing is sent again at the same end.</summary>
    [Fact]
    public void Later_End_OfWhatWasRefusedTogether_IsSentOneByOne()
    {
        string[] names = ["c1", "c2", "c3"];
        Resource[] At(int until) => [.. names.Select(name => Kept(name, until))];
        var (sotw, delta) = Both(1, At(60));
        Taken(sotw, delta, "eds c1 c2 c3");
        sotw.Nack(Eds, names);
        delta.Nack(Eds);
        var alone = delta.TakeAlone();
        foreach (var name in names)
        {
            Assert.Equal([$"eds {name}"], sotw.Take());
            _ = name == "c2" ? sotw.Nack(Eds, names) : sotw.Ack(Eds, names);
            delta.Say(Eds, alone[name], isTaken: name != "c2");
        }

        Taken(sotw, delta);
        foreach (var until in new[] { 80, 100 })
        {
            Publish(At(until));
            foreach (var name in names)
            {
                Taken(sotw, delta, $"eds {name}");
                Assert.Equal(TimeSpan.FromSeconds(until - 1), Left(sotw));
                Assert.Equal(TimeSpan.FromSeconds(until - 1), Left(delta));
                Say(isTaken: name != "c2");
            }

            Taken(sotw, delta);
            Assert.Equal(["c2"], Refused(sotw.Stream.Types));
            Assert.Equal(["c2"], Refused(delta.Stream.Types));
        }

        Publish([Kept("c2", 100, port: 2)]);
        Taken(sotw, delta, "eds c2");
        Say(isTaken: true);
        Publish(At(120));
        Taken(sotw, delta, "eds c1 c2 c3");

        void Publish(Resource[] resources)
        {
            sotw.Publish(resources);
            delta.Publish(resources);
        }

        void Say(bool isTaken)
        {
            _ = isTaken ? sotw.Ack(Eds, names) : sotw.Nack(Eds, names);
            _ = isTaken ? delta.Ack(Eds) : delta.Nack(Eds);
        }
    }

    /// <summary>What is left counts from when it was written: a client that read it late goes on for too
    /// long.</summary>
    [Fact]
    public void End_ThatIsTakenLate_IsToldAgain_ButNotWithoutEnd()
    {
        var (sotw, delta) = Both(1, Kept("c1", 60));
        Taken(sotw, delta, "eds c1");
        var now = TimeSpan.FromSeconds(1);
        void Ack(double after)
        {
            sotw.Now = delta.Now = now += TimeSpan.FromSeconds(after);
            sotw.Ack(Eds, "c1");
            delta.Ack(Eds);
        }

        Ack(0.05);
        Taken(sotw, delta);
        Renew(80);
        for (var i = 0; i < 3; i++)
        {
            Ack(0.06);
            Taken(sotw, delta, "eds c1");
            Assert.Equal(TimeSpan.FromSeconds(80) - now, Left(sotw));
            Assert.Equal(TimeSpan.FromSeconds(80) - now, Left(delta));
        }

        // It is as slow as that; much slower than that is told again at any time.
        Ack(0.06);
        Taken(sotw, delta);
        Renew(81);
        Ack(1);
        Taken(sotw, delta, "eds c1");
        Ack(0.01);
        Taken(sotw, delta);
        Renew(82);
        Ack(0.06);
        Taken(sotw, delta, "eds c1");

        // What was sent meanwhile took its place; and what has no end is not told again.
        Renew(null);
        Ack(10);
        Taken(sotw, delta, "eds c1");
        Ack(10);
        Taken(sotw, delta);

        void Renew(int? until)
        {
            var kept = Fixtures.Endpoints("c1", 1).KeptUntil(until is { } at ? TimeSpan.FromSeconds(at) : null);
            sotw.Publish(kept);
            delta.Publish(kept);
            if (until is not null)
            {
                Taken(sotw, delta, "eds c1");
            }
        }
    }

    /// <summary>All ends may move at one moment: each part of what is due looks at what is left of it alone.</summary>
    [Fact]
    public void Ends_OfManyNames_AreLookedAtNoMoreOnceTheyAreSent()
    {
        Resource[] At(int until) => [.. Enumerable.Range(0, 60).Select(i => Kept($"c{i:d2}", until))];
        var limits = XdsLimits.Default with { EndpointBytes = 10 * At(1)[0].Framed.Length };
        var (sotw, delta) = Both(1, limits, At(60));
        Assert.Equal(sotw.Take(), delta.Take());
        string[] names = [.. At(1).Select(one => one.Name)];
        sotw.Ack(Eds, names);
        delta.Ack(Eds);
        sotw.Publish(At(80));
        delta.Publish(At(80));
        for (var i = 1; i <= 6; i++)
        {
            Assert.Equal($"eds {string.Join(' ', names[((i - 1) * 10)..(i * 10)])}", Assert.Single(sotw.Take()));
            Assert.Equal($"eds {string.Join(' ', names[((i - 1) * 10)..(i * 10)])}", Assert.Single(delta.Take()));
            Assert.Equal(names[(i * 10)..], sotw.Stream.Types.Single().Looks.Names);
            Assert.Equal(names[(i * 10)..], delta.Stream.Types.Single().Looks.Names);
            sotw.Ack(Eds, names);
            delta.Ack(Eds);
        }

        Taken(sotw, delta);
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

    private static (SotwClient Sotw, DeltaClient Delta) Both(double now, params Resource[] endpoints) =>
        Both(now, null, endpoints);

    private static (SotwClient Sotw, DeltaClient Delta) Both(double now, XdsLimits? limits, Resource[] endpoints)
    {
        var snapshot = Fixtures.Snapshot(endpoints);
        var (sotw, delta) = (new SotwClient(snapshot, limits), new DeltaClient(snapshot, limits));
        (sotw.Now, delta.Now) = (TimeSpan.FromSeconds(now), TimeSpan.FromSeconds(now));
        string[] names = [.. endpoints.Select(one => one.Name)];
        sotw.Request(Eds, names);
        delta.Subscribe(Eds, names);
        return (sotw, delta);
    }

    private static IEnumerable<string> Refused(IEnumerable<TypeState> types) =>
        types.Single().Sent.Keys.Where(types.Single().IsRefused);

    private static TimeSpan? Left(SotwClient client) =>
        Left(client.Last(Eds).Resources.Single().Unpack<ClusterLoadAssignment>());

    private static TimeSpan? Left(DeltaClient client) =>
        Left(client.Last(Eds).Resources.Single().Resource_.Unpack<ClusterLoadAssignment>());

    private static TimeSpan? Left(ClusterLoadAssignment assignment) =>
        assignment.Policy?.EndpointStaleAfter?.ToTimeSpan();
}
