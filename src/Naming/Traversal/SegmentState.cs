using System.Collections.Immutable;

namespace Fairlead.Naming.Traversal;

/// <summary>
/// What a verifier holds of one segment: its chain of epochs from the first one held, the newest epoch, the epochs that
/// seals in use were signed by, the newest seal's position, and the floors of its leaves. Only statements signed by the
/// segment itself change it (V40). Immutable, thread-safe.
/// </summary>
public sealed record SegmentState
{
    /// <summary>The most epochs held as documents, the newest included.</summary>
    public const int MaxDocuments = 4;

    /// <summary>The most leaf floors held; beyond it those that expire first are dropped.</summary>
    public const int MaxFloors = 4096;

    internal SegmentState(
        Digest genesis, long first, ImmutableArray<Digest> chain, ImmutableArray<Parsed<Epoch>> epochs)
    {
        Genesis = genesis;
        First = first;
        Chain = chain;
        Epochs = epochs;
    }

    /// <summary>The segment's identity: the digest of its epoch 0.</summary>
    public Digest Genesis { get; }

    /// <summary>The number of the first epoch held: 0, or that of the bootstrap floor.</summary>
    public long First { get; }

    /// <summary>The digests of the epochs from <see cref="First"/> to the newest.</summary>
    public ImmutableArray<Digest> Chain { get; internal init; }

    /// <summary>The epochs held as documents, ascending; the last is the newest.</summary>
    public ImmutableArray<Parsed<Epoch>> Epochs { get; internal init; }

    /// <summary>The newest seal accepted; null before the first.</summary>
    public SealPosition? Seal { get; internal init; }

    /// <summary>The certificate of <see cref="Seal"/>, as far as this process saw it: the other half of a
    /// contradiction (V38).</summary>
    internal Envelope? SealCertificate { get; init; }

    /// <summary>The certificate of <see cref="Newest"/>: the other half where a second epoch of its number comes (V14,
    /// V38). Null for a genesis, and for an epoch that was trusted by its digest.</summary>
    internal Envelope? Vote { get; init; }

    /// <summary>What is proven of its keys (V38).</summary>
    internal Misuse Misuse { get; init; } = Misuse.None;

    /// <summary>Whether the quorum of the newest epoch contradicted itself: the segment says nothing that counts before
    /// there is a newer one (V38).</summary>
    public bool IsQuarantined => Misuse.IsQuarantined && Misuse.Epoch == NewestNumber;

    /// <summary>The floors of published leaves (V26), by (class, name).</summary>
    public ImmutableSortedDictionary<LeafName, LeafFloor> Floors { get; internal init; } =
        ImmutableSortedDictionary<LeafName, LeafFloor>.Empty;

    /// <summary>The newest epoch with an <c>op.base</c>, which cleared the floors of leaves, as far as it was seen by
    /// this process; -1 for none (V26).</summary>
    internal long Cleared { get; init; } = -1;

    /// <summary>The newest epoch that may have changed what the segment admits of others (V53, V54): its Scopes stand
    /// in its tree, so that the operation is all that tells of it. One that takes another segment in, or gives it up,
    /// changes that one's alone, and <c>peers</c> shows whose. -1 for none.</summary>
    internal long Scoped { get; init; } = -1;

    /// <summary>The newest epoch.</summary>
    public Parsed<Epoch> Newest => Epochs[^1];

    /// <summary>The number of the newest epoch.</summary>
    public long NewestNumber => First + Chain.Length - 1;

    /// <summary>The digest of an epoch of the verified chain, or null where its number is not held.</summary>
    /// <param name="number">The epoch's number.</param>
    public Digest? DigestOf(long number) =>
        number >= First && number <= NewestNumber ? Chain[(int)(number - First)] : null;

    /// <summary>An epoch of the verified chain as a document, or null where only its digest is held, or
    /// nothing.</summary>
    /// <param name="number">The epoch's number.</param>
    public Parsed<Epoch>? EpochOf(long number)
    {
        for (var i = Epochs.Length - 1; i >= 0; i--)
        {
            if (Epochs[i].Value.Number == number)
            {
                return Epochs[i];
            }
        }

        return null;
    }

    /// <summary>Whether an anchor of the newest epoch contradicted itself (V38).</summary>
    /// <param name="anchor">The anchor's id.</param>
    public bool IsExcluded(string anchor) => Misuse.Epoch == NewestNumber && Misuse.Excluded.Contains(anchor);

    /// <summary>Whether a seal key is such an anchor's, who may sign under an older epoch with it.</summary>
    /// <param name="sealKid">The kid of the key.</param>
    public bool IsExcluded(Digest sealKid) => Misuse.Epoch == NewestNumber && !Misuse.Excluded.IsEmpty
        && EpochKeys.For(Newest.Value).TryFind(sealKid, out _, out _, out var anchor)
        && anchor is not null && IsExcluded(anchor.Id);

    /// <summary>
    /// What proves misuse in the newest epoch, to be passed on (V38): at most one piece for the quorum and one for each
    /// anchor, since more of them would change nothing.
    /// </summary>
    public ImmutableArray<Contradiction> Evidence => Misuse.Epoch == NewestNumber ? Misuse.Evidence : [];

