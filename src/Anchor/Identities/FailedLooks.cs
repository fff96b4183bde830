using Fairlead.Naming;

namespace Fairlead.Anchor.Identities;

/// <summary>
/// Proofs that did not hold a moment ago, with the reason: who asks a thousand times with one costs one look. No longer
/// than keys take to be read anew, whatever the wall clock does meanwhile. Bounded. Thread-safe.
/// </summary>
/// <param name="time">The clock.</param>
internal sealed class FailedLooks(TimeProvider time)
{
    private const int KeptMax = 4_096;
    private static readonly TimeSpan KeptFor = TimeSpan.FromSeconds(2);

    private readonly Lock _gate = new();
    private readonly Dictionary<Digest, (Refusal Why, long At)> _kept = [];

    /// <summary>Why a proof did not hold; null where it was not looked at lately.</summary>
    /// <param name="proof">The proof's digest.</param>
    internal Refusal? Find(Digest proof)
    {
        lock (_gate)
        {
            return _kept.TryGetValue(proof, out var look) && time.GetElapsedTime(look.At) < KeptFor ? look.Why : null;
        }
    }

    internal void Keep(Digest proof, Refusal why)
    {
        lock (_gate)
        {
            if (_kept.Count >= KeptMax)
            {
                _kept.Clear();
            }

            _kept[proof] = (why, time.GetTimestamp());
        }
    }
}
