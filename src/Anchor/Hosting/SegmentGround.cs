using System.Collections.Immutable;
using Fairlead.Anchor.Serving;
using Fairlead.Governance;
using Fairlead.Hosting;
using Fairlead.Naming;
using Fairlead.Naming.Operations;
using Fairlead.Naming.Traversal;
using Fairlead.Naming.Tree;
using Fairlead.Protocol.Files;

namespace Fairlead.Anchor.Hosting;

/// <summary>
/// What an anchor stands on: its segment's chain, verified from the genesis (V1-V15), the op-made leaves that its
/// manifests say, and the certified handover that the newest epoch's first seal follows (V62). Immutable, thread-safe.
/// </summary>
internal sealed class SegmentGround
{
    private SegmentGround(SegmentFile file, EpochGround ground, EpochGround? before, IEnumerable<Digest> publishers)
    {
        File = file;
        Ground = ground;
        Before = before;
        Publishers = [.. publishers, .. PublishersOf(ground.Leaves)];
        Rules = RulesOf(ground);
        Leaves = LeavesOf(ground);
    }

    /// <summary>The whole chain with what goes with it.</summary>
    internal SegmentFile File { get; }

    /// <summary>The newest epoch and its op-made leaves.</summary>
    internal EpochGround Ground { get; }

    /// <summary>The epoch before it; null in epoch 0.</summary>
    internal EpochGround? Before { get; }

    internal SegmentName Name => File.Name;

    internal Digest Genesis => File.Genesis;

    /// <summary>All epochs, from the genesis on.</summary>
    internal ImmutableArray<EpochDocument> Epochs => File.Epochs;

    internal Parsed<Epoch> Newest => Ground.Epoch;

    /// <summary>The certified handover of the epoch before; null in epoch 0.</summary>
    internal Envelope? Handover => File.Handovers.IsEmpty ? null : File.Handovers[^1];

    /// <summary>The root that the newest epoch starts from: the handover's, or that of the empty tree.</summary>
    internal Digest StartRoot =>
        Handover is { } envelope && Document.TryParse<Handover>(envelope.Payload, out var handover, out _)
            ? handover.Value.Root
            : TreeHash.Empty;

    /// <summary>The kids that had a Credential in any epoch.</summary>
    internal ImmutableHashSet<Digest> Publishers { get; }

    /// <summary>The kids that had one and lost it.</summary>
    internal ImmutableHashSet<Digest> Revoked => Publishers.Except(PublishersOf(Ground.Leaves));

    /// <summary>Each epoch but the first as the step that led to it.</summary>
    internal IReadOnlyList<EpochStep> Steps =>
    [
        .. Enumerable.Range(1, Epochs.Length - 1).Select(i => new EpochStep(
            new EpochProposal(
                Epochs[i].Payload,
                File.Manifests[i],
                [.. File.Leaves[i].Select(leaf => new ProposedLeaf(leaf.Class, leaf.Payload))],
                Epochs[i].Consent,
                Epochs[i].RecoveryConsent),
            Epochs[i].Vote,
            File.Handovers[i - 1])),
    ];

    /// <summary>The op-made leaves of the newest epoch, by class and name.</summary>
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

    /// <summary>What is served of a certified state of the newest epoch.</summary>
    internal SegmentView View(CertifiedState state) => new(Name, Epochs, Newest, Leaves, Rules, state);

    /// <summary>What is served of a certified state of the epoch before.</summary>
    /// <exception cref="InvalidOperationException">There is none.</exception>
    internal SegmentView ViewBefore(CertifiedState state) => Before is { } before
        ? new SegmentView(Name, Epochs[..^1], before.Epoch, LeavesOf(before), RulesOf(before), state)
        : throw new InvalidOperationException("epoch 0 has none before it");

    /// <summary>The ground one step further, or with a later handover to the same epoch. The step is verified
    /// already.</summary>
    internal SegmentGround Follow(EpochGround ground, EpochStep step)
    {
        if (ground.Epoch.Digest == Newest.Digest)
        {
            var handovers = File.Handovers.SetItem(File.Handovers.Length - 1, step.Handover);
            return new SegmentGround(File with { Handovers = handovers }, ground, Before, Publishers);
        }

        var file = File with
        {
            Epochs = File.Epochs.Add(step.Document),
            Manifests = File.Manifests.Add(step.Proposal.Manifest),
            Leaves = File.Leaves.Add([.. step.Proposal.Leaves.Select(leaf => (leaf.Class, leaf.Payload))]),
            Handovers = File.Handovers.Add(step.Handover),
        };
        return new SegmentGround(file, ground, Ground, Publishers);
    }

    /// <summary>
    /// Verifies a chain from its genesis; the first rule that it breaks, or null and the ground. It may have expired:
    /// whoever was away that long follows the others' steps, and signs nothing before.
    /// </summary>
    internal static Refusal? Verify(SegmentFile file, long now, out SegmentGround? ground)
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

        if ((Derive(file, chain, out var leaves) ?? CheckHandover(file, chain)) is { } refusal)
        {
            return refusal;
        }

        EpochGround? before = file.Epochs.Length > 1 && Document.TryParse<Epoch>(
            file.Epochs[^2].Payload, out var previous, out _)
            ? new EpochGround(file.Genesis, previous, leaves![^2], [file.Name])
            : null;
        ground = new SegmentGround(
            file,
            new EpochGround(file.Genesis, chain.Newest, leaves![^1], [file.Name])
            {
                RenewedSince = RenewalRules.RunOf(file.Epochs),
            },
            before,
            leaves.SelectMany(PublishersOf));
        return null;
    }

    private static ImmutableArray<Parsed<Rule>> RulesOf(EpochGround ground) =>
    [
        .. ground.Leaves.Leaves.Values.Where(leaf => leaf.Class == LeafClass.Rule)
            .Select(leaf => Document.TryParse<Rule>(leaf.Payload, out var rule, out _) ? rule : null)
                .OfType<Parsed<Rule>>(),
    ];

    private static ImmutableDictionary<LeafName, ReadOnlyMemory<byte>> LeavesOf(EpochGround ground) =>
        ground.Leaves.Leaves.Values.ToImmutableDictionary(
            leaf => new LeafName(leaf.Class, leaf.Name), leaf => leaf.Payload);

    private static IEnumerable<Digest> PublishersOf(OperationLeaves leaves) =>
        leaves.Leaves.Values.Select(leaf => leaf.Document).OfType<Credential>().Select(one => one.Key.Kid);

    private static Refusal? Derive(SegmentFile file, SegmentState chain, out IReadOnlyList<OperationLeaves>? leaves)
    {
        leaves = OperationLeaves.Derive(file.Name, file.Epochs, file.Manifests, file.Leaves, out var refusal);
        if (refusal is not null)
        {
            return refusal;
        }

        return chain.NewestNumber == file.Epochs.Length - 1
            ? null
            : new Refusal(VerificationFailure.EpochGap, "epochs", "the file does not start at the genesis");
    }

    // V62: the newest epoch's first seal follows the certified handover of the epoch before it.
    private static Refusal? CheckHandover(SegmentFile file, SegmentState chain)
    {
        if (file.Handovers.IsEmpty)
        {
            return null;
        }

        var envelope = file.Handovers[^1];
        if (!Document.TryParse<Handover>(envelope.Payload, out var handover, out var refusal))
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
