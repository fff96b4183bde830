using System.Collections.Concurrent;
using Fairlead.Sidecar.Proxy.Balancing;
using Fairlead.Sidecar.Serving;

namespace Fairlead.Sidecar.Proxy.Services;

/// <summary>
/// The names that requests use. A name is asked for when the first request comes, and given up when none has come for
/// long: the cost grows with the names used, not with the mesh. Thread-safe.
/// </summary>
internal sealed class ServiceTable : IDisposable
{
    private static readonly TimeSpan SweepPeriod = TimeSpan.FromMinutes(1);

    private readonly ProxyOptions _options;
    private readonly TimeProvider _time;
    private readonly Func<EndpointPool> _newPool;
    private readonly Func<string, ProxiedService?> _known;
    private readonly Action<string, bool> _interest;
    private readonly Action<string> _renew;
    private readonly ConcurrentDictionary<string, ServiceEntry> _entries = new(StringComparer.Ordinal);
    private readonly Lock _gate = new();
    private readonly ITimer _sweep;
    private long _updates;

    /// <summary>An empty table.</summary>
    /// <param name="options">Its bounds.</param>
    /// <param name="time">Counts idleness.</param>
    /// <param name="newPool">Makes the pool of a port.</param>
    /// <param name="known">What is known of a name by now, also from before it was asked for; null for nothing.</param>
    /// <param name="interest">Hears a name, and whether it is wanted from now on or no longer; must not block.</param>
    /// <param name="renew">Hears now and then that a name that is wanted is used; must not block.</param>
    internal ServiceTable(
        ProxyOptions options, TimeProvider time, Func<EndpointPool> newPool, Func<string, ProxiedService?> known,
        Action<string, bool> interest, Action<string> renew)
    {
        (_options, _time, _newPool, _known) = (options, time, newPool, known);
        (_interest, _renew) = (interest, renew);
        _sweep = time.CreateTimer(_ => Sweep(), null, SweepPeriod, SweepPeriod);
    }

    /// <summary>How many changes were taken over: one for each, however many endpoints it had.</summary>
    internal long Updates => Interlocked.Read(ref _updates);

    /// <summary>The names in use; for admin and tests.</summary>
    internal IReadOnlyCollection<ServiceEntry> Entries => [.. _entries.Values];

    /// <summary>Takes over a change; one of a name that no request uses is nothing to the proxy.</summary>
    internal void Publish(ProxiedService service)
    {
        if (_entries.TryGetValue(service.Name, out var entry))
        {
            Interlocked.Increment(ref _updates);
            entry.Apply(service);
        }
    }

    /// <summary>The entry of a name that a request uses; null where there are too many.</summary>
    internal ServiceEntry? Use(string name)
    {
        // One that is old enough to be swept is taken under the lock that the sweep holds, so that it is not on its way
        // out.
        var now = _time.GetTimestamp();
        if (!_entries.TryGetValue(name, out var entry)
            || _time.GetElapsedTime(entry.UsedAt, now) >= _options.NameIdle / 2)
        {
            entry = Add(name);
        }

        if (entry is not null)
        {
            Renew(entry, now);
        }

        return entry;
    }

    public void Dispose()
    {
        _sweep.Dispose();
        foreach (var entry in _entries.Values)
        {
            entry.Dispose();
        }
    }

    // The resolver keeps what is used before what is not, and hears of no request.
    private void Renew(ServiceEntry entry, long now)
    {
        entry.UsedAt = now;
        var before = entry.WantedAt;
        if (NameInterest.IsRenewalDue(_time, before, now) && entry.TryWant(before, now))
        {
            _renew(entry.Service.Name);
        }
    }

    private ServiceEntry? Add(string name)
    {
        lock (_gate)
        {
            if (_entries.TryGetValue(name, out var there))
            {
                there.UsedAt = _time.GetTimestamp();
                return there;
            }

            if (_entries.Count >= _options.NamesMax)
            {
                Sweep();
            }

            if (_entries.Count >= _options.NamesMax)
            {
                return null;
            }

            // First it is there for changes to find, then what came before is looked up: none falls in between.
            var entry = new ServiceEntry(name, _newPool, _time.GetTimestamp());
            _entries[name] = entry;
            if (_known(name) is { } known)
            {
                entry.Start(known);
            }

            _interest(name, true);
            return entry;
        }
    }

    private void Sweep()
    {
        lock (_gate)
        {
            foreach (var (name, entry) in _entries)
            {
                if (_time.GetElapsedTime(entry.UsedAt) >= _options.NameIdle && !entry.IsBusy
                    && _entries.TryRemove(name, out _))
                {
                    _interest(name, false);
                    entry.Dispose();
                }
            }
        }
    }
}
