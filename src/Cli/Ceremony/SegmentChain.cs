using Fairlead.Naming;
using Fairlead.Naming.Traversal;
using Fairlead.Protocol.Files;

namespace Fairlead.Cli.Ceremony;

/// <summary>Checks what a ceremony made or found with the checks that everyone else applies.</summary>
internal static class SegmentChain
{
    /// <summary>Verifies a segment's epochs from its genesis, and its op-made leaves by their manifests.</summary>
    /// <param name="file">The segment.</param>
    /// <param name="now">The moment, in unix milliseconds.</param>
    /// <returns>The newest epoch, and the op-made leaves of each epoch.</returns>
    /// <exception cref="CeremonyException">A check refuses it.</exception>
    internal static (Parsed<Epoch> Newest, IReadOnlyList<OperationLeaves> Leaves) Verify(SegmentFile file, long now)
    {
        SegmentState? segment = null;
        var leaves = new List<OperationLeaves>();
        for (var i = 0; i < file.Epochs.Length; i++)
        {
            var previous = segment?.Newest.Value;
            var verdict = EpochChain.Extend(segment, file.Genesis, null, [file.Epochs[i]], now);
            segment = verdict.Segment ?? throw Refused(verdict.Refusal!);
            var before = i == 0 ? OperationLeaves.None : leaves[^1];
            var after = before.Apply(segment.Newest, file.Manifests[i], file.Leaves[i], out var refusal);
            refusal ??= OpRules.CheckStep(file.Name, previous, segment.Newest.Value, before, after!);
            leaves.Add(refusal is null ? after! : throw Refused(refusal));
        }

        return (segment?.Newest ?? throw new CeremonyException("a segment without epochs"), leaves);
    }

    private static CeremonyException Refused(Refusal refusal) => new($"{refusal}");
}
