using Fairlead.Identities;
using Fairlead.Sidecar.Proxy;
using Fairlead.Sidecar.Proxy.Balancing;
using Fairlead.Sidecar.Proxy.Forwarding;
using Fairlead.Sidecar.Proxy.Services;
using Fairlead.TestKit;
using Microsoft.Extensions.Logging.Abstractions;

namespace Fairlead.Sidecar.Tests.Proxy;

public sealed class ServiceTableTests
{
    private const string Name = ProxyWorld.Name;

    private readonly ManualTimeProvider _time = new();
    private readonly List<(string, bool)> _interest = [];
    private readonly List<string> _renewed = [];
    private readonly Dictionary<string, ProxiedService> _known = [];
    private int _connections;

    [Fact]
    public void Name_IsAskedForOnceAndGivenUpWhenIdle()
    {
        var table = Table(new ProxyOptions());
        var entry = table.Use(Name);
        Assert.Same(entry, table.Use(Name));
        Assert.Equal([(Name, true)], _interest);

        _time.Advance(TimeSpan.FromMinutes(10));
        Assert.Same(entry, table.Use(Name));
        _time.Advance(TimeSpan.FromMinutes(14));
        Assert.Equal([(Name, true)], _interest);
        _time.Advance(TimeSpan.FromMinutes(2));
        Assert.Equal([(Name, true), (Name, false)], _interest);
        Assert.NotSame(entry, table.Use(Name));
    }

    [Fact]
    public void Name_WithARequestUnderWay_IsNotGivenUp()
    {
        var table = Table(new ProxyOptions());
        var entry = table.Use(Name)!;
        table.Publish(ProxyWorld.Service([ProxyWorld.Endpoint(1)]));
        var lease = entry.For(null).Pool!.Choose([])!;
        _time.Advance(TimeSpan.FromHours(2));
        Assert.Equal([(Name, true)], _interest);
        lease.Dispose();
        _time.Advance(TimeSpan.FromMinutes(1));
        Assert.Equal([(Name, true), (Name, false)], _interest);
    }

    /// <summary>The resolver hears once in a minute that a name is used, by whichever request comes first, and the
    /// others cost nothing.</summary>
    [Fact]
    public void Name_ThatIsUsed_IsWantedAgainOnceAMinute()
    {
        var table = Table(new ProxyOptions());
        var entry = table.Use(Name)!;
        table.Use("other.shop.svc.us1.internal");
        _time.Advance(TimeSpan.FromSeconds(59));
        table.Use(Name);
        Assert.Empty(_renewed);
        for (var minute = 1; minute <= 3; minute++)
        {
            _time.Advance(TimeSpan.FromMinutes(1));
            table.Use(Name);
            Assert.Equal(Enumerable.Repeat(Name, minute), _renewed);
            var before = GC.GetAllocatedBytesForCurrentThread();
            for (var i = 0; i < 1_000; i++)
            {
                table.Use(Name);
            }

            Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
            Assert.Equal(minute, _renewed.Count);
        }

        // Also by the request that finds it long unused.
        _time.Advance(TimeSpan.FromMinutes(8));
        Assert.Same(entry, table.Use(Name));
        Assert.Equal(4, _renewed.Count);
        Assert.Equal(2, _interest.Count);
    }

    [Fact]
    public void Names_AreBoundedAndIdleOnesMakeRoom()
    {
        var table = Table(new ProxyOptions { NamesMax = 2 });
        Assert.NotNull(table.Use("a.b.svc.us1.internal"));
        Assert.NotNull(table.Use("b.b.svc.us1.internal"));
        Assert.Null(table.Use("c.b.svc.us1.internal"));
        _time.Advance(TimeSpan.FromMinutes(15));
        Assert.NotNull(table.Use("c.b.svc.us1.internal"));
    }

    [Fact]
    public void Name_KnownBefore_IsThereAtItsFirstUse()
    {
        _known[Name] = ProxyWorld.Service([ProxyWorld.Endpoint(1)]);
        var entry = Table(new ProxyOptions()).Use(Name)!;
        Assert.True(entry.Settled.IsCompleted);
        Assert.NotNull(entry.For(80).Pool);
    }

    /// <summary>What was known before is taken over by one thread while another hears of a change.</summary>
    [Fact]
    public void Change_IsNotOvertakenByWhatWasKnownBefore()
    {
        var (before, change) = (ProxyWorld.Service([]), ProxyWorld.Service([ProxyWorld.Endpoint(1)]));
        var options = new ProxyOptions();
        using var begun = new SemaphoreSlim(0);
        ServiceEntry? entry = null;
        var starts = new Thread(() =>
        {
            while (true)
            {
                begun.Wait();
                if (Volatile.Read(ref entry) is not { } now)
                {
                    return;
                }

                now.Start(before);
            }
        });
        starts.Start();
        var isOvertaken = false;
        for (var i = 0; i < 1000 && !isOvertaken; i++)
        {
            // Within the change the other thread gets to where it waits for its end.
            entry = new ServiceEntry(Name, Pool, 0);
            entry.Apply(change);
            Thread.Yield();
            isOvertaken = entry.Service != change;
        }

        Volatile.Write(ref entry, null);
        begun.Release();
        starts.Join();
        Assert.False(isOvertaken);

        EndpointPool Pool()
        {
            begun.Release();
            Thread.SpinWait(500);
            return new EndpointPool(options, _time, new Random(1), _ => throw new InvalidOperationException());
        }
    }

    [Fact]
    public void Name_ThatNobodyUses_CostsNothing()
    {
        var table = Table(new ProxyOptions());
        table.Publish(ProxyWorld.Service([ProxyWorld.Endpoint(1)]));
        Assert.Equal(0, table.Updates);
        Assert.Empty(table.Entries);
    }

