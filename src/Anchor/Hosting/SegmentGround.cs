using System.Collections.Immutable;
using Fairlead.Hosting;
using Fairlead.Naming;
using Fairlead.Naming.Traversal;
using Fairlead.Protocol.Files;

namespace Fairlead.Anchor.Hosting;

/// <summary>
/// What an anchor stands on: its segment's chain, verified from the genesis (V1-V15), the op-made leaves that its
/// manifests say, and the certified handover that the newest epoch's first seal follows (V62). Immutable, thread-safe.
/// </summary>
internal sealed class SegmentGround
{
    private SegmentGround(SegmentFile file, Parsed<Epoch> newest, OperationLeaves leaves, Parsed<Handover>? handover)
    {
        Name = file.Name;
        Genesis = file.Genesis;
        Epochs = file.Epochs;
        Newest = newest;
        Handover = handover;
        OperationLeaves = [.. leaves.Leaves.Values];
        Rules =
        [
            .. leaves.Leaves.Values.Where(leaf => leaf.Class == LeafClass.Rule)
                .Select(leaf => Document.TryParse<Rule>(leaf.Payload, out var rule, out _) ? rule : null)
                    .OfType<Parsed<Rule>>(),
        ];
        Leaves = leaves.Leaves.Values.ToImmutableDictionary(
            leaf => new LeafName(leaf.Class, leaf.Name), leaf => leaf.Payload);
    }

    internal SegmentName Name { get; }

    internal Digest Genesis { get; }

    /// <summary>All epochs, from the genesis on.</summary>
    internal ImmutableArray<EpochDocument> Epochs { get; }

    internal Parsed<Epoch> Newest { get; }

    /// <summary>The certified handover of the epoch before; null in epoch 0.</summary>
    internal Parsed<Handover>? Handover { get; }

    /// <summary>The op-made leaves of the newest epoch.</summary>
    internal IReadOnlyList<ParsedLeaf> OperationLeaves { get; }

    /// <summary>The same, by class and name.</summary>
    internal ImmutableDictionary<LeafName, ReadOnlyMemory<byte>> Leaves { get; }

    /// <summary>The Rules among them.</summary>
    internal ImmutableArray<Parsed<Rule>> Rules { get; }

    /// <summary>Reads and verifies a segment file.</summary>
    /// <exception cref="StartException">It cannot be read, or does not verify; the message names the file.</exception>
    internal static SegmentGround Read(string path, long now)
    {
        try
        {
            var file = SegmentFile.Read(path);
            return Verify(file, now, out var ground) is { } refusal
                ? throw new StartException($"segment file {path}: {refusal}; take it anew from the ceremony")
                : ground!;
        }
        catch (Exception e) when (e is InvalidDataException or IOException or UnauthorizedAccessException)
        {
            throw new StartException(e.Message, e);
        }
    }

    private static Refusal? Verify(SegmentFile file, long now, out SegmentGround? ground)
    {
        ground = null;
        SegmentState? chain = null;
        foreach (var page in file.Epochs.Chunk(Limits.PageEpochs))
        {
            var verdict = EpochChain.Extend(chain, file.Genesis, null, [.. page], now);
            if (!verdict.IsAccepted)
            {
                return verdict.Refusal;
            }

            chain = verdict.Segment;
        }

        if (chain is null)
        {
            return new Refusal(VerificationFailure.EpochUnknown, "epochs", "none");
        }

        if (Derive(file, chain, out var leaves) is { } manifest)
        {
            return manifest;
        }

        if (CheckHandover(file, chain, out var handover) is { } refusal)
        {
            return refusal;
        }

        ground = new SegmentGround(file, chain.Newest, leaves!, handover);
        return EpochChain.CheckNewest(chain, null, now, chain.Newest.Value.Policy.ClockDelta);
    }

    private static Refusal? Derive(SegmentFile file, SegmentState chain, out OperationLeaves? leaves)
    {
        var derived = Naming.OperationLeaves.Derive(
            file.Name, file.Epochs, file.Manifests, file.Leaves, out var refusal);
        leaves = derived?[^1];
        if (refusal is not null)
        {
            return refusal;
        }

        return chain.NewestNumber == file.Epochs.Length - 1
            ? null
            : new Refusal(VerificationFailure.EpochGap, "epochs", "the file does not start at the genesis");
    }

    // V62: the newest epoch's first seal follows the certified handover of the epoch before it.
    private static Refusal? CheckHandover(SegmentFile file, SegmentState chain, out Parsed<Handover>? handover)
    {
        handover = null;
        if (file.Handovers.IsEmpty)
        {
            return null;
        }

        var envelope = file.Handovers[^1];
        if (!Document.TryParse<Handover>(envelope.Payload, out handover, out var refusal))
        {
            return refusal;
        }

        if (!Document.TryParse<Epoch>(file.Epochs[^2].Payload, out var before, out refusal))
        {
            return refusal;
        }

        if (handover.Value.Next != chain.Newest.Digest || handover.Value.Epoch != before.Value.Number
            || handover.Value.Segment != file.Genesis)
        {
            return new Refusal(
                VerificationFailure.HandoverMissing, "handovers",
                "the last handover does not lead to the newest epoch");
        }

        return CertificateCheck.Seal(envelope, handover.Digest, before.Value, new SignatureBudget(), out _)
            ?.At("handovers");
    }
}
