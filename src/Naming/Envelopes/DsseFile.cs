using System.Buffers.Text;
using System.Diagnostics.CodeAnalysis;
using System.Text;
using System.Text.Json;

namespace Fairlead.Naming;

/// <summary>
/// An envelope as a file: DSSE JSON with strict standard base64 and key ids in hex. White space between members is
/// free, everything else has one form. Stateless, thread-safe.
/// </summary>
public static class DsseFile
{
    /// <summary>The largest file: an envelope in base64, with room for names and white space.</summary>
    public const int BytesMax = 2 * Limits.EnvelopeBytes;

    private static readonly JsonDocumentOptions Strict = new() { AllowDuplicateProperties = false, MaxDepth = 4 };

    /// <summary>Reads an envelope of a document type.</summary>
    /// <param name="file">The file's bytes.</param>
    /// <param name="type">The type that its place expects; another one is <c>WrongPayloadType</c> (V2).</param>
    /// <param name="envelope">The envelope; its payload and signatures are not checked.</param>
    /// <param name="refusal"><c>TooLarge</c>, <c>BadEnvelope</c> or <c>WrongPayloadType</c>.</param>
    public static bool TryRead(
        ReadOnlyMemory<byte> file,
        DocumentType type,
        [NotNullWhen(true)] out Envelope? envelope,
        [NotNullWhen(false)] out Refusal? refusal)
    {
        ArgumentNullException.ThrowIfNull(type);
        envelope = null;
        if (file.Length > BytesMax)
        {
            refusal = new Refusal(VerificationFailure.TooLarge, type.Name, $"{file.Length} bytes");
            return false;
        }

        try
        {
            using var json = JsonDocument.Parse(file, Strict);
            refusal = Read(json.RootElement, type, out envelope);
        }
        catch (JsonException)
        {
            refusal = Bad(type, "not JSON");
        }
        catch (InvalidOperationException)
        {
            // A string that is no valid UTF-16: the JSON reader finds it only when the text is asked for.
            refusal = Bad(type, "not text");
        }

        return refusal is null && envelope is not null;
    }

    /// <summary>Writes an envelope: one line, with a line feed.</summary>
    public static byte[] Write(Envelope envelope, DocumentType type)
    {
        ArgumentNullException.ThrowIfNull(envelope);
        ArgumentNullException.ThrowIfNull(type);
        var text = new StringBuilder()
            .Append("{\"payload\":\"").Append(Convert.ToBase64String(envelope.Payload.Span))
            .Append("\",\"payloadType\":\"").Append(type.MediaType)
            .Append("\",\"signatures\":[");
        for (var i = 0; i < envelope.Signatures.Length; i++)
        {
            var signature = envelope.Signatures[i];
            text.Append(i == 0 ? "" : ",")
                .Append("{\"keyid\":\"").Append(signature.Kid)
                .Append("\",\"sig\":\"").Append(Convert.ToBase64String(signature.Value.Span)).Append("\"}");
        }

        return Encoding.ASCII.GetBytes(text.Append("]}\n").ToString());
    }

    private static Refusal? Read(JsonElement root, DocumentType type, out Envelope? envelope)
    {
        envelope = null;
        if (root.ValueKind != JsonValueKind.Object
            || root.GetPropertyCount() != 3
            || !TryText(root, "payload", out var payloadText)
            || !TryText(root, "payloadType", out var payloadType)
            || !root.TryGetProperty("signatures", out var list)
            || list.ValueKind != JsonValueKind.Array)
        {
            return Bad(type, "not payload, payloadType and signatures");
        }

        if (payloadType != type.MediaType)
        {
            return new Refusal(VerificationFailure.WrongPayloadType, type.Name, $"not {type.MediaType}");
        }

        if (!TryBase64(payloadText, out var payload))
        {
            return Bad(type, "the payload is not strict base64");
        }

        var signatures = new List<SignatureEntry>();
        foreach (var element in list.EnumerateArray())
        {
            if (element.ValueKind != JsonValueKind.Object
                || element.GetPropertyCount() != 2
                || !TryText(element, "keyid", out var kidText)
                || !Digest.TryParse(kidText, out var kid)
                || !TryText(element, "sig", out var signatureText)
                || !TryBase64(signatureText, out var signature))
            {
                return Bad(type, $"signature {signatures.Count} is not keyid and sig");
            }

            signatures.Add(new SignatureEntry(kid, signature));
        }

        envelope = new Envelope(payload, [.. signatures]);
        return EnvelopeSize.Check(envelope, type.Name);
    }

    private static bool TryText(JsonElement element, string name, [NotNullWhen(true)] out string? text)
    {
        text = element.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String
            ? value.GetString()
            : null;
        return text is not null;
    }

    // Decoders take white space and loose bits; only what would be written back is taken.
    private static bool TryBase64(string text, out byte[] bytes)
    {
        bytes = [];
        if (!Base64.IsValid(text))
        {
            return false;
        }

        bytes = Convert.FromBase64String(text);
        return Convert.ToBase64String(bytes) == text;
    }

    private static Refusal Bad(DocumentType type, string detail) =>
        new(VerificationFailure.BadEnvelope, type.Name, detail);
}
