using System.Collections.Immutable;
using System.Text.Json;
using Fairlead.Naming.Tree;
using static Fairlead.Naming.VerificationFailure;

namespace Fairlead.Naming.Traversal;

/// <summary>Reads the answer and the chains of a saved file.</summary>
internal static class SavedAnswerParts
{
    internal static UnverifiedAnswer Answer(
        SavedReader reader, JsonElement root, ReadOnlyMemory<byte> query, string place)
    {
        var answer = SavedReader.Find(root, "answer") ?? default;
        reader.Members(answer, place, "hops", "result", "slices");
        var result = SavedWords.Result.Read(reader, answer, "result", place);
        var slices = reader.List(
            answer, "slices", place, (item, where) => Unsigned(reader, reader.Signed(item, Slice.Type, where), where));
        return new UnverifiedAnswer(
            query, reader.List(answer, "hops", place, (item, where) => Hop(reader, item, where)), result, slices);
    }

    internal static (Digest Genesis, ImmutableArray<EpochDocument> Epochs) Chain(
        SavedReader reader, JsonElement element, string where)
    {
        reader.Members(element, where, "epochs", "genesis");
        var epochs = reader.List(element, "epochs", where, (item, at) => Epoch(reader, item, at));
        if (epochs.Length > Limits.ChainEpochs)
        {
            reader.Refuse(TooLarge, where, $"{epochs.Length} epochs");
        }

        return (reader.Hash(element, "genesis", where), epochs);
    }

    private static EpochDocument Epoch(SavedReader reader, JsonElement element, string where)
    {
        reader.Members(element, where, "consent", "document", "recovery_consent", "vote");
        return new EpochDocument(
            Unsigned(reader, Required(reader, element, "document", Naming.Epoch.Type, where), where),
            Optional(reader, element, "vote", Vote.Type, where),
            Optional(reader, element, "consent", Consent.Type, where),
            Optional(reader, element, "recovery_consent", Consent.Type, where));
    }

    private static UnverifiedHop Hop(SavedReader reader, JsonElement element, string where)
    {
        reader.Members(element, where, "attests", "genesis", "kind", "nodes", "proofs", "seal");
        return new UnverifiedHop(
            reader.Hash(element, "genesis", where),
            SavedWords.Kind.Read(reader, element, "kind", where),
            [],
            SavedReader.Find(element, "seal") is { } seal ? reader.Signed(seal, Seal.Type, $"{where}.seal") : null,
            reader.List(element, "nodes", where, (item, at) => Node(reader, item, at)),
            reader.List(element, "proofs", where, (item, at) => Leaf(reader, item, at)),
            reader.List(element, "attests", where, (item, at) => reader.Signed(item, Attest.Type, at)));
    }

    private static UnverifiedLeafProof Leaf(SavedReader reader, JsonElement element, string where)
    {
        reader.Members(
            element, where, "class", "depth", "end", "leaf", "mask", "name", "other_commitment", "other_key",
            "siblings");
        var kind = (uint)Math.Min(reader.Integer(element, "class", where), 0xFF);
        var leaf = Envelope.None;
        if (SavedReader.Find(element, "leaf") is { } signed)
        {
            leaf = SavedWords.LeafType((LeafClass)kind) is { } type
                ? reader.Signed(signed, type, $"{where}.leaf")
                : Refused(reader, where, $"class {kind}");
        }

        var proof = new TreeProof(
            (uint)Math.Min(reader.Integer(element, "depth", where), uint.MaxValue),
            reader.Base64(element, "mask", where),
            reader.List(element, "siblings", where, (item, at) => Index(reader, item, at)).ToArray(),
            SavedWords.End.Read(reader, element, "end", where),
            Hash(reader, element, "other_key", where),
            Hash(reader, element, "other_commitment", where));
        if ((proof.End == ProofEnd.Leaf) == leaf.IsNone)
        {
            reader.Refuse(BadEnvelope, where, "a document stands exactly where the path ends at it");
        }

        return new UnverifiedLeafProof(kind, reader.Text(element, "name", where), proof, leaf.Payload, leaf.Signatures);
    }

    private static Digest Node(SavedReader reader, JsonElement item, string where) =>
        reader.Hash(item.ValueKind == JsonValueKind.String ? item.GetString() ?? "" : "", where);

    private static uint Index(SavedReader reader, JsonElement item, string where)
    {
        if (item.ValueKind == JsonValueKind.Number && item.TryGetUInt32(out var index))
        {
            return index;
        }

        reader.Refuse(BadEnvelope, where, "no index");
        return 0;
    }

    private static Digest? Hash(SavedReader reader, JsonElement element, string member, string where) =>
        SavedReader.Find(element, member) is null ? null : reader.Hash(element, member, where);

    private static Envelope Required(
        SavedReader reader, JsonElement element, string member, DocumentType type, string where) =>
        SavedReader.Find(element, member) is { } value
            ? reader.Signed(value, type, $"{where}.{member}")
            : Refused(reader, where, $"no {member}");

    private static Envelope Optional(
        SavedReader reader, JsonElement element, string member, DocumentType type, string where) =>
        SavedReader.Find(element, member) is { } value
            ? reader.Signed(value, type, $"{where}.{member}")
            : Envelope.None;

    private static ReadOnlyMemory<byte> Unsigned(SavedReader reader, Envelope envelope, string where)
    {
        if (!envelope.Signatures.IsDefaultOrEmpty)
        {
            reader.Refuse(TooManySignatures, where, "nobody signs this");
        }

        return envelope.Payload;
    }

    private static Envelope Refused(SavedReader reader, string where, string detail)
    {
        reader.Refuse(BadEnvelope, where, detail);
        return Envelope.None;
    }
}
