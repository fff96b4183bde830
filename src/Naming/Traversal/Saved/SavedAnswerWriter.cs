using System.Text.Json;

namespace Fairlead.Naming.Traversal;

/// <summary>Writes a saved file, members ascending.</summary>
internal static class SavedAnswerWriter
{
    /// <param name="json">Where to.</param>
    /// <param name="saved">The answer.</param>
    /// <param name="format">The format; null within a file, whose own it is.</param>
    internal static void Write(Utf8JsonWriter json, SavedAnswer saved, string? format)
    {
        json.WriteStartObject();
        json.WriteStartObject("answer");
        List(json, "hops", saved.Answer.Hops, Hop);
        json.WriteString("result", SavedWords.Result.Of(saved.Answer.Result));
        List(json, "slices", saved.Answer.Slices, static (json, slice) => Signed(
            json, Slice.Type, new Envelope(slice, [])));
        json.WriteEndObject();
        List(json, "chains", saved.Chains, static (json, chain) =>
        {
            json.WriteStartObject();
            List(json, "epochs", chain.Value, Epoch);
            json.WriteString("genesis", chain.Key.ToString());
            json.WriteEndObject();
        });
        if (format is not null)
        {
            json.WriteString("format", format);
        }

        json.WriteString("home_name", saved.HomeName.Text);
        if (!saved.Members.IsEmpty)
        {
            List(json, "members", saved.Members, static (json, member) => Write(json, member, null));
        }

        json.WritePropertyName("query");
        Signed(json, Query.Type, new Envelope(saved.Query.Payload, []));
        json.WriteNumber("time", saved.Time);
        if (saved.UnsafeAllowLoopbackEndpoints)
        {
            json.WriteBoolean("unsafe_allow_loopback_endpoints", true);
        }

        json.WriteEndObject();
    }

    private static void Hop(Utf8JsonWriter json, UnverifiedHop hop)
    {
        json.WriteStartObject();
        List(json, "attests", hop.Attests, static (json, attest) => Signed(json, Attest.Type, attest));
        json.WriteString("genesis", hop.Genesis.ToString());
        json.WriteString("kind", SavedWords.Kind.Of(hop.Kind));
        List(json, "nodes", hop.Nodes, static (json, node) => json.WriteStringValue(node.ToString()));
        List(json, "proofs", hop.Proofs, Leaf);
        if (hop.Seal is not null)
        {
            json.WritePropertyName("seal");
            Signed(json, Seal.Type, hop.Seal);
        }

        json.WriteEndObject();
    }

    private static void Leaf(Utf8JsonWriter json, UnverifiedLeafProof leaf)
    {
        json.WriteStartObject();
        json.WriteNumber("class", leaf.Class);
        json.WriteNumber("depth", leaf.Proof.Depth);
        json.WriteString("end", SavedWords.End.Of(leaf.Proof.End));
        if (!leaf.Leaf.IsEmpty && SavedWords.LeafType((LeafClass)leaf.Class) is { } type)
        {
            json.WritePropertyName("leaf");
            Signed(json, type, new Envelope(leaf.Leaf, leaf.Signatures));
        }

        json.WriteBase64String("mask", leaf.Proof.Mask.Span);
        json.WriteString("name", leaf.Name);
        if (leaf.Proof.OtherCommitment is { } commitment)
        {
            json.WriteString("other_commitment", commitment.ToString());
        }

        if (leaf.Proof.OtherKey is { } key)
        {
            json.WriteString("other_key", key.ToString());
        }

        List(json, "siblings", leaf.Proof.Siblings.ToArray(), static (json, index) => json.WriteNumberValue(index));
        json.WriteEndObject();
    }

    private static void Epoch(Utf8JsonWriter json, EpochDocument epoch)
    {
        json.WriteStartObject();
        Optional(json, "consent", Consent.Type, epoch.Consent);
        json.WritePropertyName("document");
        Signed(json, Naming.Epoch.Type, new Envelope(epoch.Payload, []));
        Optional(json, "recovery_consent", Consent.Type, epoch.RecoveryConsent);
        Optional(json, "vote", Vote.Type, epoch.Vote);
        json.WriteEndObject();
    }

    private static void Optional(Utf8JsonWriter json, string member, DocumentType type, Envelope envelope)
    {
        if (!envelope.IsNone)
        {
            json.WritePropertyName(member);
            Signed(json, type, envelope);
        }
    }

    private static void Signed(Utf8JsonWriter json, DocumentType type, Envelope envelope)
    {
        json.WriteStartObject();
        Base64(json, "payload", envelope.Payload.Span);
        json.WriteString("payloadType", type.MediaType);
        List(json, "signatures", envelope.Signatures, static (json, signature) =>
        {
            json.WriteStartObject();
            json.WriteString("keyid", signature.Kid.ToString());
            Base64(json, "sig", signature.Value.Span);
            json.WriteEndObject();
        });
        json.WriteEndObject();
    }

    // The writer's own base64 escapes the plus sign, which is text that other DSSE readers need not take.
    private static void Base64(Utf8JsonWriter json, string member, ReadOnlySpan<byte> bytes)
    {
        json.WritePropertyName(member);
        json.WriteRawValue($"\"{Convert.ToBase64String(bytes)}\"");
    }

    private static void List<T>(
        Utf8JsonWriter json, string member, IEnumerable<T> items, Action<Utf8JsonWriter, T> write)
    {
        json.WriteStartArray(member);
        foreach (var item in items)
        {
            write(json, item);
        }

        json.WriteEndArray();
    }
}
