using Fairlead.Naming;

namespace Fairlead.Anchor.Identities;

/// <summary>
/// What was found out about a proof under the keys of the time, so that a stream of questions costs one look. Bounded.
/// Thread-safe.
/// </summary>
internal sealed class Looks
{
    private const int KeptMax = 10_000;

    private readonly Lock _gate = new();
    private readonly Dictionary<Digest, Identified> _kept = [];
    private object? _under;

    /// <summary>What is known of a proof, or null.</summary>
    /// <param name="proof">The proof's digest.</param>
    /// <param name="under">The keys that it was looked at under; others make all forgotten.</param>
    internal Identified? Find(Digest proof, object under)
    {
        lock (_gate)
        {
            if (!ReferenceEquals(_under, under))
            {
                _kept.Clear();
                _under = under;
            }

            return _kept.GetValueOrDefault(proof);
        }
    }

    internal void Keep(Digest proof, object under, Identified found)
    {
        lock (_gate)
        {
            if (!ReferenceEquals(_under, under))
            {
                return;
            }

            if (_kept.Count >= KeptMax)
            {
                _kept.Clear();
            }

            _kept[proof] = found;
        }
    }
}
