namespace Fairlead.Resolver;

/// <summary>
/// How long anchors took to answer of late, and the silence after which another one is asked: the 95th percentile,
/// within bounds. Not thread-safe: whoever asks owns it.
/// </summary>
public sealed class AnswerLatencies
{
    private const int Kept = 128;
    private const int Enough = 20;

    private readonly long[] _times = new long[Kept];
    private readonly long _min;
    private readonly long _max;
    private int _count;

    /// <summary>Nothing was timed yet.</summary>
    /// <param name="min">The shortest silence, in milliseconds.</param>
    /// <param name="max">The longest, which also holds until enough was timed.</param>
    public AnswerLatencies(long min, long max) => (_min, _max, Delay) = (min, max, max);

    /// <summary>The silence after which another anchor is asked, in milliseconds.</summary>
    public long Delay { get; private set; }

    /// <summary>Takes a time; null for an answer that nobody had asked for.</summary>
    public void Add(long? milliseconds)
    {
        if (milliseconds is not { } time)
        {
            return;
        }

        _times[_count++ % Kept] = time;
        if (_count >= Enough && _count % 8 == 0)
        {
            var held = _times.AsSpan(0, Math.Min(_count, Kept)).ToArray();
            Array.Sort(held);
            Delay = Math.Clamp(held[held.Length * 95 / 100], _min, _max);
        }
    }
}
