using Fairlead.Resolver;

namespace Fairlead.Anchor.Home;

/// <summary>
/// Of the names that somebody waits for on one stream, those whose turn it is to be asked of another anchor beside it:
/// in the order in which they were asked, after a silence that is longer than answers take. Where very many wait at
/// once the silence is more likely the load's than an anchor's: so few are asked beside it at a time that this adds
/// little to the load, and the others take their turn as these end. Not thread-safe; times are the caller's, in
/// milliseconds.
/// </summary>
/// <param name="latencies">How long answers of the segment took of late.</param>
internal sealed class HedgeTurns(AnswerLatencies latencies)
{
    /// <summary>The shortest silence after which another anchor is asked.</summary>
    internal const long DelayMin = 20;

    /// <summary>The longest; also what holds until enough answers were timed.</summary>
    internal const long DelayMax = 200;

    /// <summary>How many names at most are asked beside one stream at once.</summary>
    internal const int Most = 32;

    private readonly Dictionary<ulong, LinkedListNode<(ulong Id, long At)>> _asked = [];
    private readonly LinkedList<(ulong Id, long At)> _turns = new();

    /// <summary>A name without an answer is asked for; again makes no difference.</summary>
    internal void Asked(ulong id, long now)
    {
        if (!_asked.ContainsKey(id))
        {
            _asked[id] = _turns.AddLast((id, now));
        }
    }

    /// <summary>Something came for a name.</summary>
    internal void Heard(ulong id, long now)
    {
        if (_asked.TryGetValue(id, out var asked))
        {
            latencies.Add(now - asked.Value.At);
            Forget(id);
        }
    }

    /// <summary>Nobody waits for a name any more.</summary>
    internal void Forget(ulong id)
    {
        if (_asked.Remove(id, out var asked) && asked.List is not null)
        {
            _turns.Remove(asked);
        }
    }

    /// <summary>When the next turn is; null for none before something else happens.</summary>
    /// <param name="running">How many are asked beside the stream now.</param>
    internal long? NextAt(int running) =>
        running < Most && _turns.First is { } first ? first.Value.At + latencies.Delay : null;

    /// <summary>The name whose turn it is; each name once until something comes for it.</summary>
    /// <param name="now">Now.</param>
    /// <param name="running">How many are asked beside the stream now.</param>
    internal ulong? Take(long now, int running)
    {
        if (NextAt(running) is not { } at || now < at)
        {
            return null;
        }

        // It stays known, so that what comes for it late is timed.
        var first = _turns.First!;
        _turns.RemoveFirst();
        return first.Value.Id;
    }
}
