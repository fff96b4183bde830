using Fairlead.Naming;
using Fairlead.Naming.Operations;

namespace Fairlead.Governance;

/// <summary>
/// All that a <see cref="SegmentEngine"/> starts from: what the last <see cref="SegmentOutput.Moved"/> said, the newest
/// archived seal of that epoch, and both journals. Chain and leaves are verified already (V1-V15, V44).
/// </summary>
public sealed record SegmentEngineOptions
{
    /// <summary>The own anchor's id.</summary>
    public required string Self { get; init; }

    /// <summary>The newest epoch that this anchor moved to, and its op-made leaves.</summary>
    public required EpochGround Ground { get; init; }

    /// <summary>The epoch before it; null in epoch 0, or where it is not known.</summary>
    public EpochGround? Before { get; init; }

    /// <summary>The certified handover that the epoch's first seal follows; null in epoch 0.</summary>
    public Envelope? Handover { get; init; }

    /// <summary>The entries of the handover's state; null where they are not in hand.</summary>
    public IReadOnlyList<SignedEntry>? HandoverEntries { get; init; } = [];

    /// <summary>The steps of the chain, as far as they are at hand, ascending: what others are brought up
    /// with.</summary>
    public IReadOnlyList<EpochStep> Steps { get; init; } = [];

    /// <summary>Kids that had a Credential in an earlier epoch and lost it.</summary>
    public IReadOnlySet<Digest> RevokedPublishers { get; init; } = new HashSet<Digest>();

    /// <summary>The own seal key.</summary>
    public required ISigner Seal { get; init; }

    /// <summary>The own gov key.</summary>
    public required ISigner Gov { get; init; }

    /// <summary>Checks signatures.</summary>
    public ISignatureCheck Signatures { get; init; } = new EcdsaSignatureCheck();

    /// <summary>What is known of other segments' seals; null for nothing.</summary>
    public IWitnesses? Witnesses { get; init; }

    /// <summary>16 fresh random bytes at each call.</summary>
    public required Func<Hex16> Openings { get; init; }

    /// <summary>The bodies of the seal journal, in order, without the file's first.</summary>
    public IReadOnlyList<ReadOnlyMemory<byte>> SealJournal { get; init; } = [];

    /// <summary>
    /// The number of the certified seal of <see cref="Ground"/>'s epoch at which the seal journal's file starts; see
    /// <see cref="SealEngineOptions.JournalBase"/>.
    /// </summary>
    public long JournalBase { get; init; } = -1;

    /// <summary>The bodies of the gov journal, in order, without the file's first.</summary>
    public IReadOnlyList<ReadOnlyMemory<byte>> GovJournal { get; init; } = [];

    /// <summary>The newest certified seal of the epoch from the archive; null where there is none.</summary>
    public Envelope? Archived { get; init; }

    /// <summary>The entries of <see cref="Archived"/>'s state.</summary>
    public IReadOnlyList<SignedEntry> ArchivedEntries { get; init; } = [];

    /// <summary>The newest archived seal of the epoch before; null for none. It is served until the newest epoch has
    /// its first seal (4.3.3).</summary>
    public Envelope? ArchivedBefore { get; init; }

    /// <summary>The entries of <see cref="ArchivedBefore"/>'s state.</summary>
    public IReadOnlyList<SignedEntry> ArchivedBeforeEntries { get; init; } = [];

    /// <summary>Operations that waited at the end.</summary>
    public IReadOnlyList<QueuedOperation> Queue { get; init; } = [];

    /// <summary>What this anchor's operator took back, on this ground.</summary>
    public IReadOnlyList<EpochProposal> TakenBack { get; init; } = [];

    /// <summary>Verified facts of other segments.</summary>
    public IReadOnlyDictionary<Digest, ForeignSegment> Foreign { get; init; } =
        new Dictionary<Digest, ForeignSegment>();

    /// <summary>Set by simulations only: plants mistakes into the engines.</summary>
    internal SegmentBugs Bugs { get; init; } = new();
}

/// <summary>Mistakes that a simulation plants and must find.</summary>
/// <param name="IgnoresDominance">Seals below what was signed.</param>
/// <param name="IgnoresFence">Seals on after a commit.</param>
/// <param name="HandsOverLess">Handovers below what was signed.</param>
/// <param name="IgnoresLock">Prepares against one's lock.</param>
/// <param name="CommitsAnyRound">Commits that name no round.</param>
/// <param name="Intake">Mistakes in taking entries.</param>
/// <param name="IgnoresWitnesses">Signs Witnesses unseen.</param>
internal sealed record SegmentBugs(
    bool IgnoresDominance = false,
    bool IgnoresFence = false,
    bool HandsOverLess = false,
    bool IgnoresLock = false,
    bool CommitsAnyRound = false,
    IntakeBugs? Intake = null,
    bool IgnoresWitnesses = false);
