using System.Collections.Immutable;
using Fairlead.Naming;
using Fairlead.Naming.Traversal;

namespace Fairlead.Anchor.Home.Introductions;

/// <summary>
/// In which order the anchors of a next segment are asked. The order stays the same while they answer, so that pages of
/// a chain and the question after them meet the same one; who did not answer is asked last for a while, so that one
/// that is away or silent costs one question and not each. Nobody is left out. Bounded. Thread-safe.
/// </summary>
/// <param name="turn">Where this anchor begins: each anchor of a segment elsewhere.</param>
/// <param name="time">The clock.</param>
internal sealed class RelayPlaces(uint turn, TimeProvider time)
{
    /// <summary>The most places that are remembered.</summary>
    internal const int FailedMax = 1024;

    /// <summary>For how long one that did not answer is asked last.</summary>
    internal static readonly TimeSpan AskedLast = TimeSpan.FromMinutes(1);

    private readonly Lock _gate = new();
    private readonly Dictionary<(Digest Segment, string Place), long> _failed = [];

    /// <summary>The places of a segment whose chain is known: one of each anchor before the second of any.</summary>
    internal ImmutableArray<IpEndpoint> Of(SegmentState chain) => Ordered(
        chain.Genesis,
        [
            .. chain.Newest.Value.Anchors.SelectMany(anchor => anchor.Endpoints.Select((place, i) => (place, i)))
                .GroupBy(one => one.i, one => one.place).OrderBy(group => group.Key)
                .SelectMany(group => Turned([.. group])),
        ]);

    /// <summary>The places by which a segment is named.</summary>
    internal ImmutableArray<IpEndpoint> Of(Digest segment, ImmutableArray<IpEndpoint> named) =>
        named.IsDefaultOrEmpty ? [] : Ordered(segment, Turned(named));

    /// <summary>Nothing came from there. It counts for that segment alone: another one may name the same place, and it
    /// is not that one's to say who is there.</summary>
    internal void Failed(Digest segment, IpEndpoint place)
    {
        var key = (segment, place.Text);
        lock (_gate)
        {
            if (_failed.Count >= FailedMax && !_failed.ContainsKey(key))
            {
                _failed.Remove(_failed.MinBy(one => one.Value).Key);
            }

            _failed[key] = time.GetTimestamp();
        }
    }

    /// <summary>Something came from there.</summary>
    internal void Answered(Digest segment, IpEndpoint place)
    {
        lock (_gate)
        {
            _failed.Remove((segment, place.Text));
        }
    }

    private ImmutableArray<IpEndpoint> Turned(ImmutableArray<IpEndpoint> places)
    {
        var first = (int)(turn % (uint)places.Length);
        return [.. places[first..], .. places[..first]];
    }

    // Of those that failed, the one that failed first is the next to be tried again.
    private ImmutableArray<IpEndpoint> Ordered(Digest segment, ImmutableArray<IpEndpoint> places)
    {
        lock (_gate)
        {
            return [.. places.OrderBy(place => _failed.TryGetValue((segment, place.Text), out var at)
                && time.GetElapsedTime(at) < AskedLast ? at : long.MinValue)];
        }
    }
}
