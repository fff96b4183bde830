using System.Buffers;
using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using Fairlead.Naming;
using Fairlead.Naming.Traversal;
using Fairlead.Naming.Tree;
using Google.Protobuf;

namespace Fairlead.Protocol;

/// <summary>
/// Reads generated messages into domain values (V2): byte lengths and enumerations are checked here, everything else by
/// the verifier. Each method returns false with <c>BadEnvelope</c> and the place. Thread-safe.
/// </summary>
public static class WireReader
{
    /// <summary>Reads an answer from bytes that were kept, as strictly as one that came over the wire.</summary>
    public static bool TryReadAnswer(
        ReadOnlyMemory<byte> bytes,
        [NotNullWhen(true)] out UnverifiedAnswer? answer,
        [NotNullWhen(false)] out Refusal? refusal)
    {
        answer = null;
        refusal = bytes.Length > AnchorMethods.MaxMessageBytes
            ? new Refusal(VerificationFailure.TooLarge, "answer", $"{bytes.Length} bytes")
            : null;
        if (refusal is not null)
        {
            return false;
        }

        var message = StrictMessages<V1.Answer>.TryParse(
            new ReadOnlySequence<byte>(bytes), AnchorMethods.MaxMessageBytes, out refusal);
        return message is not null && TryRead(message, out answer, out refusal);
    }

    /// <summary>Reads an answer.</summary>
    public static bool TryRead(
        V1.Answer? message, [NotNullWhen(true)] out UnverifiedAnswer? answer, [NotNullWhen(false)] out Refusal? refusal)
    {
        var fault = new WireFault();
        answer = message is null ? fault.Set<UnverifiedAnswer>("answer", "no answer") : Answer(message, fault);
        refusal = fault.Refusal;
        answer = refusal is null ? answer : null;
        return answer is not null;
    }

    /// <summary>Reads an update: one subscription, and the answer to its query. As an answer repeats the query, it is
    /// about no second one.</summary>
    public static bool TryRead(
        V1.Update? message,
        out ulong id,
        [NotNullWhen(true)] out UnverifiedAnswer? answer,
        [NotNullWhen(false)] out Refusal? refusal)
    {
        (id, answer) = (0, null);
        refusal = CheckIds(message);
        if (refusal is not null)
        {
            return false;
        }

        id = message!.Ids[0];
        return TryRead(message.Answer, out answer, out refusal);
    }

    /// <summary>Whether an update is about one subscription.</summary>
    /// <returns><c>TooLarge</c>, <c>BadEnvelope</c>, or null.</returns>
    public static Refusal? CheckIds(V1.Update? message) => message?.Ids.Count switch
    {
        1 => null,
        var count => new Refusal(
            count > Limits.ListItems ? VerificationFailure.TooLarge : VerificationFailure.BadEnvelope,
            "update.ids",
            $"{count ?? 0} subscriptions for one answer"),
    };

    /// <summary>Reads a signed document.</summary>
    public static bool TryRead(
        V1.Signed? message, [NotNullWhen(true)] out Envelope? envelope, [NotNullWhen(false)] out Refusal? refusal)
    {
        var fault = new WireFault();
        envelope = message is null ? fault.Set<Envelope>("signed", "no document") : Envelope(message, "signed", fault);
        refusal = fault.Refusal;
        envelope = refusal is null ? envelope : null;
        return envelope is not null;
    }

    /// <summary>Reads evidence (V38). Of which segment it is, its first document says; whether both do, the check
    /// does.</summary>
    public static bool TryRead(
        V1.Evidence? message,
        [NotNullWhen(true)] out Contradiction? evidence,
        [NotNullWhen(false)] out Refusal? refusal)
    {
        evidence = null;
        if (message?.A is null || message.B is null)
        {
            refusal = new Refusal(VerificationFailure.BadEnvelope, "evidence", "not two documents");
            return false;
        }

        var fault = new WireFault();
        var (first, second) = (Envelope(message.A, "a", fault), Envelope(message.B, "b", fault));
        refusal = fault.Refusal;
        if (refusal is null)
        {
            evidence = Contradiction.Of((ContradictionKind)message.Kind, first, second, out refusal);
        }

        refusal = refusal?.At("evidence");
        return evidence is not null;
    }

    /// <summary>Reads a page of epochs.</summary>
    public static bool TryRead(
        IReadOnlyCollection<V1.EpochDoc> messages,
        out ImmutableArray<EpochDocument> epochs,
        [NotNullWhen(false)] out Refusal? refusal)
    {
        ArgumentNullException.ThrowIfNull(messages);
        var fault = new WireFault();
        epochs = [.. messages.Select((message, at) => Epoch(message, $"epochs[{at}]", fault))];
        refusal = fault.Refusal;
        return refusal is null;
    }

