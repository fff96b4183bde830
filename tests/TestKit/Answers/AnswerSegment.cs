using System.Collections.Immutable;
using Fairlead.Naming;
using Fairlead.Naming.Traversal;
using Fairlead.Naming.Tree;

namespace Fairlead.TestKit.Answers;

/// <summary>
/// One segment with all its keys: it certifies epochs, seals its leaves, proves and attests, as honest anchors do and,
/// through hooks, as lying ones might. Every document is real.
/// </summary>
public sealed class AnswerSegment
{
    private readonly SortedDictionary<LeafName, LeafDocument> _leaves = [];
    private readonly List<Parsed<Epoch>> _epochs = [];
    private readonly List<EpochDocument> _documents = [];

    private AnswerSegment(SegmentName name, ImmutableArray<AnchorKeys> anchors, int faults)
    {
        Name = name;
        Anchors = anchors;
        Faults = faults;
    }

    public SegmentName Name { get; }

    public ImmutableArray<AnchorKeys> Anchors { get; }

    public int Faults { get; }

    public int Threshold => (2 * Anchors.Length / 3) + 1;

    public Digest Genesis => _epochs[0].Digest;

    public Parsed<Epoch> Newest => _epochs[^1];

    public IReadOnlyList<Parsed<Epoch>> Epochs => _epochs;

    public IReadOnlyList<EpochDocument> Documents => _documents;

    public Policy Policy => Newest.Value.Policy;

    public EcdsaSigner Publisher { get; } = AnchorKeys.NewKey();

    /// <summary>The newest seal and its payload.</summary>
    public Parsed<Seal> Seal { get; private set; } = null!;

    public Envelope SealEnvelope { get; set; } = null!;

    public SparseTree Tree { get; private set; } = SparseTree.Empty;

    public long Seq { get; set; }

    public IReadOnlyDictionary<LeafName, LeafDocument> Leaves => _leaves;

    /// <summary>A segment with its certified epoch 0.</summary>
    public static AnswerSegment Create(
        string name, long now, int anchors = 4, int faults = 1, Func<Epoch, Epoch>? change = null)
    {
        var segment = SegmentName.Parse(name);
        var keys = Enumerable.Range(0, anchors).Select(i => AnchorKeys.Create($"{segment.Label}-{(char)('a' + i)}"));
        var made = new AnswerSegment(segment, [.. keys], faults);
        var epoch = AnswerEpochs.Genesis(made, now);
        made.Add(Document.Make(change?.Invoke(epoch) ?? epoch));
        return made;
    }

    /// <summary>Certifies the next epoch; with consents where it changes the quorum of the same anchors.</summary>
    public AnswerSegment Next(long now, Func<Epoch, Epoch>? change = null, bool consents = false)
    {
        var epoch = AnswerEpochs.Next(this, now);
        Add(Document.Make(change?.Invoke(epoch) ?? epoch), consents);
        return this;
    }

    public AnswerSegment Put(LeafDocument leaf)
    {
        _leaves[new LeafName(leaf.Class, leaf.LeafName)] = leaf;
        return this;
    }

    /// <summary>Puts a document where another name belongs, as only a quorum of liars could.</summary>
    public AnswerSegment PutAs(LeafClass kind, string name, LeafDocument leaf)
    {
        _leaves[new LeafName(kind, name)] = leaf;
        return this;
    }

    public AnswerSegment Remove(LeafClass kind, string name)
    {
        _leaves.Remove(new LeafName(kind, name));
        return this;
    }

    /// <summary>Seals all leaves under the newest epoch.</summary>
    public AnswerSegment SealAt(long now, Func<Seal, Seal>? change = null)
    {
        Tree = SparseTree.From(_leaves.Select(
            leaf => KeyValuePair.Create(KeyOf(leaf.Key), AnswerLeaves.DigestOf(leaf.Value))));
        var seal = new Seal
        {
            Count = Tree.Count,
            Epoch = Newest.Value.Number,
            EpochDigest = Newest.Digest,
            Expires = now + Policy.SealValidity,
            Issued = now,
            Root = Tree.Root,
            Segment = Genesis,
            Seq = ++Seq,
        };
        Seal = Document.Make(change?.Invoke(seal) ?? seal);
        SealEnvelope = Envelope.Sign(Seal, Anchors.Take(Threshold).Select(anchor => anchor.Seal));
        return this;
    }

    /// <summary>A proof of presence or absence under the newest seal.</summary>
    public UnverifiedLeafProof Prove(LeafClass kind, string name, ProofNodes nodes)
    {
        var leafName = new LeafName(kind, name);
        var proof = Tree.Prove(KeyOf(leafName), nodes);
        var leaf = proof.End == ProofEnd.Leaf ? _leaves[leafName].Encode() : [];
        return new UnverifiedLeafProof((uint)kind, name, proof, leaf, []);
    }

    public Digest KeyOf(LeafName leaf) => Hashes.TreeKey(Genesis, Newest.Value.Salt, leaf.Class, leaf.Name);

    private void Add(Parsed<Epoch> epoch, bool consents = false)
    {
        _documents.Add(AnswerEpochs.Certify(this, epoch, consents));
        _epochs.Add(epoch);
    }
}