    /// <summary>One call for a change, however many endpoints it has; and no connection before a request wants
    /// one.</summary>
    [Fact]
    public void Change_OfAThousandEndpoints_IsOneCall()
    {
        var table = Table(new ProxyOptions());
        var pool = Fill(1000);
        Assert.Equal(1, table.Updates);
        Assert.Equal(1000, pool.Endpoints.Count);

        var before = pool.Endpoints.ToDictionary(one => one.Key);
        Fill(999);
        Assert.Equal(2, table.Updates);
        Assert.Equal(999, pool.Endpoints.Count);
        Assert.All(pool.Endpoints, one => Assert.Same(before[one.Key], one));
        Assert.Equal(0, _connections);

        pool.Choose([])!.Dispose();
        Assert.Equal(1, _connections);

        EndpointPool Fill(int count)
        {
            var entry = table.Use(Name)!;
            table.Publish(ProxyWorld.Service(Enumerable.Range(0, count)
                .Select(i => ProxyWorld.Endpoint(80, address: $"10.0.{i / 250}.{i % 250}"))));
            return entry.For(null).Pool!;
        }
    }

    [Fact]
    public void Strict_Endpoints_EndTheirRequestsWhenTheyGoAndOthersDoNot()
    {
        var table = Table(new ProxyOptions());
        var entry = table.Use(Name)!;
        table.Publish(ProxyWorld.Service([ProxyWorld.Endpoint(1), ProxyWorld.Endpoint(2), ProxyWorld.Endpoint(3)]));
        table.Publish(ProxyWorld.Service([ProxyWorld.Endpoint(1), Strict(2), Strict(3)]));
        using var one = entry.For(null).Pool!.Choose([])!;
        using var two = entry.For(null).Pool!.Choose([one.Endpoint])!;
        using var three = entry.For(null).Pool!.Choose([one.Endpoint, two.Endpoint])!;
        PooledEndpoint At(int port) =>
            new[] { one, two, three }.Single(lease => lease.Endpoint.Key.Target.Port == port).Endpoint;

        table.Publish(ProxyWorld.Service([Strict(3)]));
        Assert.False(At(1).Ends.IsCancellationRequested);
        Assert.True(At(2).Ends.IsCancellationRequested);
        Assert.False(At(3).Ends.IsCancellationRequested);

        table.Publish(ProxiedService.Without(Name, ServiceStatus.Expired, "expired"));
        Assert.False(At(1).Ends.IsCancellationRequested);
        Assert.True(At(3).Ends.IsCancellationRequested);
    }

    [Fact]
    public void Strict_EndpointWithMoreIdentities_KeepsItsRequestsUntilOneIsTakenBack()
    {
        var table = Table(new ProxyOptions());
        var entry = table.Use(Name)!;
        table.Publish(ProxyWorld.Service([Strict(1, "spiffe://a/x")]));
        using var lease = entry.For(null).Pool!.Choose([])!;

        table.Publish(ProxyWorld.Service([Strict(1, "spiffe://a/x", "spiffe://a/y")]));
        Assert.NotSame(lease.Endpoint, entry.For(null).Pool!.Endpoints.Single());
        Assert.False(lease.Endpoint.Ends.IsCancellationRequested);

        table.Publish(ProxyWorld.Service([Strict(1, "spiffe://a/y")]));
        Assert.True(lease.Endpoint.Ends.IsCancellationRequested);
    }

    [Fact]
    public void Strict_EndpointWhoseAuthorityGoes_EndsItsRequestsAndAnotherAuthorityDoesNot()
    {
        var old = new CertificateAuthority("a", _time.GetUtcNow());
        var young = new CertificateAuthority("a", _time.GetUtcNow());
        var table = Table(new ProxyOptions());
        var entry = table.Use(Name)!;
        Publish(old);
        using var lease = entry.For(null).Pool!.Choose([])!;

        Publish(old, young);
        Assert.False(lease.Endpoint.Ends.IsCancellationRequested);

        // Nor is the name unused that has such a request.
        Assert.True(entry.IsBusy);
        Publish(young);
        Assert.True(lease.Endpoint.Ends.IsCancellationRequested);

        void Publish(params CertificateAuthority[] authorities)
        {
            Assert.True(TrustBundle.TryRead(
                "a", authorities.Select(one => one.Certificate.RawDataMemory), out var bundle));
            table.Publish(ProxyWorld.Service([Strict(1, "spiffe://a/x")], bundles: bundle!));
        }
    }

    [Fact]
    public void Ports_ThatGo_TakeTheirEndpointsAlong()
    {
        var table = Table(new ProxyOptions());
        var entry = table.Use(Name)!;
        table.Publish(ProxyWorld.Service([ProxyWorld.Endpoint(1)]));
        var lease = entry.For(null).Pool!.Choose([])!;
        table.Publish(ProxiedService.Without(Name, ServiceStatus.Denied, "denied"));
        Assert.Null(entry.For(null).Pool);
        Assert.False(lease.Client.IsClosed);
        lease.Dispose();
        Assert.True(lease.Client.IsClosed);
    }

    private static ProxiedEndpoint Strict(int port, params string[] identities) =>
        ProxyWorld.Endpoint(port, isStrict: true, identities: identities);

    private ServiceTable Table(ProxyOptions options)
    {
        var files = new SvidFiles(null, _time);
        return new ServiceTable(
            options,
            _time,
            () => new EndpointPool(options, _time, new Random(1), key =>
            {
                _connections++;
                return new EndpointClient(key, files, options, _time, NullLogger.Instance);
            }),
            _known.GetValueOrDefault,
            (name, isWanted) => _interest.Add((name, isWanted)),
            _renewed.Add);
    }
}
