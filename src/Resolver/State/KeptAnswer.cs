using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.Text.Json;

namespace Fairlead.Resolver.State;

/// <summary>
/// A verified answer on disk: the answer as it came, without epochs, and when it was verified. Nothing in it is trusted
/// when it is read. Immutable, thread-safe.
/// </summary>
/// <param name="Name">The full name.</param>
/// <param name="Answer">The answer in its wire form.</param>
/// <param name="VerifiedAt">When it was verified, in unix milliseconds.</param>
/// <param name="SealedSince">When the seal was issued under which this version of the record was first seen, in unix
/// milliseconds.</param>
internal sealed record KeptAnswer(string Name, ReadOnlyMemory<byte> Answer, long VerifiedAt, long SealedSince)
{
    /// <summary>The largest file's content, in bytes.</summary>
    internal const int MaxBytes = 16 * 1_048_576;

    private const string Format = "fairlead-kept-answer/1";

    /// <summary>One JSON object.</summary>
    internal byte[] Write()
    {
        var buffer = new ArrayBufferWriter<byte>((Answer.Length * 4 / 3) + 512);
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteBase64String("answer", Answer.Span);
            json.WriteString("format", Format);
            json.WriteString("name", Name);
            json.WriteNumber("sealed_since", SealedSince);
            json.WriteNumber("verified_at", VerifiedAt);
            json.WriteEndObject();
        }

        return buffer.WrittenSpan.ToArray();
    }

    /// <summary>Reads what <see cref="Write"/> wrote.</summary>
    /// <param name="bytes">The content.</param>
    /// <param name="name">The name that it must be of.</param>
    /// <param name="kept">The answer.</param>
    /// <param name="error">What is wrong, for the operator.</param>
    internal static bool TryRead(
        ReadOnlyMemory<byte> bytes,
        string name,
        [NotNullWhen(true)] out KeptAnswer? kept,
        [NotNullWhen(false)] out string? error)
    {
        kept = null;
        try
        {
            using var json = JsonDocument.Parse(
                bytes, new JsonDocumentOptions { MaxDepth = 2, AllowDuplicateProperties = false });
            var root = json.RootElement;
            error = root.GetProperty("format").GetString() != Format ? "not a kept answer of format 1"
                : root.GetProperty("name").GetString() != name ? "the answer for another name"
                : null;
            if (error is null)
            {
                kept = new KeptAnswer(
                    name,
                    root.GetProperty("answer").GetBytesFromBase64(),
                    root.GetProperty("verified_at").GetInt64(),
                    root.GetProperty("sealed_since").GetInt64());
            }
        }
        catch (Exception fault) when (fault is JsonException or FormatException or InvalidOperationException
            or KeyNotFoundException)
        {
            error = $"not a kept answer: {fault.Message}";
        }

        return kept is not null;
    }
}
