using Fairlead.Naming;

namespace Fairlead.Anchor.Serving;

/// <summary>
/// The rates of those who ask here (V52): one bucket for each, filled in the course of time. Bounded: who has not asked
/// for longest is forgotten first, and starts with a full bucket. Thread-safe.
/// </summary>
/// <param name="rate">What one asker may ask in a second, in the long run, and at once; asked each time, since a reload
/// may change it.</param>
/// <param name="time">The clock.</param>
internal sealed class RateBook(Func<(int PerSecond, int Burst)> rate, TimeProvider time)
{
    /// <summary>A rate that stays as it is.</summary>
    internal RateBook(int perSecond, int burst, TimeProvider time)
        : this(() => (perSecond, burst), time)
    {
    }

    /// <summary>The most buckets.</summary>
    internal const int BucketsMax = 65_536;

    private readonly Lock _gate = new();
    private readonly Dictionary<Digest, LinkedListNode<Bucket>> _buckets = [];
    private readonly LinkedList<Bucket> _order = new();

    /// <summary>How many askers are remembered.</summary>
    internal int Count
    {
        get
        {
            lock (_gate)
            {
                return _buckets.Count;
            }
        }
    }

    /// <summary>Takes one question, or all of a batch. One that is larger than the burst passes where the bucket is
    /// full, and what it took too much is filled up first.</summary>
    /// <param name="asker">Who asks, as far as it is proven.</param>
    /// <param name="count">How many questions it is.</param>
    /// <returns><c>RateLimited</c>, which takes nothing and says how many would fit; or null.</returns>
    internal Refusal? Take(Digest asker, int count = 1)
    {
        var now = time.GetTimestamp();
        var (perSecond, burst) = rate();
        lock (_gate)
        {
            var bucket = Find(asker, now, burst);
            var gained = time.GetElapsedTime(bucket.Value.At, now).TotalSeconds * perSecond;
            var tokens = Math.Min(burst, bucket.Value.Tokens + gained);
            var isFree = tokens >= Math.Min(count, burst);
            bucket.Value = new Bucket(asker, isFree ? tokens - count : tokens, now);
            return isFree
                ? null
                : new Refusal(
                    VerificationFailure.RateLimited, "",
                    $"more than {burst} questions and {perSecond}/s: of {count} there is room for "
                    + $"{(int)Math.Max(0, tokens)} now");
        }
    }

    private LinkedListNode<Bucket> Find(Digest asker, long now, int burst)
    {
        if (_buckets.TryGetValue(asker, out var bucket))
        {
            _order.Remove(bucket);
        }
        else
        {
            if (_buckets.Count >= BucketsMax)
            {
                _buckets.Remove(_order.First!.Value.Asker);
                _order.RemoveFirst();
            }

            _buckets[asker] = bucket = new LinkedListNode<Bucket>(new Bucket(asker, burst, now));
        }

        _order.AddLast(bucket);
        return bucket;
    }

    private readonly record struct Bucket(Digest Asker, double Tokens, long At);
}
