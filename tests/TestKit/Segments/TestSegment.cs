using System.Collections.Immutable;
using System.Globalization;
using System.Text;
using Fairlead.Naming;

namespace Fairlead.TestKit;

/// <summary>
/// A segment with real keys, certificates and op-made leaves, as a ceremony on one machine makes it: epoch 0 with op
/// genesis, a Credential for <see cref="Publisher"/> and the Rule <c>open</c>; further epochs by <see cref="Advance"/>.
/// Everything but the signatures is the same in every run. Used on one thread.
/// </summary>
public sealed class TestSegment
{
    private readonly TestSegmentOptions _options;
    private readonly List<Parsed<Epoch>> _epochs = [];
    private readonly List<EpochDocument> _chain = [];
    private readonly List<Parsed<Manifest>?> _manifests = [];
    private readonly List<ParsedLeaf> _leaves = [];

    public TestSegment(TestSegmentOptions? options = null)
    {
        _options = options ?? new TestSegmentOptions();
        Name = SegmentName.Parse(_options.Name);
        Publisher = TestKeys.Signer(_options.FirstKey + 90);
        AddGenesis();
    }

    public SegmentName Name { get; }

    /// <summary>The segment's identity: the digest of epoch 0.</summary>
    public Digest Genesis => _epochs[0].Digest;

    public int Threshold => _options.Threshold > 0 ? _options.Threshold : (2 * _options.Anchors / 3) + 1;

    /// <summary>The key of the Credential for <c>*.svc</c> (record, set, bundle, gateway).</summary>
    public EcdsaSigner Publisher { get; }

    /// <summary>All epochs, from 0.</summary>
    public IReadOnlyList<Parsed<Epoch>> Epochs => _epochs;

    /// <summary>All epochs with their certificates, from 0.</summary>
    public IReadOnlyList<EpochDocument> Chain => _chain;

    /// <summary>The manifest of each epoch; null where an epoch changes no leaf.</summary>
    public IReadOnlyList<Parsed<Manifest>?> Manifests => _manifests;

    public Parsed<Epoch> Newest => _epochs[^1];

    /// <summary>The op-made leaves of the newest epoch, by (class, name).</summary>
    public IReadOnlyList<ParsedLeaf> Leaves => _leaves;

    public EcdsaSigner Gov(int anchor) => TestKeys.Signer(_options.FirstKey + (3 * anchor));

    public EcdsaSigner Seal(int anchor) => TestKeys.Signer(_options.FirstKey + (3 * anchor) + 1);

    /// <summary>Whether others name it by all of its anchors; else by the first one alone.</summary>
    public bool IsNamedByAll { get; set; }

    private ImmutableArray<IpEndpoint> Named => IsNamedByAll
        ? [.. Newest.Value.Anchors.SelectMany(anchor => anchor.Endpoints)
            .OrderBy(endpoint => endpoint.Text, StringComparer.Ordinal)]
        : Newest.Value.Anchors[0].Endpoints;

    public EcdsaSigner Tls(int anchor) => TestKeys.Signer(_options.FirstKey + (3 * anchor) + 2);

    /// <summary>The first T seal keys.</summary>
    public IEnumerable<ISigner> SealQuorum => Enumerable.Range(0, Threshold).Select(Seal);

    /// <summary>The first T gov keys.</summary>
    public IEnumerable<ISigner> GovQuorum => Enumerable.Range(0, Threshold).Select(Gov);

    /// <summary>What a neighbour's Peer leaf names: the newest epoch.</summary>
    public Floor Floor => new(Newest.Digest, Newest.Value.Number);

    /// <summary>16 bytes that depend on the text only.</summary>
    public static Hex16 Bytes16(string text) =>
        Hex16.FromBytes(Digest.Sha256(Encoding.UTF8.GetBytes(text)).ToArray().AsSpan(0, Hex16.Size));

