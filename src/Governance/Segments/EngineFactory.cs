using Fairlead.Naming;
using Fairlead.Naming.Operations;

namespace Fairlead.Governance;

/// <summary>Makes the engines of one epoch, with the journals as they have grown since the start.</summary>
internal sealed class EngineFactory(SegmentEngineOptions options)
{
    private readonly HashSet<Digest> _revoked = [.. options.RevokedPublishers];

    /// <summary>What the seal key signed above the newest archived seal.</summary>
    internal SignedTail Tail { get; } = new();

    /// <summary>Why the seal key must not sign any more; it stays so in every later epoch.</summary>
    internal Refusal? UnfitSeal { get; set; }

    /// <summary>Why the gov key must not sign any more; it stays so in every later epoch.</summary>
    internal Refusal? UnfitGov { get; set; }

    internal List<ReadOnlyMemory<byte>> GovJournal { get; } = [.. options.GovJournal];

    /// <summary>From here on the tail is the seal journal: what the archived seal covers binds through it.</summary>
    internal void StartTail(long epoch, long seq) => Tail.Start(options.SealJournal, epoch, seq);

    /// <summary>Drops the votes of slots that are decided. What no voter wrote stays: it is why the key must not
    /// sign.</summary>
    internal void ForgetVotes(long slot) =>
        GovJournal.RemoveAll(body => EpochJournalBody.Decode(body) is { } vote && vote.Slot < slot);

    /// <summary>Publishers that an epoch had and its successor has not.</summary>
    internal void Revoke(EpochGround before, EpochGround after) =>
        _revoked.UnionWith(Publishers(before).Except(Publishers(after)));

    internal SealEngine Seals(
        EpochGround ground,
        Envelope? handover,
        IReadOnlyList<SignedEntry>? entries,
        IReadOnlyList<SignedEntry> uncovered,
        EngineClock clock,
        bool isStart)
    {
        Handover? members = null;
        Digest? digest = null;
        if (handover is not null && Document.TryParse<Handover>(handover.Payload, out var parsed, out _))
        {
            (members, digest) = (parsed.Value, parsed.Digest);
        }

        return new SealEngine(
            new SealEngineOptions
            {
                Self = options.Self,
                Genesis = ground.Genesis,
                Epoch = ground.Epoch,
                OperationLeaves = [.. ground.Leaves.Leaves.Values],
                Handover = members,
                HandoverDigest = digest,
                HandoverEntries = entries,
                HandoverCertificate = handover,
                Uncovered = uncovered,
                RevokedPublishers = _revoked,
                Signer = options.Seal,
                Signatures = options.Signatures,
                Witnesses = options.Witnesses,
                Journal = isStart
                    ? options.SealJournal
                    : [.. Tail.All.Select(body => new ReadOnlyMemory<byte>(body))],
                JournalBase = isStart ? options.JournalBase : -1,
                Unfit = UnfitSeal,
                Archived = isStart ? options.Archived : null,
                ArchivedEntries = isStart ? options.ArchivedEntries : [],
                IgnoresDominance = options.Bugs.IgnoresDominance,
                IgnoresFence = options.Bugs.IgnoresFence,
                HandsOverLess = options.Bugs.HandsOverLess,
                IgnoresWitnesses = options.Bugs.IgnoresWitnesses,
                IntakeBugs = options.Bugs.Intake ?? new IntakeBugs(),
            },
            clock);
    }

    /// <summary>
    /// The epoch before, after a restart: it signs nothing, but follows to another handover and serves the one in hand.
    /// </summary>
    internal SealEngine Previous(EpochGround before, EngineClock clock) => new(
        Before(before) with
        {
            Journal = options.SealJournal,
            Archived = options.HandoverEntries is null ? null : options.Handover,
            ArchivedEntries = options.HandoverEntries ?? [],
        },
        clock);

    /// <summary>The last seal of the epoch before as the archive kept it; null for none. Nothing is signed or followed
    /// for it: it is there to be served.</summary>
    internal CertifiedState? Last(EpochGround before, EngineClock clock) => options.ArchivedBefore is null
        ? null
        : new SealEngine(
            Before(before) with
            {
                RevokedPublishers = _revoked,
                Archived = options.ArchivedBefore,
                ArchivedEntries = options.ArchivedBeforeEntries,
            },
            clock).Newest;

    private SealEngineOptions Before(EpochGround before) => new()
    {
        Self = options.Self,
        Genesis = before.Genesis,
        Epoch = before.Epoch,
        OperationLeaves = [.. before.Leaves.Leaves.Values],
        HandoverEntries = null,
        Signer = options.Seal,
        Signatures = options.Signatures,
        Journal = [],
    };

    internal EpochEngine Epochs(
        EpochGround ground,
        IReadOnlyList<QueuedOperation> queue,
        IReadOnlyList<EpochProposal> takenBack,
        IReadOnlyDictionary<Digest, ForeignSegment> foreign,
        EngineClock clock) => new(
            new EpochEngineOptions
            {
                Self = options.Self,
                Ground = ground,
                Signer = options.Gov,
                Openings = options.Openings,
                Signatures = options.Signatures,
                Journal = GovJournal,
                Unfit = UnfitGov,
                Queue = queue,
                TakenBack = takenBack,
                Foreign = foreign,
                IgnoresLock = options.Bugs.IgnoresLock,
                CommitsAnyRound = options.Bugs.CommitsAnyRound,
            },
            clock);

    private static IEnumerable<Digest> Publishers(EpochGround ground) =>
        ground.Leaves.Leaves.Values.Select(l => l.Document).OfType<Credential>().Select(c => c.Key.Kid);
}
