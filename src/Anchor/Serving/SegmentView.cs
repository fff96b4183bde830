using System.Collections.Immutable;
using Fairlead.Governance;
using Fairlead.Naming.Tree;
using Fairlead.Naming;
using Fairlead.Naming.Traversal;

namespace Fairlead.Anchor.Serving;

/// <summary>
/// The own segment at its newest certified seal: everything that an answer is built from. Immutable, thread-safe.
/// </summary>
internal sealed class SegmentView
{
    private readonly LeafState _state;
    private readonly ImmutableDictionary<LeafName, ReadOnlyMemory<byte>> _operationMade;

    /// <summary>The view of a certified state.</summary>
    /// <param name="name">The segment's full name.</param>
    /// <param name="epochs">All certified epochs, from the genesis to the newest.</param>
    /// <param name="epoch">The newest epoch.</param>
    /// <param name="operationMade">The leaves that operations made, as the chain says.</param>
    /// <param name="rules">The Rules among them.</param>
    /// <param name="certified">The newest certified seal and its state.</param>
    internal SegmentView(
        SegmentName name,
        ImmutableArray<EpochDocument> epochs,
        Parsed<Epoch> epoch,
        ImmutableDictionary<LeafName, ReadOnlyMemory<byte>> operationMade,
        ImmutableArray<Parsed<Rule>> rules,
        CertifiedState certified)
    {
        Name = name;
        Epochs = epochs;
        Epoch = epoch;
        Certified = certified;
        _state = certified.State;
        _operationMade = operationMade;
        Rules = rules;
    }

    /// <summary>The segment's full name.</summary>
    internal SegmentName Name { get; }

    /// <summary>The segment's identity.</summary>
    internal Digest Genesis => Certified.Seal.Segment;

    /// <summary>All certified epochs, from the genesis to the newest.</summary>
    internal ImmutableArray<EpochDocument> Epochs { get; }

    /// <summary>The newest epoch.</summary>
    internal Parsed<Epoch> Epoch { get; }

    /// <summary>The newest certified seal with its state.</summary>
    internal CertifiedState Certified { get; }

    /// <summary>The Rules that its anchors decide by.</summary>
    internal ImmutableArray<Parsed<Rule>> Rules { get; }

    /// <summary>The trust domains that its Scopes give away, each with the segment that it is given to (V54).</summary>
    internal IReadOnlyDictionary<string, Digest> ScopedDomains => Serving.ScopedDomains.Of(_operationMade);

    /// <summary>Op-made leaves and entries.</summary>
    internal SparseTree Tree => _state.Tree;

    /// <summary>
    /// The epoch by which this segment names a neighbour of that identity: a Peer, a child, or a parent; null for none.
    /// </summary>
    internal Floor? FloorOf(Digest neighbour) => Neighbours.Of(_operationMade).FloorOf(neighbour)
        ?? Epoch.Value.Uplinks.Where(uplink => uplink.Parent == neighbour).Select(uplink => (Floor?)uplink.Floor)
            .FirstOrDefault();

    /// <summary>The neighbours, each with where it is by what names it here.</summary>
    internal IEnumerable<KeyValuePair<Digest, ImmutableArray<IpEndpoint>>> Around() =>
        Neighbours.Of(_operationMade).Endpoints
            .Concat(Epoch.Value.Uplinks.Select(uplink => KeyValuePair.Create(uplink.Parent, uplink.Endpoints)))
            .DistinctBy(one => one.Key);

    /// <summary>Where a path goes on from here to a segment; null where it ends (4.9).</summary>
    internal Onward? Towards(SegmentName target) => Onward.Of(
        Name, Epoch.Value, target, mayLeave: true,
        name => Find<Peer>(LeafClass.Peer, name)?.Value, label => Find<Link>(LeafClass.Link, label)?.Value);

    /// <summary>A leaf's document, or null where the tree has none of that class and name.</summary>
    internal ReadOnlyMemory<byte>? Find(LeafName name)
    {
        if (_operationMade.TryGetValue(name, out var document))
        {
            return document;
        }

        // Not by a conditional: its null would be an empty memory, and a missing leaf would look like a leaf.
        if (Entry(name) is { } entry)
        {
            return entry.Leaf;
        }

        return null;
    }

    /// <summary>A published leaf's entry, or null.</summary>
    internal Entry? Entry(LeafName name) =>
        _state.Find(new EntryName(name.Class, name.Name)) is { } entry && entry.LeafClass == name.Class ? entry : null;

    /// <summary>A leaf's document, parsed.</summary>
    internal Parsed<T>? Find<T>(LeafClass kind, string name)
        where T : Document, IDocument<T> =>
        Find(new LeafName(kind, name)) is { } payload && Document.TryParse<T>(payload, out var parsed, out _)
            ? parsed
            : null;

    /// <summary>Whether the seal is still valid for a verifier whose clock says <paramref name="now"/>.</summary>
    internal bool IsValid(long now) => now + Epoch.Value.Policy.ClockDelta < Certified.Seal.Expires;
}
