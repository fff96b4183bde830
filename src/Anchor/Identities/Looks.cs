using Fairlead.Naming;

namespace Fairlead.Anchor.Identities;

/// <summary>
/// What was found out about proofs that hold, under the keys of the time, so that a stream of questions costs one look.
/// Bounded: those found least lately are forgotten first. Thread-safe.
/// </summary>
internal sealed class Looks
{
    private const int HalfMax = 32_768;

    private readonly Lock _gate = new();
    private Dictionary<Digest, Look> _kept = [];
    private Dictionary<Digest, Look> _before = [];
    private object? _under;
    private long _turn;

    /// <summary>What is known of a proof, or null.</summary>
    /// <param name="proof">The proof's digest.</param>
    /// <param name="under">The keys that it was looked at under; what was found under others does not count.</param>
    internal Identified? Find(Digest proof, object under)
    {
        lock (_gate)
        {
            if (!ReferenceEquals(_under, under))
            {
                _under = under;
                _turn++;
            }

            return Held(proof) is { } look && look.Turn == _turn ? look.Found : null;
        }
    }

    /// <summary>Whether a proof held before, under whatever keys.</summary>
    internal bool Recalls(Digest proof)
    {
        lock (_gate)
        {
            return Held(proof) is not null;
        }
    }

    /// <summary>Keeps what was found under the keys that <see cref="Find"/> was asked with.</summary>
    internal void Keep(Digest proof, object under, Identified found)
    {
        lock (_gate)
        {
            if (ReferenceEquals(_under, under))
            {
                Put(proof, new Look(found, _turn));
            }
        }
    }

    private Look? Held(Digest proof)
    {
        if (!_kept.TryGetValue(proof, out var look) && _before.Remove(proof, out look))
        {
            Put(proof, look);
        }

        return look;
    }

    private void Put(Digest proof, Look look)
    {
        if (_kept.Count >= HalfMax && !_kept.ContainsKey(proof))
        {
            (_before, _kept) = (_kept, []);
        }

        _kept[proof] = look;
    }

    private sealed record Look(Identified Found, long Turn);
}
