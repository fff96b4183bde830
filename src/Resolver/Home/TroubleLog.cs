using System.Collections.Immutable;
using Fairlead.Naming;

namespace Fairlead.Resolver.Home;

/// <summary>An answer that was refused, or an anchor that failed; for operators. Immutable.</summary>
/// <param name="Time">When.</param>
/// <param name="Anchor">Which anchor; empty where it concerns the home as a whole.</param>
/// <param name="Name">For which name; empty where it concerns the connection.</param>
/// <param name="Refusal">Why.</param>
public sealed record AnchorTrouble(DateTimeOffset Time, string Anchor, string Name, Refusal Refusal);

/// <summary>The newest troubles, and how many of each kind there ever were. Thread-safe.</summary>
public sealed class TroubleLog
{
    private const int Kept = 200;

    private readonly TimeProvider _time;
    private readonly Action<AnchorTrouble> _heard;
    private readonly Lock _gate = new();
    private readonly Queue<AnchorTrouble> _newest = new();
    private readonly SortedDictionary<VerificationFailure, long> _counts = [];
    private long _lags;

    internal TroubleLog(TimeProvider time, Action<AnchorTrouble> heard) => (_time, _heard) = (time, heard);

    /// <summary>The newest ones, oldest first.</summary>
    public ImmutableArray<AnchorTrouble> Newest
    {
        get
        {
            lock (_gate)
            {
                return [.. _newest];
            }
        }
    }

    /// <summary>How many there were of each error since the start.</summary>
    public ImmutableArray<KeyValuePair<VerificationFailure, long>> Counts
    {
        get
        {
            lock (_gate)
            {
                return [.. _counts];
            }
        }
    }

    /// <summary>How many answers were only late since the start: those of an anchor that had not heard yet what another
    /// one said, for no longer than the seal that it showed lives. They are no troubles.</summary>
    public long Lags => Interlocked.Read(ref _lags);

    internal void NoteLag() => Interlocked.Increment(ref _lags);

    internal void Note(string anchor, string name, Refusal refusal)
    {
        var trouble = new AnchorTrouble(_time.GetUtcNow(), anchor, name, refusal);
        lock (_gate)
        {
            if (_newest.Count == Kept)
            {
                _newest.Dequeue();
            }

            _newest.Enqueue(trouble);
            _counts[refusal.Failure] = _counts.GetValueOrDefault(refusal.Failure) + 1;
        }

        _heard(trouble);
    }
}