    /// <summary>Certifies a next epoch: the newest one with number, prev, issued + 1 s, expires and op advanced, then
    /// <paramref name="change"/>, with the manifest that <paramref name="put"/> and <paramref name="remove"/>
    /// make.</summary>
    public Parsed<Epoch> Advance(
        string op,
        Func<Epoch, Epoch>? change = null,
        IReadOnlyList<ParsedLeaf>? put = null,
        IReadOnlyList<ParsedLeaf>? remove = null)
    {
        var manifest = MakeManifest(put ?? [], remove ?? []);
        var previous = Newest;
        var issued = previous.Value.Issued + 1000;
        var next = previous.Value with
        {
            Number = previous.Value.Number + 1,
            Prev = previous.Digest,
            Segment = Genesis,
            Issued = issued,
            Expires = issued + _options.EpochLife,
            Op = new EpochOp { Type = op, Manifest = manifest?.Digest },
        };
        var epoch = Document.Make(change is null ? next : change(next));
        Append(epoch, new EpochDocument(epoch.Payload, Vote(epoch, GovQuorum), Envelope.None, Envelope.None), manifest);
        Apply(put ?? [], remove ?? []);
        return epoch;
    }

    /// <summary>Op peer: a Peer leaf for the other segment's newest epoch, and its genesis among the peers.</summary>
    public Parsed<Epoch> PeerWith(TestSegment other)
    {
        var peer = Document.Make(new Peer
        {
            Endpoints = other.Named,
            Floor = other.Floor,
            Genesis = other.Genesis,
            Name = other.Name,
            Made = Newest.Value.Number + 1,
            Opening = Bytes16($"peer {other.Name}"),
        });
        return Advance(
            OpType.Peer,
            epoch => epoch with { Peers = [.. epoch.Peers.Add(other.Genesis).Order()] },
            [ParsedLeaf.Of(peer)]);
    }

    /// <summary>Op join: a Link to each child's newest epoch.</summary>
    public Parsed<Epoch> LinkTo(params IReadOnlyList<TestSegment> children) => Join(
        children.Select(child => (child.Name.Label, child.Genesis, child.Floor, child.Named)));

    /// <summary>The same of children that nobody runs, as many to an epoch as an epoch takes.</summary>
    public void LinkToNobody(IEnumerable<string> labels)
    {
        foreach (var some in labels.Chunk(Limits.LinksPerEpoch))
        {
            Join(some.Select(label =>
            {
                var genesis = Digest.Sha256(System.Text.Encoding.ASCII.GetBytes(label));
                return (label, genesis, new Floor(genesis, 0), Named);
            }));
        }
    }

    private Parsed<Epoch> Join(
        IEnumerable<(string Label, Digest Genesis, Floor Floor, ImmutableArray<IpEndpoint> Endpoints)> children) =>
        Advance(
        OpType.Join,
        null,
        [
            .. children.OrderBy(child => child.Label, StringComparer.Ordinal)
                .Select(child => ParsedLeaf.Of(Document.Make(new Link
                {
                    At = LinkPoint.Parse(child.Label),
                    Endpoints = child.Endpoints,
                    Floor = child.Floor,
                    Genesis = child.Genesis,
                    Label = child.Label,
                    Made = Newest.Value.Number + 1,
                    Opening = Bytes16($"link {child.Label}"),
                }))),
        ]);

    /// <summary>What a child of this segment says of it in its epoch.</summary>
    public Uplink UplinkAs(string label) => new()
    {
        Endpoints = Named,
        Floor = Floor,
        Label = label,
        Parent = Genesis,
    };

    /// <summary>A vote envelope for an epoch, by default of phase commit in round 0.</summary>
    public Envelope Vote(
        Parsed<Epoch> epoch, IEnumerable<ISigner> signers, string phase = VotePhase.Commit, long round = 0) =>
        Envelope.Sign(
            Document.Make(new Vote
            {
                Digest = epoch.Digest,
                Epoch = epoch.Value.Number,
                Phase = phase,
                Round = round,
                Segment = epoch.Value.Number == 0 ? epoch.Digest : Genesis,
            }),
            signers);

    /// <summary>A consent envelope for an epoch.</summary>
    public Envelope Consent(Parsed<Epoch> epoch, IEnumerable<ISigner> signers) =>
        Envelope.Sign(
            Document.Make(new Consent
            {
                Digest = epoch.Digest,
                Epoch = epoch.Value.Number,
                Segment = epoch.Value.Segment ?? epoch.Digest,
            }),
            signers);

