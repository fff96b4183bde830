using System.Collections.Immutable;
using Fairlead.Governance;
using Fairlead.Naming;
using Fairlead.Protocol;
using Fairlead.Protocol.V1;
using Google.Protobuf;
using Google.Protobuf.Collections;
using EpochMessage = Fairlead.Governance.EpochMessage;
using EpochStep = Fairlead.Governance.EpochStep;
using EpochVote = Fairlead.Governance.EpochVote;
using Wire = Fairlead.Protocol.V1;

namespace Fairlead.Anchor.Peers;

/// <summary>
/// The words about the epoch to come as they travel, and the steps of a chain. Reading checks lengths, numbers and
/// counts only; the engine judges the rest. Stateless.
/// </summary>
internal static class EpochWire
{
    private const int VotesMax = 2;

    internal static Wire.EpochMessage Write(EpochMessage message)
    {
        var wire = new Wire.EpochMessage { Slot = (ulong)message.Slot };
        switch (message)
        {
            case EpochMessage.Status status:
                wire.Status = Write(status);
                break;
            case EpochMessage.Offer offer:
                wire.Offer = ProposalWire.Write(offer.Proposal);
                break;
            case EpochMessage.Want want:
                wire.Want = new EpochWant { Digests = { want.Digests.Select(WireWriter.ToBytes) } };
                break;
            case EpochMessage.Propose propose:
                wire.Propose = new EpochPropose
                {
                    Round = (ulong)propose.Round,
                    Proposal = ProposalWire.Write(propose.Proposal),
                    Prepared = Write(propose.Prepared),
                };
                break;
            case EpochMessage.Vote vote:
                wire.Vote = Write(vote.Ballot);
                break;
            case EpochMessage.Decided decided:
                wire.Decided = new EpochDecided
                {
                    Proposal = ProposalWire.Write(decided.Proposal),
                    Commits = WireWriter.ToMessage(decided.Commits),
                };
                break;
            default:
                throw new InvalidOperationException($"no wire form for {message.GetType().Name}");
        }

        return wire;
    }

    internal static EpochSteps Write(SegmentMessage.Steps steps) => new()
    {
        Steps = { steps.List.Select(Write) },
        Newest = steps.Newest is null ? null : WireWriter.ToMessage(steps.Newest),
    };

    internal static Wire.EpochStep Write(EpochStep step) => new()
    {
        Proposal = ProposalWire.Write(step.Proposal),
        Commits = WireWriter.ToMessage(step.Commits),
        Handover = WireWriter.ToMessage(step.Handover),
    };

    /// <summary>Reads a message; null where its form is bad.</summary>
    internal static EpochMessage? Read(Wire.EpochMessage wire)
    {
        var slot = (long)wire.Slot;
        return wire.KindCase switch
        {
            _ when !SegmentWire.IsNumber(wire.Slot) => null,
            Wire.EpochMessage.KindOneofCase.Status => ReadStatus(slot, wire.Status),
            Wire.EpochMessage.KindOneofCase.Offer =>
                ProposalWire.Read(wire.Offer) is { } offered ? new EpochMessage.Offer(slot, offered) : null,
            Wire.EpochMessage.KindOneofCase.Want =>
                ReadDigests(wire.Want.Digests) is { } wanted ? new EpochMessage.Want(slot, wanted) : null,
            Wire.EpochMessage.KindOneofCase.Propose => ReadPropose(slot, wire.Propose),
            Wire.EpochMessage.KindOneofCase.Vote =>
                ReadVote(wire.Vote) is { } vote ? new EpochMessage.Vote(slot, vote) : null,
            Wire.EpochMessage.KindOneofCase.Decided =>
                ProposalWire.Read(wire.Decided.Proposal) is { } decided
                && WireReader.TryRead(wire.Decided.Commits, out var commits, out _)
                ? new EpochMessage.Decided(slot, decided, commits)
                : null,
            _ => null,
        };
    }

    /// <summary>Reads steps; null where their form is bad.</summary>
    internal static SegmentMessage.Steps? Read(EpochSteps wire)
    {
        Envelope? newest = null;
        if (wire.Steps.Count > SegmentEngine.StepsPerMessage
            || (wire.Newest is not null && !WireReader.TryRead(wire.Newest, out newest, out _)))
        {
            return null;
        }

        var steps = wire.Steps.Select(Read).ToList();
        return steps.Contains(null) ? null : new SegmentMessage.Steps(steps!, newest);
    }

    private static EpochStep? Read(Wire.EpochStep wire) =>
        ProposalWire.Read(wire.Proposal) is { } proposal && WireReader.TryRead(wire.Commits, out var commits, out _)
        && WireReader.TryRead(wire.Handover, out var handover, out _)
            ? new EpochStep(proposal, commits, handover)
            : null;

