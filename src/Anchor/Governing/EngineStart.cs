using Fairlead.Anchor.Home;
using Fairlead.Anchor.Hosting;
using Fairlead.Anchor.Journal;
using Fairlead.Governance;
using Fairlead.Hosting;
using Fairlead.Naming;
using Fairlead.Naming.Operations;
using Fairlead.Naming.Traversal;
using Fairlead.Resolver.State;

namespace Fairlead.Anchor.Governing;

/// <summary>What a segment's engine starts from, gathered from where an anchor keeps it. Stateless.</summary>
internal static class EngineStart
{
    /// <exception cref="StartException">The operations that wait cannot be read.</exception>
    internal static SegmentEngineOptions Options(
        string self, SegmentGround ground, ChainFolder chain, DataFolder folder, KeyCustody keys, StateKeeper keeper,
        WitnessBook witnesses, OperationBook operations, Func<Hex16> openings)
    {
        var (queue, takenBack) = Load(operations, ground);
        return new SegmentEngineOptions
        {
            Self = self,
            Ground = ground.Ground,
            Before = ground.Before,
            Handover = ground.Handover,
            HandoverEntries = chain.HandoverEntries(ground),
            Steps = ground.Steps,
            RevokedPublishers = ground.Revoked,
            Seal = keys.Seal,
            Gov = keys.Gov,
            Witnesses = witnesses,
            Openings = openings,
            SealJournal = Bodies(folder.Journal),
            GovJournal = Bodies(folder.GovJournal),
            JournalBase = folder.JournalBase(ground),
            Archived = folder.Archived?.Seal,
            ArchivedEntries = folder.Archived?.Entries ?? [],
            ArchivedBefore = folder.ArchivedBefore?.Seal,
            ArchivedBeforeEntries = folder.ArchivedBefore?.Entries ?? [],
            Queue = queue,
            TakenBack = takenBack,
            Foreign = keeper.Durable.Segments.Values.Where(segment => segment.Genesis != ground.Genesis)
                .ToDictionary(segment => segment.Genesis, Foreign),
        };
    }

    /// <summary>What a renewal may say of a segment whose chain was verified here.</summary>
    internal static ForeignSegment Foreign(SegmentState segment) => new(
        new Floor(segment.Newest.Digest, segment.NewestNumber),
        [.. segment.Newest.Value.Anchors.Select(anchor => anchor.Endpoints[0]).Take(Limits.Endpoints)]);

    private static IReadOnlyList<ReadOnlyMemory<byte>> Bodies(JournalFile journal) =>
        [.. JournalParts.Join(journal.Replay()).Select(body => new ReadOnlyMemory<byte>(body))];

    private static (IReadOnlyList<QueuedOperation> Queue, IReadOnlyList<EpochProposal> TakenBack) Load(
        OperationBook operations, SegmentGround ground)
    {
        try
        {
            return operations.Load(ground.Ground, ground.Before);
        }
        catch (StateException e)
        {
            throw new StartException(e.Message, e);
        }
    }
}
