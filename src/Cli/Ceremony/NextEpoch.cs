using Fairlead.Naming;
using Fairlead.Naming.Operations;
using Fairlead.Naming.Tree;
using Fairlead.Protocol.Files;

namespace Fairlead.Cli.Ceremony;

/// <summary>
/// Certifies an operation where one machine holds the keys and no anchor has sealed yet: T commit votes of round 0, and
/// the handover of the epoch that ends. Pure but for the signers.
/// </summary>
internal static class NextEpoch
{
    private const long EpochLife = 7 * Limits.Day;

    /// <summary>What an operation stands on.</summary>
    /// <exception cref="CeremonyException">A check refuses the segment.</exception>
    internal static EpochGround Ground(SegmentFile segment, long now)
    {
        var (newest, leaves) = SegmentChain.Verify(segment, now);
        return new EpochGround(segment.Genesis, newest, leaves[^1], [segment.Name]);
    }

    /// <summary>When the next epoch is issued: now, and never before the newest.</summary>
    internal static long IssuedAfter(EpochGround ground, long now) => Math.Max(now, ground.Epoch.Value.Issued);

    /// <summary>Adds the epoch that an operation asks for.</summary>
    /// <param name="segment">The segment; no anchor has sealed its newest epoch yet.</param>
    /// <param name="proposal">The operation; null where it was refused.</param>
    /// <param name="refusal">Why it was.</param>
    /// <param name="gov">The gov keys held, at least T.</param>
    /// <param name="seal">The seal keys held, at least T.</param>
    /// <param name="now">The moment, in unix milliseconds.</param>
    /// <exception cref="CeremonyException">The operation is refused, or keys are missing.</exception>
    internal static SegmentFile Add(
        SegmentFile segment,
        EpochProposal? proposal,
        Refusal? refusal,
        IReadOnlyCollection<ISigner> gov,
        IReadOnlyCollection<ISigner> seal,
        long now)
    {
        if (proposal is null)
        {
            throw new CeremonyException($"{refusal}");
        }

        var (newest, leaves) = SegmentChain.Verify(segment, now);
        if (!Document.TryParse<Epoch>(proposal.Epoch, out var drafted, out var malformed))
        {
            throw new CeremonyException($"{malformed}");
        }

        // Nothing ran yet, so the epoch gets a whole life, however much of the last one is gone.
        var epoch = Document.Make(drafted.Value with { Expires = drafted.Value.Issued + EpochLife });
        var grown = segment with
        {
            Epochs = segment.Epochs.Add(new EpochDocument(
                epoch.Payload, Vote(segment.Genesis, epoch, newest.Value, gov), Envelope.None, Envelope.None)),
            Manifests = segment.Manifests.Add(proposal.Manifest),
            Leaves = segment.Leaves.Add([.. proposal.Leaves.Select(leaf => (leaf.Class, leaf.Payload))]),
            Handovers = segment.Handovers.Add(
                HandOver(segment, newest.Value, leaves[^1], epoch.Digest, seal, epoch.Value.Issued)),
        };
        SegmentChain.Verify(grown, now);
        return grown;
    }

    private static Envelope Vote(Digest genesis, Parsed<Epoch> epoch, Epoch previous, IEnumerable<ISigner> gov)
    {
        var vote = Document.Make(new Vote
        {
            Digest = epoch.Digest,
            Epoch = epoch.Value.Number,
            Phase = VotePhase.Commit,
            Round = 0,
            Segment = genesis,
        });
        return Certify(vote, previous, KeyRole.Gov, gov);
    }

    // Nothing was sealed in the epoch that ends, so its only certified state is that of its op-made leaves.
    private static Envelope HandOver(
        SegmentFile segment, Epoch ending, OperationLeaves leaves, Digest next, IEnumerable<ISigner> seal, long issued)
    {
        var tree = SparseTree.From(leaves.Leaves.Values.Select(leaf => KeyValuePair.Create(
            Hashes.TreeKey(segment.Genesis, ending.Salt, leaf.Class, leaf.Name), leaf.Commitment)));
        Digest? previous = segment.Handovers.IsEmpty
            ? null
            : Handover.Type.DigestOf(segment.Handovers[^1].Payload.Span);
        var handover = Document.Make(new Handover
        {
            Count = tree.Count,
            Epoch = ending.Number,
            Issued = issued,
            Next = next,
            Prev = previous,
            Root = tree.Root,
            Segment = segment.Genesis,
            Seq = 0,
        });
        return Certify(handover, ending, KeyRole.Seal, seal);
    }

    private static Envelope Certify<T>(Parsed<T> document, Epoch epoch, KeyRole role, IEnumerable<ISigner> signers)
        where T : Document, IDocument<T>
    {
        var collected = Envelope.Sign(document, signers);
        var certificate = CertificateAssembly.Assemble(collected.Signatures, epoch, role)
            ?? throw new CeremonyException($"ThresholdNotMet: too few of the segment's {role} keys are here");
        return new Envelope(document.Payload, certificate);
    }
}
