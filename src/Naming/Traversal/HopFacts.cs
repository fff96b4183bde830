using System.Collections.Immutable;

namespace Fairlead.Naming.Traversal;

/// <summary>One hop as far as it is verified. Filled step by step; a step reads only what earlier ones wrote.</summary>
internal sealed class HopFacts(HopInput input, int index, bool isLast)
{
    private readonly Dictionary<LeafName, HopLeaf> _leaves = [];

    internal HopInput Input { get; } = input;

    internal int Index { get; } = index;

    internal bool IsLast { get; } = isLast;

    /// <summary>The segment's name on this path.</summary>
    internal required SegmentName Name { get; init; }

    /// <summary>The leaf or uplink that led here; null at hop 0.</summary>
    internal required NextHop? By { get; init; }

    /// <summary>The segment's chain with the answer's epochs.</summary>
    internal SegmentState Segment { get; set; } = null!;

    /// <summary>The epoch that the seal and the attests stand under.</summary>
    internal Parsed<Epoch> Under { get; set; } = null!;

    internal VerifiedSeal? Seal { get; set; }

    /// <summary>The segment that this hop names next; null at the last hop, and where it names none.</summary>
    internal NextHop? Leads { get; set; }

    internal List<HopAttest> Attests { get; } = [];

    internal Epoch Newest => Segment.Newest.Value;

    internal Digest Genesis => Input.Raw.Genesis;

    /// <summary>Whether it only leads to the next hop, so that its seal may be older (V57).</summary>
    internal bool Introduces => !IsLast;

    internal IEnumerable<HopLeaf> Leaves => _leaves.Values;

    internal void Prove(HopLeaf leaf) => _leaves.Add(leaf.Name, leaf);

    /// <summary>The document of a leaf that is proven present, or null.</summary>
    internal T? Included<T>(LeafClass kind, string name)
        where T : Document =>
        _leaves.TryGetValue(new LeafName(kind, name), out var leaf) ? leaf.Document as T : null;

    internal HopLeaf? Find(LeafClass kind, string name) => _leaves.GetValueOrDefault(new LeafName(kind, name));

    /// <summary>Whether a leaf is proven absent.</summary>
    internal bool IsAbsent(LeafClass kind, string name) =>
        _leaves.TryGetValue(new LeafName(kind, name), out var leaf) && leaf.Document is null;

    /// <summary>All documents of one kind that are proven present.</summary>
    internal ImmutableArray<T> All<T>()
        where T : Document =>
        [.. _leaves.Values.Select(leaf => leaf.Document).OfType<T>()];

    internal VerifiedHop ToVerified() => new(
        Name,
        Input.Raw.Kind,
        Segment.Newest,
        Seal,
        [.. Attests.Select(attest => attest.ToVerified(RuleOf(attest)))],
        Introduces)
    {
        Genesis = Genesis,
    };

    private Rule? RuleOf(HopAttest attest)
    {
        foreach (var leaf in _leaves.Values)
        {
            if (leaf.Document is Rule rule && leaf.Commitment == attest.Value.Rule)
            {
                return rule;
            }
        }

        return null;
    }
}
