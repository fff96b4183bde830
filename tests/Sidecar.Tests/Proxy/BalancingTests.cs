using System.Collections.Immutable;
using Fairlead.Identities;
using Fairlead.Sidecar.Proxy;
using Fairlead.Sidecar.Proxy.Balancing;
using Fairlead.Sidecar.Proxy.Forwarding;
using Fairlead.Sidecar.Proxy.Services;
using Fairlead.TestKit;
using Microsoft.Extensions.Logging.Abstractions;

namespace Fairlead.Sidecar.Tests.Proxy;

public sealed class BalancingTests(ITestOutputHelper output)
{
    private const int Seed = 20261128;

    private readonly ManualTimeProvider _time = new();
    private readonly ProxyOptions _options = new() { Region = "us", Zone = "a" };

    /// <summary>Envoy's table for two priorities, and both degraded.</summary>
    [Theory]
    [InlineData(100, 100, 100, 0)]
    [InlineData(72, 100, 100, 0)]
    [InlineData(71, 100, 99, 1)]
    [InlineData(50, 100, 70, 30)]
    [InlineData(25, 100, 35, 65)]
    [InlineData(0, 100, 0, 100)]
    [InlineData(25, 25, 50, 50)]
    [InlineData(0, 0, 0, 0)]
    public void Load_OfLevels_FollowsEnvoy(int first, int second, int load1, int load2) =>
        Assert.Equal([load1, load2], PriorityLoad.Spread([(first, 100), (second, 100)]));

    [Fact]
    public void Load_OfOneInThousands_IsNotNothing() =>
        Assert.Equal([0, 100], PriorityLoad.Spread([(0, 5), (1, 5000)]));

    [Fact]
    public void Zone_TakesAllUntilTooFewAreLeft()
    {
        var pool = Pool([.. Zone("a", 4, 1), .. Zone("b", 4, 11), .. Zone("", 4, 21, region: "eu")]);
        Assert.Equal([100, 0, 0], pool.Loads);
        Assert.All(Draw(pool, 200), port => Assert.InRange(port, 1, 4));

        Eject(pool, 1, 2);
        Assert.Equal([70, 30, 0], pool.Loads);
        var drawn = Draw(pool, 4000);
        Assert.InRange(drawn.Count(port => port is 3 or 4), 2600, 3000);
        Assert.DoesNotContain(drawn, port => port is 1 or 2 or > 20);

        Eject(pool, 3, 4);
        Assert.Equal([0, 100, 0], pool.Loads);
    }

    [Fact]
    public void Readiness_OfItsCluster_CountsLikeEjection()
    {
        var pool = Pool([
            Endpoint(1), Endpoint(2, EndpointReadiness.Unready), Endpoint(3, EndpointReadiness.Draining),
            .. Zone("b", 3, 11)]);
        Assert.Equal([46, 54], pool.Loads);
        Assert.Equal([1, 11, 12, 13], Draw(pool, 500).Distinct().Order());
    }

    [Fact]
    public void Priority_OfTheAnswer_StandsAboveLocality()
    {
        var pool = Pool([
            ProxyWorld.Endpoint(1, zone: "b", region: "eu", priority: 0), ProxyWorld.Endpoint(
                2, zone: "a", region: "us", priority: 1)]);
        Assert.All(Draw(pool, 50), port => Assert.Equal(1, port));
        Eject(pool, 1);
        Assert.All(Draw(pool, 50), port => Assert.Equal(2, port));
    }

    [Fact]
    public void Weights_HoldWhileNothingIsBusy()
    {
        output.WriteLine($"seed {Seed}");
        var pool = Pool([Weighted(1, 1), Weighted(2, 3), Weighted(3, 6)]);
        var drawn = Draw(pool, 10_000).CountBy(port => port).ToDictionary();
        Assert.InRange(drawn[1], 850, 1150);
        Assert.InRange(drawn[2], 2800, 3200);
        Assert.InRange(drawn[3], 5750, 6250);
    }

    [Fact]
    public void Choice_IsTheSameUnderTheSameRandom() => Assert.Equal(
        Draw(Pool(Zone("a", 9, 1)), 100), Draw(Pool(Zone("a", 9, 1)), 100));

    [Fact]
    public void Busy_Endpoint_IsLeftAlone()
    {
        var pool = Pool(Zone("a", 2, 1));
        var held = Enumerable.Range(0, 40).Select(_ => pool.Choose([])!).ToList();
        foreach (var lease in held.Where(one => one.Endpoint.Key.Target.Port == 1))
        {
            lease.Dispose();
        }

        // One has some 20 requests, the other none: of two draws the idle one wins unless both hit the busy one.
        var idle = Draw(pool, 1000).Count(port => port == 1);
        Assert.InRange(idle, 700, 800);
    }

