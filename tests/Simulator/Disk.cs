using Fairlead.Governance;
using Fairlead.Naming;
using Fairlead.Naming.Operations;

namespace Fairlead.Simulator;

/// <summary>What an anchor finds again after a crash.</summary>
internal sealed class Disk
{
    internal List<ReadOnlyMemory<byte>> SealJournal { get; } = [];

    internal List<ReadOnlyMemory<byte>> GovJournal { get; } = [];

    /// <summary>The epoch that it last moved to; null for the first.</summary>
    internal EpochGround? Ground { get; private set; }

    internal EpochGround? Before { get; private set; }

    internal List<EpochStep> Steps { get; } = [];

    internal IReadOnlyList<SignedEntry>? HandoverEntries { get; private set; } = [];

    internal HashSet<Digest> Revoked { get; } = [];

    /// <summary>The newest archived seal of the epoch.</summary>
    internal CertifiedState? Archived { get; private set; }

    internal void Move(EpochGround before, SegmentOutput.Moved moved)
    {
        if (Ground?.Epoch.Digest == moved.Ground.Epoch.Digest)
        {
            Steps.RemoveAt(Steps.Count - 1);
        }
        else
        {
            Before = before;
            Archived = null;
            Revoked.UnionWith(Publishers(before).Except(Publishers(moved.Ground)));
        }

        Ground = moved.Ground;
        Steps.Add(moved.Step);
        HandoverEntries = moved.Entries;
    }

    /// <summary>The archive is written behind: it may miss the newest state.</summary>
    internal void Archive(long epoch, CertifiedState state)
    {
        if (state.Seal.Epoch == epoch && (Archived is null || Archived.Seal.Seq < state.Seal.Seq))
        {
            Archived = state;
        }
    }

    internal static IEnumerable<Digest> Publishers(EpochGround ground) =>
        ground.Leaves.Leaves.Values.Select(l => l.Document).OfType<Credential>().Select(c => c.Key.Kid);
}