    /// <summary>Reads the hops of an introduction.</summary>
    public static bool TryRead(
        IReadOnlyCollection<V1.Hop> messages,
        out ImmutableArray<UnverifiedHop> hops,
        [NotNullWhen(false)] out Refusal? refusal)
    {
        ArgumentNullException.ThrowIfNull(messages);
        var fault = new WireFault();
        hops = [.. messages.Select((message, at) => Hop(message, $"via[{at}]", fault))];
        refusal = fault.Refusal;
        return refusal is null;
    }

    /// <summary>Reads a 32-byte field.</summary>
    public static bool TryRead(ByteString? bytes, out Digest digest, [NotNullWhen(false)] out Refusal? refusal)
    {
        refusal = Digest.TryFromBytes(bytes is null ? default : bytes.Span, out digest)
            ? null
            : new Refusal(VerificationFailure.BadEnvelope, "", $"{bytes?.Length ?? 0} bytes, not 32");
        return refusal is null;
    }

    private static UnverifiedAnswer Answer(V1.Answer message, WireFault fault)
    {
        var result = (AnswerResult)message.Result;
        if (result == AnswerResult.None || !Enum.IsDefined(result))
        {
            fault.Set("result", $"result {(int)result}");
        }

        return new UnverifiedAnswer(
            message.Query.Memory,
            [.. message.Hops.Select((hop, at) => Hop(hop, $"hops[{at}]", fault))],
            result,
            [.. message.Slices.Select(slice => slice.Memory)]);
    }

    private static UnverifiedHop Hop(V1.Hop message, string where, WireFault fault)
    {
        var kind = (HopKind)message.Kind;
        if (kind == HopKind.None || !Enum.IsDefined(kind))
        {
            fault.Set(where, $"kind {(int)kind}");
        }

        return new UnverifiedHop(
            Hash(message.Genesis, $"{where}.genesis", fault),
            kind,
            [.. message.Epochs.Select((epoch, at) => Epoch(epoch, $"{where}.epochs[{at}]", fault))],
            message.Seal is null ? null : Envelope(message.Seal, $"{where}.seal", fault),
            [.. message.Nodes.Select((node, at) => Hash(node, $"{where}.nodes[{at}]", fault))],
            [.. message.Proofs.Select((proof, at) => Leaf(proof, $"{where}.proofs[{at}]", fault))],
            [.. message.Attests.Select((attest, at) => Envelope(attest, $"{where}.attests[{at}]", fault))]);
    }

    private static EpochDocument Epoch(V1.EpochDoc message, string where, WireFault fault) => new(
        message.Payload.Memory,
        Optional(message.Vote, $"{where}.vote", fault),
        Optional(message.Consent, $"{where}.consent", fault),
        Optional(message.RecoveryConsent, $"{where}.recovery_consent", fault));

    private static UnverifiedLeafProof Leaf(V1.LeafProof message, string where, WireFault fault)
    {
        if (message.Proof is not { } proof)
        {
            fault.Set(where, "no proof");
            proof = new V1.Proof();
        }

        var end = (ProofEnd)proof.End;
        if (end == ProofEnd.None || !Enum.IsDefined(end))
        {
            fault.Set(where, $"end {(int)end}");
        }

        if ((end == ProofEnd.Leaf) == message.Leaf.IsEmpty)
        {
            fault.Set(where, "a document stands exactly where the path ends at it");
        }

        var tree = new TreeProof(
            proof.Depth,
            proof.Mask.Memory,
            proof.Sibling.ToArray(),
            end,
            proof.OtherKey.IsEmpty ? null : Hash(proof.OtherKey, $"{where}.other_key", fault),
            proof.OtherCommitment.IsEmpty ? null : Hash(proof.OtherCommitment, $"{where}.other_commitment", fault));
        return new UnverifiedLeafProof(
            message.Class, message.Name, tree, message.Leaf.Memory, Signatures(message.Sigs, where, fault));
    }

    private static Envelope Optional(V1.Signed? message, string where, WireFault fault)
    {
        if (message is null)
        {
            return Naming.Envelope.None;
        }

        if (message.Payload.IsEmpty && message.Sigs.Count == 0)
        {
            fault.Set(where, "an empty message");
        }

        return Envelope(message, where, fault);
    }

    private static Envelope Envelope(V1.Signed message, string where, WireFault fault) =>
        new(message.Payload.Memory, Signatures(message.Sigs, where, fault));

    // A signature's own length is V5's question, so that its error is the verifier's.
    private static ImmutableArray<SignatureEntry> Signatures(
        IReadOnlyCollection<V1.Sig> messages, string where, WireFault fault) =>
        [.. messages.Select(sig => new SignatureEntry(Hash(sig.Kid, $"{where}.kid", fault), sig.Value.Memory))];

    private static Digest Hash(ByteString bytes, string where, WireFault fault)
    {
        if (!Digest.TryFromBytes(bytes.Span, out var digest))
        {
            fault.Set(where, $"{bytes.Length} bytes, not 32");
        }

        return digest;
    }
}
