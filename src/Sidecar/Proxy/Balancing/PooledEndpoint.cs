using Fairlead.Sidecar.Proxy.Forwarding;
using Fairlead.Sidecar.Proxy.Services;

namespace Fairlead.Sidecar.Proxy.Balancing;

/// <summary>
/// An endpoint while it is in use: its connections, how busy it is, how it fares. Lives as long as what it is stays the
/// same, over any number of answers; then it takes no new request, those that it has finish, and its connections close.
/// Thread-safe but for <see cref="Spec"/> and <see cref="Health"/>, which its pool guards.
/// </summary>
internal sealed class PooledEndpoint(EndpointKey key, ProxiedEndpoint spec, Func<EndpointKey, EndpointClient> connect)
{
    private readonly Lock _gate = new();
    private EndpointClient? _client;
    private int _active;
    private bool _isRetired;

    /// <summary>What it is.</summary>
    internal EndpointKey Key => key;

    /// <summary>What its answer says of it now.</summary>
    internal ProxiedEndpoint Spec { get; set; } = spec;

    /// <summary>How it fares.</summary>
    internal EndpointHealth Health { get; } = new();

    /// <summary>Whether its cluster says that it takes requests.</summary>
    internal bool IsReady => Spec.Readiness == EndpointReadiness.Ready;

    /// <summary>How many requests it has.</summary>
    internal int Active => Volatile.Read(ref _active);

    /// <summary>Whether it is less busy for its weight than another, or as busy.</summary>
    internal bool IsLighterOrSame(PooledEndpoint other) =>
        (long)Active * other.Spec.Weight <= (long)other.Active * Spec.Weight;

    /// <summary>Takes it for one request; null where it has been retired meanwhile.</summary>
    internal EndpointClient? TryEnter()
    {
        lock (_gate)
        {
            if (_isRetired)
            {
                return null;
            }

            // A certificate was rotated: new requests show the new one, on connections of their own.
            if (_client is { IsCurrent: false } old)
            {
                old.Retire();
                _client = null;
            }

            _client ??= connect(key);
            _client.Enter();
            _active++;
            return _client;
        }
    }

    /// <summary>Gives it back.</summary>
    internal void Leave(EndpointClient client)
    {
        lock (_gate)
        {
            _active--;
        }

        client.Leave();
    }

    /// <summary>No new requests from now on.</summary>
    internal void Retire()
    {
        lock (_gate)
        {
            _isRetired = true;
            _client?.Retire();
            _client = null;
        }
    }
}
