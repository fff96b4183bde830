using System.Security.Cryptography;

namespace Fairlead.Naming.Traversal;

/// <summary>
/// Remembers which (key, digest, signature) verified, so that no signature is verified twice. It holds facts of
/// arithmetic only: who may sign what is asked every time. Bounded; thread-safe.
/// </summary>
public sealed class VerifiedCache
{
    private readonly Lock _gate = new();
    private readonly int _half;
    private HashSet<Digest> _young = [];
    private HashSet<Digest> _old = [];
    private long _spared;

    /// <summary>An empty cache.</summary>
    /// <param name="capacity">The most signatures remembered.</param>
    public VerifiedCache(int capacity = 8192)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(capacity, 2);
        _half = capacity / 2;
    }

    /// <summary>How many signatures are remembered.</summary>
    public int Count
    {
        get
        {
            lock (_gate)
            {
                return _young.Count + _old.Count;
            }
        }
    }

    /// <summary>How many checks were spared by what was remembered.</summary>
    public long Spared
    {
        get
        {
            lock (_gate)
            {
                return _spared;
            }
        }
    }

    internal static Digest KeyOf(in Digest kid, in Digest digest, ReadOnlySpan<byte> signature)
    {
        Span<byte> bytes = stackalloc byte[(2 * Digest.Size) + SignatureForm.Size];
        kid.CopyTo(bytes);
        digest.CopyTo(bytes[Digest.Size..]);
        signature.CopyTo(bytes[(2 * Digest.Size)..]);
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(bytes, hash);
        return Digest.FromBytes(hash);
    }

    /// <summary>As <see cref="Contains"/>, where no check is spared by it.</summary>
    internal bool Holds(in Digest key)
    {
        lock (_gate)
        {
            return _young.Contains(key) || _old.Contains(key);
        }
    }

    internal bool Contains(in Digest key)
    {
        lock (_gate)
        {
            var isKnown = _young.Contains(key) || _old.Contains(key);
            _spared += isKnown ? 1 : 0;
            return isKnown;
        }
    }

    internal void Add(in Digest key)
    {
        lock (_gate)
        {
            // Two generations: the older one is forgotten as a whole, which needs no order of use.
            if (_young.Count >= _half)
            {
                (_old, _young) = (_young, _old);
                _young.Clear();
            }

            _young.Add(key);
        }
    }
}
