using System.Collections.Immutable;
using System.Text.Json;
using static Fairlead.Naming.VerificationFailure;

namespace Fairlead.Naming.Traversal;

/// <summary>
/// Reads members of a saved file strictly: unknown and missing members, wrong kinds of value and a second form of the
/// same bytes are the first refusal. After a refusal every value is a default and nothing of it is used. Not
/// thread-safe.
/// </summary>
internal sealed class SavedReader
{
    internal Refusal? Refusal { get; private set; }

    internal void Refuse(VerificationFailure failure, string where, string detail) =>
        Refusal ??= new Refusal(failure, where, detail);

    /// <summary>Checks that the value is an object of no other than these members.</summary>
    internal void Members(JsonElement element, string where, params ReadOnlySpan<string> allowed)
    {
        if (element.ValueKind != JsonValueKind.Object)
        {
            Refuse(BadEnvelope, where, "no object");
            return;
        }

        foreach (var member in element.EnumerateObject())
        {
            if (!allowed.Contains(member.Name))
            {
                Refuse(BadEnvelope, where, $"an unknown member of {member.Name.Length} characters");
            }
        }
    }

    internal string Text(JsonElement element, string member, string where)
    {
        if (Find(element, member) is { ValueKind: JsonValueKind.String } value && value.GetString() is { } text)
        {
            return text;
        }

        Refuse(BadEnvelope, $"{where}.{member}", "no string");
        return "";
    }

    internal long Integer(JsonElement element, string member, string where)
    {
        if (Find(element, member) is { ValueKind: JsonValueKind.Number } value
            && value.TryGetInt64(out var number)
            && number is >= 0 and <= Limits.IntegerMax)
        {
            return number;
        }

        Refuse(BadEnvelope, $"{where}.{member}", "no integer");
        return 0;
    }

    internal Digest Hash(string text, string where)
    {
        if (!Digest.TryParse(text, out var digest))
        {
            Refuse(BadEnvelope, where, "not 64 lower-case hexadecimal digits");
        }

        return digest;
    }

    internal Digest Hash(JsonElement element, string member, string where) =>
        Hash(Text(element, member, where), $"{where}.{member}");

    /// <summary>The bytes of strict standard base64: one text per value, no white space.</summary>
    internal ReadOnlyMemory<byte> Base64(JsonElement element, string member, string where)
    {
        var text = Text(element, member, where);
        var bytes = new byte[(text.Length / 4 * 3) + 3];
        if (Convert.TryFromBase64String(text, bytes, out var written)
            && Convert.ToBase64String(bytes, 0, written) == text)
        {
            return bytes.AsMemory(0, written);
        }

        Refuse(BadEnvelope, $"{where}.{member}", "not strict base64");
        return default;
    }

    internal ImmutableArray<T> List<T>(
        JsonElement element, string member, string where, Func<JsonElement, string, T> read)
    {
        var list = ImmutableArray.CreateBuilder<T>();
        if (Find(element, member) is not { ValueKind: JsonValueKind.Array } items)
        {
            Refuse(BadEnvelope, $"{where}.{member}", "no list");
            return [];
        }

        foreach (var item in items.EnumerateArray())
        {
            if (Refusal is not null)
            {
                return [];
            }

            list.Add(read(item, $"{where}.{member}[{list.Count}]"));
        }

        return list.ToImmutable();
    }

    /// <summary>A DSSE envelope of that type; the type is compared before anything else is read.</summary>
    internal Envelope Signed(JsonElement element, DocumentType type, string where)
    {
        Members(element, where, "payload", "payloadType", "signatures");
        if (Refusal is null && Text(element, "payloadType", where) is var named && named != type.MediaType)
        {
            Refuse(WrongPayloadType, where, $"wanted {type.MediaType}");
        }

        return Refusal is not null
            ? Envelope.None
            : new Envelope(
                Base64(element, "payload", where),
                List(element, "signatures", where, Signature));
    }

    internal static JsonElement? Find(JsonElement element, string member) =>
        element.ValueKind == JsonValueKind.Object && element.TryGetProperty(member, out var value) ? value : null;

    private SignatureEntry Signature(JsonElement element, string where)
    {
        Members(element, where, "keyid", "sig");
        return new SignatureEntry(Hash(element, "keyid", where), Base64(element, "sig", where));
    }
}