    private static EpochStatus Write(EpochMessage.Status status) => new()
    {
        Round = (ulong)status.Round,
        Asks = status.Asks,
        Votes = { status.Votes.Select(Write) },
        Best = Write(status.Best),
        Queue = { status.Queue.Select(WireWriter.ToBytes) },
        Willing = { status.Willing.Select(WireWriter.ToBytes) },
        Yours = status.Yours is null ? null : Write(status.Yours),
        TakenBack = { status.TakenBack.Select(WireWriter.ToBytes) },
    };

    private static Wire.EpochVote Write(EpochVote vote) => new()
    {
        Phase = vote.Phase == VotePhase.Commit ? EpochPhase.Commit : EpochPhase.Prepare,
        Round = (ulong)vote.Round,
        Digest = WireWriter.ToBytes(vote.Digest),
        Signature = Write(vote.Signature),
    };

    private static PrepareCert? Write(PrepareCertificate? prepared) => prepared is null ? null : new PrepareCert
    {
        Round = (ulong)prepared.Round,
        Digest = WireWriter.ToBytes(prepared.Digest),
        Signatures = { prepared.Signatures.Select(Write) },
    };

    private static Sig Write(SignatureEntry signature) => new()
    {
        Kid = WireWriter.ToBytes(signature.Kid),
        Value = UnsafeByteOperations.UnsafeWrap(signature.Value),
    };

    private static EpochMessage.Status? ReadStatus(long slot, EpochStatus wire)
    {
        if (!SegmentWire.IsNumber(wire.Round) || wire.Votes.Count > VotesMax
            || !TryRead(wire.Best, out var best)
            || ReadDigests(wire.Queue) is not { } queue || ReadDigests(wire.Willing) is not { } willing
            || ReadDigests(wire.TakenBack) is not { } gone)
        {
            return null;
        }

        var votes = wire.Votes.Select(ReadVote).ToList();
        var yours = wire.Yours is null ? null : ReadVote(wire.Yours);
        return votes.Contains(null) || (yours is null && wire.Yours is not null)
            ? null
            : new EpochMessage.Status(slot, (long)wire.Round, wire.Asks, votes!, best, queue, willing, yours)
            {
                TakenBack = gone,
            };
    }

    private static EpochMessage.Propose? ReadPropose(long slot, EpochPropose wire) =>
        SegmentWire.IsNumber(wire.Round) && TryRead(wire.Prepared, out var prepared)
        && ProposalWire.Read(wire.Proposal) is { } proposal
            ? new EpochMessage.Propose(slot, (long)wire.Round, proposal, prepared)
            : null;

    private static EpochVote? ReadVote(Wire.EpochVote wire) =>
        wire.Phase is EpochPhase.Prepare or EpochPhase.Commit && SegmentWire.IsNumber(wire.Round)
        && WireReader.TryRead(wire.Digest, out Digest digest, out _) && ReadSignature(wire.Signature) is { } signature
            ? new EpochVote(
                wire.Phase == EpochPhase.Commit ? VotePhase.Commit : VotePhase.Prepare, (long)wire.Round, digest,
                signature)
            : null;

    private static SignatureEntry? ReadSignature(Sig? wire) =>
        wire is not null && WireReader.TryRead(wire.Kid, out Digest kid, out _) && wire.Value.Length == 64
            ? new SignatureEntry(kid, wire.Value.Memory)
            : null;

    private static bool TryRead(PrepareCert? wire, out PrepareCertificate? prepared)
    {
        prepared = null;
        if (wire is null)
        {
            return true;
        }

        if (!SegmentWire.IsNumber(wire.Round) || wire.Signatures.Count > Limits.Signatures
            || !WireReader.TryRead(wire.Digest, out Digest digest, out _))
        {
            return false;
        }

        var signatures = ImmutableArray.CreateBuilder<SignatureEntry>();
        foreach (var one in wire.Signatures)
        {
            if (ReadSignature(one) is not { } signature)
            {
                return false;
            }

            signatures.Add(signature);
        }

        prepared = new PrepareCertificate((long)wire.Round, digest, signatures.ToImmutable());
        return true;
    }

    private static List<Digest>? ReadDigests(RepeatedField<ByteString> wire)
    {
        var digests = new List<Digest>();
        foreach (var bytes in wire)
        {
            if (digests.Count == EpochLimits.DigestsPerMessage || !WireReader.TryRead(bytes, out Digest digest, out _))
            {
                return null;
            }

            digests.Add(digest);
        }

        return digests;
    }
}
