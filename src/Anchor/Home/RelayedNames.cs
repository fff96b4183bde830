using Fairlead.Anchor.Serving;
using Fairlead.Naming;

namespace Fairlead.Anchor.Home;

/// <summary>
/// The names that are followed upstream, each once for all who use it, and for a while after the last did: a pod that
/// restarts asks again. Thread-safe.
/// </summary>
internal sealed class RelayedNames(TimeProvider time)
{
    /// <summary>How long a name that nobody uses is followed on.</summary>
    internal static readonly TimeSpan Linger = TimeSpan.FromSeconds(60);

    /// <summary>The most names.</summary>
    internal const int Most = 20_000;

    /// <summary>The most names of one segment, which go over one stream: as many as its anchors take.</summary>
    internal const int SegmentMost = ConsumerStream.SubscriptionsMax;

    /// <summary>The most segments.</summary>
    internal const int SegmentsMax = 4096;

    private readonly Lock _gate = new();
    private readonly Dictionary<Digest, RelayedName> _names = [];
    private readonly Shares _places = new(Most);
    private readonly Shares _sessions = new(SegmentsMax);
    private readonly Dictionary<SegmentName, (Digest Opener, Shares Places)> _segments = [];
    private ulong _nextId;

    /// <summary>How many there are.</summary>
    internal int Count
    {
        get
        {
            lock (_gate)
            {
                return _names.Count;
            }
        }
    }

    /// <summary>All of them, as they are now.</summary>
    internal IReadOnlyList<RelayedName> All()
    {
        lock (_gate)
        {
            return [.. _names.Values];
        }
    }

    /// <summary>One use of a name.</summary>
    /// <returns>The name, and whether it is followed only from now on; null where there are too many of its subject
    /// for all, or of that segment.</returns>
    internal (RelayedName? Name, bool IsNew) Use(Parsed<Query> query, Consumer consumer)
    {
        lock (_gate)
        {
            var isNew = !_names.TryGetValue(query.Digest, out var name);
            if (isNew)
            {
                if (!TryTake(query.Value.Name.Segment!, consumer.Digest))
                {
                    return (null, false);
                }

                name = new RelayedName(++_nextId, query, consumer, ServingContext.ElapsedOf(time));
                _names.Add(query.Digest, name);
            }

            name!.Users++;
            return (name, isNew);
        }
    }

    /// <summary>Ends one use.</summary>
    internal void Release(RelayedName name)
    {
        lock (_gate)
        {
            name.Users--;
            name.IdleSince = time.GetTimestamp();
        }
    }

    /// <summary>Takes out what nobody has used for <see cref="Linger"/>.</summary>
    internal IReadOnlyList<RelayedName> TakeIdle()
    {
        lock (_gate)
        {
            var idle = _names.Values
                .Where(name => name.Users == 0 && time.GetElapsedTime(name.IdleSince) > Linger).ToList();
            idle.ForEach(name =>
            {
                _names.Remove(name.Query.Digest);
                Give(name.Query.Value.Name.Segment!, name.Consumer.Digest);
            });
            return idle;
        }
    }

    private bool TryTake(SegmentName segment, Digest subject)
    {
        var isOpen = _segments.TryGetValue(segment, out var session);
        if (!isOpen)
        {
            session = (subject, new Shares(SegmentMost));
        }

        if (!_places.HasFor(subject) || !session.Places.HasFor(subject) || (!isOpen && !_sessions.HasFor(subject)))
        {
            return false;
        }

        if (!isOpen)
        {
            _segments.Add(segment, session);
            _sessions.Take(subject);
        }

        _places.Take(subject);
        session.Places.Take(subject);
        return true;
    }

    private void Give(SegmentName segment, Digest subject)
    {
        var (opener, places) = _segments[segment];
        _places.Give(subject);
        places.Give(subject);
        if (places.Total == 0)
        {
            _segments.Remove(segment);
            _sessions.Give(opener);
        }
    }
}
