using System.Net;
using Fairlead.Identities;
using Fairlead.Sidecar.Proxy.Forwarding;
using Fairlead.Sidecar.Proxy.Services;

namespace Fairlead.Sidecar.Proxy.Balancing;

/// <summary>
/// The endpoints of one port of one service, and who among them takes the next request. Thread-safe; one short lock, so
/// that choices are in an order, and the same under the same <see cref="Random"/>.
/// </summary>
internal sealed class EndpointPool
{
    private readonly ProxyOptions _options;
    private readonly TimeProvider _time;
    private readonly Random _random;
    private readonly Func<EndpointKey, EndpointClient> _connect;
    private readonly Lock _gate = new();
    private Dictionary<EndpointKey, PooledEndpoint> _endpoints = [];
    private PoolView? _view;

    internal EndpointPool(
        ProxyOptions options, TimeProvider time, Random random, Func<EndpointKey, EndpointClient> connect) =>
        (_options, _time, _random, _connect) = (options, time, random, connect);

    /// <summary>Bounds the retries to these endpoints.</summary>
    internal RetryBudget Retries { get; } = new();

    /// <summary>The endpoints now; for admin and tests.</summary>
    internal IReadOnlyCollection<PooledEndpoint> Endpoints
    {
        get
        {
            lock (_gate)
            {
                return [.. _endpoints.Values];
            }
        }
    }

    /// <summary>The levels' loads now; for admin and tests.</summary>
    internal IReadOnlyList<int> Loads
    {
        get
        {
            lock (_gate)
            {
                return [.. View(Now()).Loads];
            }
        }
    }

    /// <summary>
    /// Takes over the endpoints of an answer in one step. Those that stay keep connections and health; those that went
    /// are retired; one that comes back with more identities or authorities is the same to the requests that it had.
    /// Nothing is connected to.
    /// </summary>
    internal void Apply(
        IEnumerable<ProxiedEndpoint> endpoints, int port, IReadOnlyDictionary<string, TrustBundle> bundles)
    {
        List<PooledEndpoint> gone;
        var come = new Dictionary<IPEndPoint, PooledEndpoint>();
        lock (_gate)
        {
            var next = new Dictionary<EndpointKey, PooledEndpoint>();
            foreach (var endpoint in endpoints)
            {
                var key = new EndpointKey(endpoint, port, endpoint.Bundles ?? bundles);
                if (next.ContainsKey(key))
                {
                    continue; // Listed twice, under two hosts: it is one endpoint all the same.
                }

                if (_endpoints.Remove(key, out var known))
                {
                    known.Spec = endpoint;
                }

                if (known is null)
                {
                    known = new PooledEndpoint(key, endpoint, _connect);
                    come.TryAdd(key.Target, known);
                }

                next.Add(key, known);
            }

            gone = [.. _endpoints.Values];
            gone.ForEach(one => one.HandOver(come.GetValueOrDefault(one.Key.Target)));
            _endpoints = next;
            _view = null;
        }

        gone.ForEach(one => one.Retire());
    }

    /// <summary>Chooses where a request goes; null where nothing is ready, or nothing that was not tried.</summary>
    internal Lease? Choose(IReadOnlyCollection<PooledEndpoint> tried)
    {
        lock (_gate)
        {
            var now = Now();
            var endpoint = View(now).Choose(_random, tried);
            if (endpoint?.TryEnter() is not { } client)
            {
                return null;
            }

            var isProbe = endpoint.Health.Begin(now);
            if (isProbe)
            {
                _view = null;
            }

            return new Lease(this, endpoint, client, isProbe);
        }
    }

    /// <summary>Notes that an endpoint answered.</summary>
    internal void Succeeded(PooledEndpoint endpoint)
    {
        lock (_gate)
        {
            Changed(endpoint.Health.Succeeded());
        }
    }

    /// <summary>Notes that an endpoint failed.</summary>
    internal void Failed(PooledEndpoint endpoint, bool isProbe)
    {
        lock (_gate)
        {
            Changed(endpoint.Health.Failed(Now(), isProbe, _options, _random));
        }
    }

    /// <summary>Notes that a request ended and said nothing about its endpoint.</summary>
    internal void Abandoned(PooledEndpoint endpoint, bool isProbe)
    {
        lock (_gate)
        {
            Changed(endpoint.Health.Abandoned(isProbe));
        }
    }

    private void Changed(bool isOther) => _view = isOther ? null : _view;

    private PoolView View(long now)
    {
        if (_view is not { } view || now >= view.ValidUntil)
        {
            _view = view = PoolView.Of(_endpoints.Values, _options, now);
        }

        return view;
    }

    private long Now() => (long)_time.GetElapsedTime(0).TotalMilliseconds;
}