    [Fact]
    public void Tried_Endpoint_IsNotChosenAgain()
    {
        var pool = Pool([.. Zone("a", 2, 1), .. Zone("b", 1, 11)]);
        var tried = new List<PooledEndpoint>();
        while (pool.Choose(tried) is { } lease)
        {
            tried.Add(lease.Endpoint);
            lease.Dispose();
        }

        Assert.Equal(3, tried.Distinct().Count());
        Assert.Equal(11, tried[2].Key.Target.Port);
    }

    [Fact]
    public void Failures_InARow_EjectAndASuccessBetweenDoesNot()
    {
        var pool = Pool(Zone("a", 2, 1));
        Fail(pool, 1, 2);
        pool.Succeeded(Of(pool, 1));
        Fail(pool, 1, 2);
        Assert.Equal([1, 2], Draw(pool, 50).Distinct().Order());
        Fail(pool, 1, 1);
        Assert.Equal([2], Draw(pool, 50).Distinct());
    }

    /// <summary>A cluster is dead and withdraws nothing: three connects that nobody answers, and then probes
    /// alone.</summary>
    [Fact]
    public void Endpoint_ThatTakesNoConnection_IsLeftAfterSixSeconds()
    {
        var pool = Pool([.. Zone("a", 1, 1), .. Zone("b", 1, 11)]);
        var began = _time.GetTimestamp();
        var failed = new List<TimeSpan>();
        while (_time.GetElapsedTime(began) < TimeSpan.FromMinutes(1))
        {
            using var lease = pool.Choose([])!;
            if (lease.Endpoint.Key.Target.Port == 1)
            {
                _time.Advance(_options.ConnectTimeout);
                lease.Failed();
                failed.Add(_time.GetElapsedTime(began));
            }
            else
            {
                _time.Advance(TimeSpan.FromMilliseconds(50));
                lease.Succeeded();
            }
        }

        Assert.Equal([2, 4, 6], failed.Take(3).Select(at => at.TotalSeconds));

        // Each after an ejection twice as long as the one before, a tenth longer at most; 40 s do not end here.
        Assert.Equal(6, failed.Count);
        Assert.All([5, 10, 20], (ejection, i) => Assert.InRange(
            (failed[i + 3] - failed[i + 2]).TotalSeconds, ejection + 2, (1.1 * ejection) + 2.05));
    }

    [Fact]
    public void Ejection_Ends_WithOneProbeAtATime()
    {
        var pool = Pool(Zone("a", 2, 1));
        Eject(pool, 1);
        _time.Advance(TimeSpan.FromSeconds(4.9));
        Assert.Equal([2], Draw(pool, 50).Distinct());

        _time.Advance(TimeSpan.FromSeconds(0.7));
        var probe = Until(pool, 1);
        Assert.Equal([2], Draw(pool, 50).Distinct());

        // The probe fails: out again, for twice as long.
        probe.Failed();
        probe.Dispose();
        _time.Advance(TimeSpan.FromSeconds(9.9));
        Assert.Equal([2], Draw(pool, 50).Distinct());
        _time.Advance(TimeSpan.FromSeconds(1.2));
        probe = Until(pool, 1);
        probe.Succeeded();
        probe.Dispose();
        Assert.Equal([1, 2], Draw(pool, 50).Distinct().Order());
    }

    [Fact]
    public void Probe_ThatSaysNothing_LeavesRoomForAnother()
    {
        var pool = Pool(Zone("a", 2, 1));
        Eject(pool, 1);
        _time.Advance(TimeSpan.FromSeconds(6));
        Until(pool, 1).Dispose();
        Until(pool, 1).Dispose();
    }

    [Fact]
    public void Ejection_IsNeverLongerThanItsMaximum()
    {
        var pool = Pool(Zone("a", 2, 1));
        Eject(pool, 1);
        for (var i = 0; i < 30; i++)
        {
            _time.Advance(TimeSpan.FromMinutes(5.6));
            var probe = Until(pool, 1);
            probe.Failed();
            probe.Dispose();
        }
    }

    /// <summary>The panic rule: readiness is signed, ejection is an observation, and one that all fail is more likely
    /// wrong.</summary>
    [Fact]
    public void Ejection_OfAll_LeavesAllReadyOnes()
    {
        var pool = Pool([.. Zone("a", 2, 1), Endpoint(3, EndpointReadiness.Unready)]);
        Eject(pool, 1, 2);
        Assert.Equal([1, 2], Draw(pool, 50).Distinct().Order());
    }

    [Fact]
    public void Nothing_Ready_IsNothing()
    {
        Assert.Null(Pool([Endpoint(1, EndpointReadiness.Unready), Endpoint(2, EndpointReadiness.Draining)]).Choose([]));
        Assert.Null(Pool([]).Choose([]));
    }