    /// <summary>This state with what another one knows of the keys of the same epoch.</summary>
    /// <param name="other">The same segment, as another part of the program holds it.</param>
    public SegmentState Accused(SegmentState other)
    {
        ArgumentNullException.ThrowIfNull(other);
        if (other.Misuse.Epoch != NewestNumber || other.Newest.Digest != Newest.Digest)
        {
            return this;
        }

        var mine = Misuse.Epoch == NewestNumber ? Misuse : Misuse.None with { Epoch = NewestNumber };
        var theirs = other.Misuse;
        return (mine.IsQuarantined || !theirs.IsQuarantined) && theirs.Excluded.IsSubsetOf(mine.Excluded)
            ? this
            : this with
            {
                Misuse = mine with
                {
                    IsQuarantined = mine.IsQuarantined || theirs.IsQuarantined,
                    Excluded = mine.Excluded.Union(theirs.Excluded),
                    Evidence = mine.Evidence.AddRange(
                        theirs.Evidence.Where(piece => !IsAccused(AccusedBy(piece)))),
                },
            };
    }

    // Whom verified evidence accuses; null for the quorum.
    private string? AccusedBy(Contradiction piece) =>
        piece.Kind is not (ContradictionKind.Certificates or ContradictionKind.EpochCertificates)
        && EpochKeys.For(Newest.Value).TryFind(piece.First.Signatures[0].Kid, out _, out _, out var anchor)
            ? anchor?.Id
            : null;

    /// <summary>What a verified chain that has another newest epoch proves beside this one (V14, V38); null where the
    /// certificates are not both at hand.</summary>
    /// <param name="others">The other chain's epochs, as they came.</param>
    public Contradiction? Against(IEnumerable<EpochDocument> others)
    {
        ArgumentNullException.ThrowIfNull(others);
        var second = others.FirstOrDefault(other => Document.TryParse<Epoch>(other.Payload, out var epoch, out _)
            && epoch.Value.Number == NewestNumber && epoch.Digest != Newest.Digest);
        return Vote is { } vote && second is not null
            ? new Contradiction(ContradictionKind.EpochCertificates, Genesis, vote, second.Vote)
            : null;
    }

    /// <summary>Whether misuse by an anchor, or by the quorum, is proven already.</summary>
    internal bool IsAccused(string? anchor) => anchor is null ? IsQuarantined : IsExcluded(anchor);

    /// <summary>This state with one more proof of misuse in the newest epoch: of an anchor, or of the quorum.</summary>
    internal SegmentState Accuse(string? anchor, Contradiction evidence)
    {
        var known = Misuse.Epoch == NewestNumber ? Misuse : Misuse.None with { Epoch = NewestNumber };
        known = known with { Evidence = known.Evidence.Add(evidence) };
        return this with
        {
            Misuse = anchor is null
                ? known with { IsQuarantined = true }
                : known with { Excluded = known.Excluded.Add(anchor) },
        };
    }

    /// <summary>
    /// This state with the epochs of another one that was extended from the same chain, maybe from an older view of it;
    /// null where that one has nothing newer, or is another chain.
    /// </summary>
    public SegmentState? Continued(SegmentState other)
    {
        if (other.NewestNumber <= NewestNumber || other.DigestOf(NewestNumber) != Newest.Digest)
        {
            return null;
        }

        var known = NewestNumber;
        var epochs = Epochs.AddRange(other.Epochs.Where(epoch => epoch.Value.Number > known));
        return this with
        {
            Chain = Chain.AddRange(other.Chain[(int)(known + 1 - other.First)..]),
            Epochs = epochs.Length <= MaxDocuments ? epochs : epochs[^MaxDocuments..],
            Vote = other.Vote,
            Floors = other.Cleared > known
                ? ImmutableSortedDictionary<LeafName, LeafFloor>.Empty
                : Floors,
            Cleared = Math.Max(Cleared, other.Cleared),
            Scoped = Math.Max(Scoped, other.Scoped),
        };
    }

    /// <summary>The chain as it was when an epoch was its newest; null where that is the newest still, or is not held
    /// as a document.</summary>
    internal SegmentState? AsOf(long epoch) => epoch >= NewestNumber || EpochOf(epoch) is null
        ? null
        : this with
        {
            Chain = Chain[..(int)(epoch - First + 1)],
            Epochs = [.. Epochs.Where(held => held.Value.Number <= epoch)],
            Vote = null,
        };

    /// <summary>Whether a TLS key belongs to an anchor of the newest epoch (V63).</summary>
    /// <param name="kid">The kid of the key that the other side proved to hold.</param>
    public bool HasTransportKey(Digest kid) => Newest.Value.Anchors.Any(anchor => anchor.Tls.Kid == kid);

    /// <summary>Whether a TLS key belongs to an anchor of the newest epoch (V63).</summary>
    /// <param name="key">The key that the other side proved to hold.</param>
    public bool HasTransportKey(PublicKey key)
    {
        foreach (var anchor in Newest.Value.Anchors)
        {
            if (anchor.Tls == key)
            {
                return true;
            }
        }

        return false;
    }
}
