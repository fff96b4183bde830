using Fairlead.Naming;
using Fairlead.Naming.Operations;

namespace Fairlead.Governance;

/// <summary>
/// What was verified here of other segments: the newest epoch of each, for renewals, and which floors may be believed.
/// Bounded: of a segment the newest floors are kept, and of those that the ground does not name the ones learned last,
/// for anybody may be introduced as one of them.
/// </summary>
internal sealed class ForeignFacts
{
    private readonly HashSet<Digest> _named;
    private readonly Dictionary<Digest, ForeignSegment> _newest = [];
    private readonly Dictionary<Digest, Queue<Floor>> _floors = [];
    private readonly Queue<Digest> _strangers = [];

    internal ForeignFacts(EpochGround ground, IReadOnlyDictionary<Digest, ForeignSegment> known)
    {
        _named = [.. Named(ground)];
        foreach (var (genesis, segment) in known)
        {
            Learn(genesis, segment);
        }
    }

    internal IReadOnlyDictionary<Digest, ForeignSegment> Newest => _newest;

    /// <summary>Whether a floor is an epoch of a chain that was verified here.</summary>
    internal bool Knows(Digest genesis, Floor floor) =>
        _floors.TryGetValue(genesis, out var floors) && floors.Contains(floor);

    internal void Learn(Digest genesis, ForeignSegment segment)
    {
        if (!_floors.TryGetValue(genesis, out var floors))
        {
            _floors[genesis] = floors = [];
            Admit(genesis);
        }

        if (!floors.Contains(segment.Floor))
        {
            floors.Enqueue(segment.Floor);
            if (floors.Count > EpochLimits.FloorsKept)
            {
                floors.Dequeue();
            }
        }

        if (!_newest.TryGetValue(genesis, out var known) || known.Floor.Epoch < segment.Floor.Epoch)
        {
            _newest[genesis] = segment;
        }
    }

    private void Admit(Digest genesis)
    {
        if (_named.Contains(genesis))
        {
            return;
        }

        _strangers.Enqueue(genesis);
        if (_strangers.Count > EpochLimits.StrangersKept)
        {
            var oldest = _strangers.Dequeue();
            _floors.Remove(oldest);
            _newest.Remove(oldest);
        }
    }

    private static IEnumerable<Digest> Named(EpochGround ground) =>
        ground.Epoch.Value.Uplinks.Select(uplink => uplink.Parent)
            .Concat(ground.Leaves.Leaves.Values.Select(leaf => leaf.Document switch
            {
                Link link => link.Genesis,
                Peer peer => peer.Genesis,
                _ => default,
            }));
}
