using Fairlead.Naming;

namespace Fairlead.Governance;

/// <summary>
/// All that a <see cref="SealEngine"/> starts from. The epoch and the leaves are verified already (V1-V15).
/// </summary>
public sealed record SealEngineOptions
{
    /// <summary>The own anchor's id.</summary>
    public required string Self { get; init; }

    /// <summary>The segment.</summary>
    public required Digest Genesis { get; init; }

    /// <summary>The newest epoch, whose seals this engine makes.</summary>
    public required Parsed<Epoch> Epoch { get; init; }

    /// <summary>
    /// The epoch's op-made leaves, as the manifests of its chain say: the values of the type of that name.
    /// </summary>
    public required IReadOnlyCollection<ParsedLeaf> OperationLeaves { get; init; }

    /// <summary>
    /// The certified handover of the epoch before, and its entries, which the first seal follows (V62); null in epoch
    /// 0.
    /// </summary>
    public Handover? Handover { get; init; }

    /// <summary>The digest of <see cref="Handover"/>.</summary>
    public Digest? HandoverDigest { get; init; }

    /// <summary>
    /// The entries of the handover's state; null where it is not in hand, so that the engine waits for a certified
    /// seal of the epoch and fetches its state.
    /// </summary>
    public IReadOnlyList<SignedEntry>? HandoverEntries { get; init; } = [];

    /// <summary>The certificate of <see cref="Handover"/>, shown to anchors that hold another or none.</summary>
    public Envelope? HandoverCertificate { get; init; }

    /// <summary>Entries known in the epoch before and not certified there.</summary>
    public IReadOnlyList<SignedEntry> Uncovered { get; init; } = [];

    /// <summary>Kids that had a Credential in an earlier epoch and lost it.</summary>
    public IReadOnlySet<Digest> RevokedPublishers { get; init; } = new HashSet<Digest>();

    /// <summary>The own seal key.</summary>
    public required ISigner Signer { get; init; }

    /// <summary>Checks signatures.</summary>
    public ISignatureCheck Signatures { get; init; } = new EcdsaSignatureCheck();

    /// <summary>What is known of other segments' seals; null for nothing, so that none is witnessed.</summary>
    public IWitnesses? Witnesses { get; init; }

    /// <summary>
    /// The bodies of the journal's entries in this epoch and the one before, in order, without the file's first.
    /// </summary>
    public IReadOnlyList<ReadOnlyMemory<byte>> Journal { get; init; } = [];

    /// <summary>
    /// The number of the certified seal of this epoch at which the journal's file starts; -1 where it holds all that
    /// the key signed. What was signed before binds through that seal's state, so nothing is signed before it, or a
    /// later one, is in hand.
    /// </summary>
    public long JournalBase { get; init; } = -1;

    /// <summary>Why the key must not sign any more, where that was found out in an earlier epoch; null where it may.
    /// </summary>
    public Refusal? Unfit { get; init; }

    /// <summary>The newest certified seal of this epoch from the archive; null where there is none.</summary>
    public Envelope? Archived { get; init; }

    /// <summary>The entries of <see cref="Archived"/>'s state.</summary>
    public IReadOnlyList<SignedEntry> ArchivedEntries { get; init; } = [];

    /// <summary>Set by simulations only: plants the bug of sealing on after a commit.</summary>
    internal bool IgnoresFence { get; init; }

    /// <summary>Set by simulations only: plants the bug of handovers below what was signed.</summary>
    internal bool HandsOverLess { get; init; }

    /// <summary>Set by simulations only: plants the bug of signing what lacks signed entries.</summary>
    internal bool IgnoresDominance { get; init; }

    /// <summary>Set by simulations only: plants the bug of signing Witnesses unseen.</summary>
    internal bool IgnoresWitnesses { get; init; }

    /// <summary>Set by simulations only: plants mistakes in taking entries.</summary>
    internal IntakeBugs IntakeBugs { get; init; } = new();
}

/// <summary>Mistakes in taking entries that a simulation plants and must find.</summary>
/// <param name="ForgetsAccepted">What was accepted is neither kept nor gossiped.</param>
/// <param name="KeepsRefused">What was refused for what it follows is kept.</param>
/// <param name="TellsTwice">A publisher is told twice that its entry is accepted.</param>
/// <param name="TrustsAnybody">A publisher's signature is not checked.</param>
internal sealed record IntakeBugs(
    bool ForgetsAccepted = false, bool KeepsRefused = false, bool TellsTwice = false, bool TrustsAnybody = false);
