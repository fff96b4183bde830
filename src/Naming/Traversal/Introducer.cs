namespace Fairlead.Naming.Traversal;

/// <summary>
/// A transit's hop of which every part was verified for itself: its chain, seal, proofs and Attests. Only
/// <see cref="IntroductionCheck"/> makes one. Immutable, thread-safe.
/// </summary>
public sealed class Introducer
{
    private readonly HopFacts _hop;

    internal Introducer(HopFacts hop, Onward? leads, long until, long renewAt)
    {
        _hop = hop;
        Leads = leads;
        Until = until;
        RenewAt = renewAt;
    }

    /// <summary>The transit's chain with the hop's epochs.</summary>
    public SegmentState Segment => _hop.Segment.Epochs.Length <= SegmentState.MaxDocuments
        ? _hop.Segment
        : _hop.Segment with { Epochs = _hop.Segment.Epochs[^SegmentState.MaxDocuments..] };

    /// <summary>The segment to which it leads; null in a denial, a negative, and where the caller named it.</summary>
    public Onward? Leads { get; }

    /// <summary>When the introduction ends (V57), its Attests and its epoch counted, in unix milliseconds.</summary>
    public long Until { get; }

    /// <summary>When the first of its Attests is to be renewed, in unix milliseconds.</summary>
    public long RenewAt { get; }

    /// <summary>The far side's half of V28: whether it names the segment that the path comes from.</summary>
    /// <param name="from">That segment.</param>
    /// <param name="label">Its label, where it is known; null where its identity alone is compared.</param>
    public bool Accepts(Digest from, string? label = null) => _hop.Input.Raw.Kind switch
    {
        HopKind.Up => _hop.All<Link>().Any(link => link.Genesis == from && (label is null || link.At.Text == label)),
        HopKind.Peer => _hop.Newest.Peers.Contains(from),
        HopKind.Down => _hop.Newest.Uplinks.Any(
            uplink => uplink.Parent == from && (label is null || uplink.Label == label)),
        _ => false,
    };

    /// <summary>Whether it names a segment as the next one: by a Link, a Peer or an uplink.</summary>
    /// <param name="next">That segment.</param>
    public bool Names(Digest next) => _hop.All<Link>().Any(link => link.Genesis == next)
        || _hop.All<Peer>().Any(peer => peer.Genesis == next)
        || _hop.Newest.Uplinks.Any(uplink => uplink.Parent == next);

    /// <summary>The floor by which it names a segment before it on the path; null where it names none.</summary>
    /// <param name="from">That segment.</param>
    public Floor? FloorOf(Digest from) =>
        _hop.All<Link>().FirstOrDefault(link => link.Genesis == from)?.Floor
        ?? _hop.Newest.Uplinks.FirstOrDefault(uplink => uplink.Parent == from)?.Floor;
}