    /// <summary>The only handover that a fresh segment has: of an epoch that was never sealed, over its op-made
    /// leaves.</summary>
    public Parsed<Handover> Handover(long epoch, Digest root, long count) => Document.Make(new Handover
    {
        Count = count,
        Epoch = epoch,
        Issued = _epochs[(int)epoch].Value.Issued,
        Next = _epochs[(int)epoch + 1].Digest,
        Root = root,
        Segment = Genesis,
        Seq = 0,
    });

    /// <summary>A seal of the newest epoch, valid as long as the policy allows.</summary>
    public Parsed<Seal> SealOf(Digest root, long count, long seq, long issued, Digest? prev = null) =>
        Document.Make(new Seal
    {
        Count = count,
        Epoch = Newest.Value.Number,
        EpochDigest = Newest.Digest,
        Expires = issued + Newest.Value.Policy.SealValidity,
        Issued = issued,
        Prev = prev,
        Root = root,
        Segment = Genesis,
        Seq = seq,
    });

    /// <summary>A document certified by the first T seal keys.</summary>
    public Envelope Certify<T>(Parsed<T> document)
        where T : Document, IDocument<T> => Envelope.Sign(document, SealQuorum);

    /// <summary>The place of a leaf in this segment's tree.</summary>
    public Digest KeyOf(LeafClass leafClass, string name) =>
        Hashes.TreeKey(Genesis, Newest.Value.Salt, leafClass, name);

    private void AddGenesis()
    {
        var leaves = TestLeaves.OfGenesis(_options, Publisher.Key);
        var manifest = MakeManifest(leaves, []);
        var rules = leaves.Where(leaf => leaf.Class == LeafClass.Rule).Select(leaf => leaf.Commitment).ToList();
        var epoch = Document.Make(_options.Genesis(TestPolicies.Genesis(
            _options, Threshold, [.. Enumerable.Range(0, _options.Anchors).Select(Anchor)], manifest?.Digest, rules)));
        var serving = Enumerable.Range(0, _options.Anchors).SelectMany(i => new[] { Gov(i), Seal(i) });
        Append(
            epoch, new EpochDocument(epoch.Payload, Envelope.None, Consent(epoch, serving), Envelope.None), manifest);
        Apply(leaves, []);
    }

    private EpochAnchor Anchor(int i) => new()
    {
        Admin = string.Create(CultureInfo.InvariantCulture, $"admin-{(char)('a' + i)}"),
        Endpoints = [IpEndpoint.Parse(string.Create(CultureInfo.InvariantCulture, $"127.0.0.1:{16443 + i}"))],
        Gov = Gov(i).Key,
        Host = "host-a",
        Id = string.Create(CultureInfo.InvariantCulture, $"{Name.Label}-{(char)('a' + i)}"),
        Seal = Seal(i).Key,
        Tls = Tls(i).Key,
        Weight = 1,
    };

    private void Append(Parsed<Epoch> epoch, EpochDocument document, Parsed<Manifest>? manifest)
    {
        _epochs.Add(epoch);
        _chain.Add(document);
        _manifests.Add(manifest);
    }

    private void Apply(IReadOnlyList<ParsedLeaf> put, IReadOnlyList<ParsedLeaf> remove)
    {
        _leaves.RemoveAll(leaf => put.Concat(remove).Any(other => other.Class == leaf.Class
            && other.Name == leaf.Name));
        _leaves.AddRange(put);
        _leaves.Sort(static (left, right) => left.Class != right.Class
            ? left.Class.CompareTo(right.Class)
            : string.CompareOrdinal(left.Name, right.Name));
    }

    private static Parsed<Manifest>? MakeManifest(IReadOnlyList<ParsedLeaf> put, IReadOnlyList<ParsedLeaf> remove) =>
        put.Count + remove.Count == 0
            ? null
            : Document.Make(new Manifest
            {
                Changes =
                [
                    .. put.Select(leaf => (Leaf: leaf, Digest: (Digest?)leaf.Commitment))
                        .Concat(remove.Select(leaf => (Leaf: leaf, Digest: (Digest?)null)))
                        .OrderBy(change => change.Leaf.Class)
                        .ThenBy(change => change.Leaf.Name, StringComparer.Ordinal)
                        .Select(change => new ManifestChange
                        {
                            Class = (long)change.Leaf.Class,
                            Digest = change.Digest,
                            Name = change.Leaf.Name,
                        }),
                ],
            });
}
