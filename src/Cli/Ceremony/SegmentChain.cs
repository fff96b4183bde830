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
        foreach (var page in file.Epochs.Chunk(Limits.PageEpochs))
        {
            var verdict = EpochChain.Extend(segment, file.Genesis, null, [.. page], now);
            segment = verdict.Segment ?? throw Refused(verdict.Refusal!);
        }

        var leaves = OperationLeaves.Derive(
            file.Name, file.Epochs, file.Manifests, file.Leaves, out var refusal);
        return leaves is null
            ? throw Refused(refusal!)
            : (segment?.Newest ?? throw new CeremonyException("a segment without epochs"), leaves);
    }

    private static CeremonyException Refused(Refusal refusal) => new($"{refusal}");
}
