using Fairlead.Naming;
using Fairlead.Naming.Traversal;
using Fairlead.Naming.Tree;
using Google.Protobuf;

namespace Fairlead.Protocol;

/// <summary>
/// Writes domain values as generated messages. Payloads are shared with the message, not copied: nobody may change them
/// afterwards. Thread-safe.
/// </summary>
public static class WireWriter
{
    /// <summary>An answer as it travels.</summary>
    public static V1.Answer ToMessage(UnverifiedAnswer answer)
    {
        ArgumentNullException.ThrowIfNull(answer);
        var message = new V1.Answer
        {
            Query = UnsafeByteOperations.UnsafeWrap(answer.Query),
            Result = (V1.Result)answer.Result,
        };
        message.Hops.AddRange(answer.Hops.Select(ToMessage));
        message.Slices.AddRange(answer.Slices.Select(slice => UnsafeByteOperations.UnsafeWrap(slice)));
        return message;
    }

    /// <summary>What an asker holds of a segment (V64).</summary>
    public static V1.Known ToKnown(SegmentState segment)
    {
        ArgumentNullException.ThrowIfNull(segment);
        return new V1.Known
        {
            Genesis = ToBytes(segment.Genesis),
            Epoch = (ulong)segment.NewestNumber,
            EpochDigest = ToBytes(segment.Newest.Digest),
            SealEpoch = (ulong)(segment.Seal?.Epoch ?? 0),
            SealSeq = (ulong)(segment.Seal?.Seq ?? 0),
        };
    }

    /// <summary>A hop as it travels.</summary>
    public static V1.Hop ToMessage(UnverifiedHop hop)
    {
        ArgumentNullException.ThrowIfNull(hop);
        var message = new V1.Hop
        {
            Genesis = ToBytes(hop.Genesis),
            Kind = (V1.Kind)hop.Kind,
            Seal = hop.Seal is null ? null : ToMessage(hop.Seal),
        };
        message.Epochs.AddRange(hop.Epochs.Select(ToMessage));
        message.Nodes.AddRange(hop.Nodes.Select(ToBytes));
        message.Proofs.AddRange(hop.Proofs.Select(ToMessage));
        message.Attests.AddRange(hop.Attests.Select(ToMessage));
        return message;
    }

    /// <summary>A signed document as it travels.</summary>
    public static V1.Signed ToMessage(Envelope envelope)
    {
        ArgumentNullException.ThrowIfNull(envelope);
        var message = new V1.Signed { Payload = UnsafeByteOperations.UnsafeWrap(envelope.Payload) };
        message.Sigs.AddRange(envelope.Signatures.Select(ToMessage));
        return message;
    }

    /// <summary>Evidence as it travels.</summary>
    public static V1.Evidence ToMessage(Contradiction evidence)
    {
        ArgumentNullException.ThrowIfNull(evidence);
        return new V1.Evidence
        {
            Kind = (V1.EvidenceKind)evidence.Kind,
            A = ToMessage(evidence.First),
            B = ToMessage(evidence.Second),
        };
    }

    /// <summary>A certified epoch as it travels.</summary>
    public static V1.EpochDoc ToMessage(EpochDocument epoch)
    {
        ArgumentNullException.ThrowIfNull(epoch);
        return new V1.EpochDoc
        {
            Payload = UnsafeByteOperations.UnsafeWrap(epoch.Payload),
            Vote = epoch.Vote.IsNone ? null : ToMessage(epoch.Vote),
            Consent = epoch.Consent.IsNone ? null : ToMessage(epoch.Consent),
            RecoveryConsent = epoch.RecoveryConsent.IsNone ? null : ToMessage(epoch.RecoveryConsent),
        };
    }

    /// <summary>A digest as it travels.</summary>
    public static ByteString ToBytes(Digest digest) => UnsafeByteOperations.UnsafeWrap(digest.ToArray());

    private static V1.LeafProof ToMessage(UnverifiedLeafProof leaf)
    {
        var message = new V1.LeafProof
        {
            Class = leaf.Class,
            Name = leaf.Name,
            Proof = ToMessage(leaf.Proof),
            Leaf = UnsafeByteOperations.UnsafeWrap(leaf.Leaf),
        };
        message.Sigs.AddRange(leaf.Signatures.Select(ToMessage));
        return message;
    }

    private static V1.Proof ToMessage(TreeProof proof)
    {
        var message = new V1.Proof
        {
            Depth = proof.Depth,
            Mask = UnsafeByteOperations.UnsafeWrap(proof.Mask),
            End = (V1.End)proof.End,
            OtherKey = proof.OtherKey is { } key ? ToBytes(key) : ByteString.Empty,
            OtherCommitment = proof.OtherCommitment is { } commitment ? ToBytes(commitment) : ByteString.Empty,
        };
        message.Sibling.AddRange(proof.Siblings.ToArray());
        return message;
    }

    private static V1.Sig ToMessage(SignatureEntry signature) => new()
    {
        Kid = ToBytes(signature.Kid),
        Value = UnsafeByteOperations.UnsafeWrap(signature.Value),
    };
}
