using Fairlead.Sidecar.Proxy.Balancing;

namespace Fairlead.Sidecar.Proxy.Services;

/// <summary>One name in use: what is known of it, and the endpoints of each of its ports. Thread-safe.</summary>
internal sealed class ServiceEntry : IDisposable
{
    private readonly Func<EndpointPool> _newPool;
    private readonly Lock _gate = new();
    private readonly Dictionary<int, EndpointPool> _pools = [];
    private readonly TaskCompletionSource _settled = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private ProxiedService _service;
    private long _usedAt;
    private long _wantedAt;

    internal ServiceEntry(string name, Func<EndpointPool> newPool, long now)
    {
        (_newPool, _service) = (newPool, ProxiedService.Without(name, ServiceStatus.Pending, "pending"));
        _usedAt = _wantedAt = now;
    }

    /// <summary>What is known of it.</summary>
    internal ProxiedService Service => Volatile.Read(ref _service);

    /// <summary>Completes when it is no longer pending, for the first time.</summary>
    internal Task Settled => _settled.Task;

    /// <summary>When a request last used it, as a timestamp.</summary>
    internal long UsedAt
    {
        get => Volatile.Read(ref _usedAt);
        set => Volatile.Write(ref _usedAt, value);
    }

    /// <summary>When it was last said that the name is wanted, as a timestamp.</summary>
    internal long WantedAt => Volatile.Read(ref _wantedAt);

    /// <summary>Takes it on itself to say so again: one request of all that see the same moment.</summary>
    internal bool TryWant(long before, long now) => Interlocked.CompareExchange(ref _wantedAt, now, before) == before;

    /// <summary>Whether requests use it now.</summary>
    internal bool IsBusy
    {
        get
        {
            lock (_gate)
            {
                return _pools.Values.Any(pool => pool.Endpoints.Any(endpoint => endpoint.IsBusy));
            }
        }
    }

    /// <summary>The service with the pool of the port that is meant, of one moment; no pool where none is
    /// meant.</summary>
    internal (ProxiedService Service, int Port, EndpointPool? Pool) For(int? number)
    {
        lock (_gate)
        {
            var port = _service.PortOf(number);
            var pool = port >= 0 && _pools.TryGetValue(_service.Ports[port].Number, out var found) ? found : null;
            return (_service, port, pool);
        }
    }

    /// <summary>Takes over a change: one step, however many endpoints it has.</summary>
    internal void Apply(ProxiedService service)
    {
        lock (_gate)
        {
            Volatile.Write(ref _service, service);
            var gone = _pools.Keys.Except(service.Ports.Select(port => port.Number)).ToList();
            foreach (var number in gone)
            {
                _pools[number].Apply([], 0, service.Bundles);
                _pools.Remove(number);
            }

            for (var i = 0; i < service.Ports.Length; i++)
            {
                if (!_pools.TryGetValue(service.Ports[i].Number, out var pool))
                {
                    _pools[service.Ports[i].Number] = pool = _newPool();
                }

                pool.Apply(service.Endpoints.Where(endpoint => endpoint.Ports[i] > 0), i, service.Bundles);
            }

            // Within the lock, so that nothing that was known before is taken over behind it.
            if (service.Status != ServiceStatus.Pending)
            {
                _settled.TrySetResult();
            }
        }
    }

    /// <summary>Ends it: no request uses it any more.</summary>
    public void Dispose() => Apply(ProxiedService.Without(Service.Name, ServiceStatus.Unreachable, "unused"));

    /// <summary>Takes over what was already known, unless a change has come meanwhile.</summary>
    internal void Start(ProxiedService service)
    {
        lock (_gate)
        {
            if (!_settled.Task.IsCompleted)
            {
                Apply(service);
            }
        }
    }
}
