using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json;

namespace Fairlead.Naming.Traversal;

/// <summary>
/// Evidence within a <see cref="StateFile"/>: two payloads in base64, each with its signatures as <c>kid base64</c>.
/// Stateless.
/// </summary>
internal static class EvidenceFile
{
    private const string Member = "evidence";

    internal static void Write(Utf8JsonWriter json, ImmutableArray<Contradiction> all)
    {
        json.WriteStartArray(Member);
        foreach (var evidence in all)
        {
            json.WriteStartObject();
            Write(json, "first", evidence.First);
            json.WriteNumber("kind", (int)evidence.Kind);
            Write(json, "second", evidence.Second);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    /// <summary>Reads it; files of before have none.</summary>
    /// <exception cref="FormatException">It is not of this form.</exception>
    internal static ImmutableArray<Contradiction> Read(JsonElement misuse, Digest segment) =>
        misuse.TryGetProperty(Member, out var all)
            ? [.. all.EnumerateArray().Select(item => new Contradiction(
                (ContradictionKind)item.GetProperty("kind").GetInt32(), segment, Read(item, "first"),
                Read(item, "second")))]
            : [];

    /// <summary>Writes one document with its signatures.</summary>
    internal static void Write(Utf8JsonWriter json, string member, Envelope envelope)
    {
        json.WriteBase64String(member, envelope.Payload.Span);
        json.WriteStartArray(member + "_signatures");
        foreach (var signature in envelope.Signatures)
        {
            json.WriteStringValue(string.Create(
                CultureInfo.InvariantCulture, $"{signature.Kid} {Convert.ToBase64String(signature.Value.Span)}"));
        }

        json.WriteEndArray();
    }

    /// <summary>Reads one.</summary>
    /// <exception cref="FormatException">It is not of this form.</exception>
    internal static Envelope Read(JsonElement item, string member)
    {
        var signatures = ImmutableArray.CreateBuilder<SignatureEntry>();
        foreach (var text in item.GetProperty(member + "_signatures").EnumerateArray().Select(one => one.GetString()!))
        {
            var space = text.IndexOf(' ', StringComparison.Ordinal);
            if (space < 0)
            {
                throw new FormatException("a signature without its key");
            }

            signatures.Add(new SignatureEntry(
                Digest.Parse(text[..space]), Convert.FromBase64String(text[(space + 1)..])));
        }

        return new Envelope(item.GetProperty(member).GetBytesFromBase64(), signatures.ToImmutable());
    }
}
