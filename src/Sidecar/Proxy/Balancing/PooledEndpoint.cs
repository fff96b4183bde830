using System.Diagnostics.CodeAnalysis;
using Fairlead.Sidecar.Proxy.Forwarding;
using Fairlead.Sidecar.Proxy.Services;

namespace Fairlead.Sidecar.Proxy.Balancing;

/// <summary>
/// An endpoint while it is in use: its connections, how busy it is, how it fares. Lives as long as what it is stays the
/// same, over any number of answers; then it takes no new request, those that it has finish, and its connections close.
/// Of a strict name they do not finish but end (V58). Thread-safe but for <see cref="Spec"/>, <see cref="Health"/> and
/// <see cref="HandOver"/>, which its pool guards.
/// </summary>
[SuppressMessage("Design", "CA1001", Justification = "The source has neither a timer nor a wait handle.")]
internal sealed class PooledEndpoint(EndpointKey key, ProxiedEndpoint spec, Func<EndpointKey, EndpointClient> connect)
{
    private readonly Lock _gate = new();
    private CancellationTokenSource _ends = new();
    private EndpointClient? _client;
    private int _active;
    private bool _isRetired;
    private PooledEndpoint? _before;
    private bool _hasHeir;

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

    /// <summary>Cancelled when its requests end with it.</summary>
    internal CancellationToken Ends => _ends.Token;

    /// <summary>Whether it has requests, or those that it took over.</summary>
    internal bool IsBusy => Active > 0 || _before?.IsBusy == true;

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

    /// <summary>Its requests are from now on those of what came in its place, if that is still whom they were sent to:
    /// an authority that is added to a bundle ends no stream.</summary>
    /// <param name="heir">What came in its place, and has had no request yet; null where nothing did.</param>
    internal void HandOver(PooledEndpoint? heir)
    {
        if (heir is { _before: null } && key.IsWithin(heir.Key))
        {
            // What is rotated again and again must not remember all that it was.
            if (_before is { IsBusy: false })
            {
                _before = null;
            }

            (heir._ends, heir._before, _hasHeir) = (_ends, this, true);
        }
    }

    /// <summary>No new requests from now on; those of a strict name end.</summary>
    internal void Retire()
    {
        lock (_gate)
        {
            _isRetired = true;
            _client?.Retire();
            _client = null;
        }

        if (Spec.IsStrict && !_hasHeir)
        {
            // Not here: what a request does at its end must not hold up the other changes.
            _ = _ends.CancelAsync();
        }
    }
}
