using Fairlead.Naming;

namespace Fairlead.Anchor.Identities;

/// <summary>
/// Proofs that did not hold a moment ago, with the reason: who asks a thousand times with one costs one look. No longer
/// than keys take to be read anew. Bounded. Thread-safe.
/// </summary>
internal sealed class FailedLooks
{
    private const int KeptMax = 4_096;
    private const long KeptFor = 2_000;

    private readonly Lock _gate = new();
    private readonly Dictionary<Digest, (Refusal Why, long Until)> _kept = [];

    /// <summary>Why a proof did not hold; null where it was not looked at lately.</summary>
    /// <param name="proof">The proof's digest.</param>
    /// <param name="now">Unix milliseconds.</param>
    internal Refusal? Find(Digest proof, long now)
    {
        lock (_gate)
        {
            return _kept.TryGetValue(proof, out var look) && now < look.Until ? look.Why : null;
        }
    }

    internal void Keep(Digest proof, Refusal why, long now)
    {
        lock (_gate)
        {
            if (_kept.Count >= KeptMax)
            {
                _kept.Clear();
            }

            _kept[proof] = (why, now + KeptFor);
        }
    }
}