    [Fact]
    public void Change_KeepsWhatStaysAndDrainsWhatGoes()
    {
        var pool = Pool(Zone("a", 2, 1));
        var (one, two) = (Until(pool, 1), Until(pool, 2));
        pool.Apply([Weighted(2, 9), Weighted(3, 1)], 0, ProxyWorld.Service([]).Bundles);
        Assert.Equal([2, 3], Draw(pool, 200).Distinct().Order());
        Assert.False(one.Client.IsClosed);
        one.Dispose();
        Assert.True(one.Client.IsClosed);
        two.Dispose();
        Assert.False(two.Client.IsClosed);
        Assert.Equal(9u, Of(pool, 2).Spec.Weight);
        Assert.Same(two.Endpoint, Of(pool, 2));
    }

    [Fact]
    public void Change_OfIdentity_MakesAnotherEndpoint()
    {
        var pool = Pool([ProxyWorld.Endpoint(1, identities: "spiffe://us1.internal/a")]);
        var before = Of(pool, 1);
        pool.Apply([ProxyWorld.Endpoint(1, identities: "spiffe://us1.internal/b")], 0, ProxyWorld.Service([]).Bundles);
        Assert.NotSame(before, Of(pool, 1));
    }

    /// <summary>Endpoints of a name of several segments have bundles of their own, and no other's.</summary>
    [Fact]
    public void Bundles_OfAnEndpoint_TakeThePlaceOfItsServices()
    {
        const string Identity = "spiffe://us1.internal/a";
        var of = Enumerable.Range(0, 3).Select(_ => new CertificateAuthority("us1.internal", _time.GetUtcNow()).Bundle)
            .ToArray();
        var empty = ImmutableDictionary<string, TrustBundle>.Empty;
        var pool = Pool([]);
        pool.Apply(
            [
                ProxyWorld.Endpoint(1, identities: Identity) with { Bundles = empty.Add("us1.internal", of[1]) },
                ProxyWorld.Endpoint(2, identities: Identity) with { Bundles = empty.Add("us1.internal", of[2]) },
                ProxyWorld.Endpoint(3, identities: Identity) with { Bundles = empty },
                ProxyWorld.Endpoint(4, identities: Identity),
            ],
            0,
            empty.Add("us1.internal", of[0]));
        Assert.Equal(
            [of[1].Digest, of[2].Digest, null, of[0].Digest],
            Enumerable.Range(1, 4)
                .Select(port => Of(pool, port).Key.Bundles.GetValueOrDefault("us1.internal")?.Digest));
    }

    [Fact]
    public void Retries_AreAFifthOfTheRequestsAndAtLeastThree()
    {
        var budget = new RetryBudget();
        Assert.Equal([true, true, true, false], Enumerable.Range(0, 4).Select(_ => budget.TryRetry()));
        for (var i = 0; i < 25; i++)
        {
            budget.Begin();
        }

        Assert.Equal([true, true, false], Enumerable.Range(0, 3).Select(_ => budget.TryRetry()));
        budget.End(5);
        Assert.True(budget.TryRetry());
    }

    private EndpointPool Pool(IEnumerable<ProxiedEndpoint> endpoints)
    {
        var files = new SvidFiles(null, _time);
        var pool = new EndpointPool(
            _options, _time, new Random(Seed), key =>
                new EndpointClient(key, files, _options, _time, NullLogger.Instance));
        pool.Apply(endpoints, 0, ProxyWorld.Service([]).Bundles);
        return pool;
    }

    private static List<int> Draw(EndpointPool pool, int count) => [.. Enumerable.Range(0, count).Select(_ =>
    {
        using var lease = pool.Choose([]);
        return lease!.Endpoint.Key.Target.Port;
    })];

    private static Lease Until(EndpointPool pool, int port)
    {
        for (var i = 0; i < 1000; i++)
        {
            var lease = pool.Choose([])!;
            if (lease.Endpoint.Key.Target.Port == port)
            {
                return lease;
            }

            lease.Dispose();
        }

        throw new InvalidOperationException($"{port} is never chosen");
    }

    private static PooledEndpoint Of(EndpointPool pool, int port) =>
        pool.Endpoints.Single(one => one.Key.Target.Port == port);

    private static void Fail(EndpointPool pool, int port, int times)
    {
        for (var i = 0; i < times; i++)
        {
            pool.Failed(Of(pool, port), isProbe: false);
        }
    }

    private void Eject(EndpointPool pool, params int[] ports) =>
        Array.ForEach(ports, port => Fail(pool, port, _options.FailuresToEject));

    private static IEnumerable<ProxiedEndpoint> Zone(string zone, int count, int first, string region = "us") =>
        Enumerable.Range(first, count).Select(port => ProxyWorld.Endpoint(port, zone: zone, region: region));

    private static ProxiedEndpoint Endpoint(int port, EndpointReadiness readiness = EndpointReadiness.Ready) =>
        ProxyWorld.Endpoint(port, zone: "a", region: "us", readiness: readiness);

    private static ProxiedEndpoint Weighted(int port, uint weight) =>
        ProxyWorld.Endpoint(port, zone: "a", region: "us", weight: weight);
}
