using System.Buffers;
using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using System.Text.Encodings.Web;
using System.Text.Json;
using static Fairlead.Naming.VerificationFailure;

namespace Fairlead.Naming.Traversal;

/// <summary>
/// A saved answer as bytes: JSON whose documents are DSSE envelopes, so that any DSSE tool can take one out and check
/// it. Reading is strict and bounded; every flaw is a refusal. Pure, thread-safe.
/// </summary>
public static class SavedAnswerFile
{
    /// <summary>The largest file that is read, in bytes.</summary>
    public const int MaxBytes = 64 * 1024 * 1024;

    private const string Format = "fairlead-saved-answer/1";

    // The default encoder would write the plus sign of media types as an escape: right, and hard to read.
    private static readonly JsonWriterOptions Options =
        new() { Indented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>The file's bytes.</summary>
    public static byte[] Write(SavedAnswer saved)
    {
        ArgumentNullException.ThrowIfNull(saved);
        var buffer = new ArrayBufferWriter<byte>(16 * 1024);
        using (var json = new Utf8JsonWriter(buffer, Options))
        {
            SavedAnswerWriter.Write(json, saved, Format);
        }

        return [.. buffer.WrittenSpan, (byte)'\n'];
    }

    /// <summary>Reads a file. What it holds is verified by <see cref="SavedAnswer.Verify"/>, not here.</summary>
    /// <param name="bytes">The whole file.</param>
    /// <param name="saved">The answer.</param>
    /// <param name="refusal">
    /// <see cref="TooLarge"/>, <see cref="BadEnvelope"/>, <see cref="WrongPayloadType"/>, <see cref="BadName"/>, or an
    /// error of the query's form.
    /// </param>
    public static bool TryRead(
        ReadOnlyMemory<byte> bytes,
        [NotNullWhen(true)] out SavedAnswer? saved,
        [NotNullWhen(false)] out Refusal? refusal)
    {
        saved = null;
        if (bytes.Length > MaxBytes)
        {
            refusal = new Refusal(TooLarge, "file", $"{bytes.Length} bytes, at most {MaxBytes}");
            return false;
        }

        var reader = new SavedReader();
        try
        {
            using var json = JsonDocument.Parse(
                bytes, new JsonDocumentOptions { MaxDepth = Limits.Depth, AllowDuplicateProperties = false });
            saved = Read(json.RootElement, reader);
        }
        catch (JsonException fault)
        {
            reader.Refuse(BadEnvelope, "file", $"no JSON at line {fault.LineNumber + 1}");
        }
        catch (InvalidOperationException)
        {
            reader.Refuse(BadEnvelope, "file", "a string that is no text");
        }

        refusal = reader.Refusal;
        saved = refusal is null ? saved : null;
        return saved is not null;
    }

    private static SavedAnswer? Read(JsonElement root, SavedReader reader)
    {
        reader.Members(
            root, "file", "answer", "chains", "format", "home_name", "members", "query", "time",
            "unsafe_allow_loopback_endpoints");
        if (reader.Refusal is null && reader.Text(root, "format", "file") != Format)
        {
            reader.Refuse(BadEnvelope, "file.format", $"not {Format}");
        }

        var members = SavedReader.Find(root, "members") is null
            ? []
            : reader.List(root, "members", "file", (item, where) =>
            {
                reader.Members(
                    item, where, "answer", "chains", "home_name", "query", "time", "unsafe_allow_loopback_endpoints");
                return ReadOne(item, where, reader);
            });
        if (members.Length > Limits.ListItems)
        {
            reader.Refuse(TooLarge, "file.members", $"{members.Length} members");
        }

        return ReadOne(root, "file", reader) is { } saved && reader.Refusal is null
            ? saved with { Members = [.. members.OfType<SavedAnswer>()] }
            : null;
    }

    private static SavedAnswer? ReadOne(JsonElement root, string where, SavedReader reader)
    {
        var name = Name(reader.Text(root, "home_name", where), where, reader);
        var query = Query(root, where, reader);
        var unsafeLoopback = SavedReader.Find(root, "unsafe_allow_loopback_endpoints");
        if (unsafeLoopback is { ValueKind: not JsonValueKind.True })
        {
            reader.Refuse(BadEnvelope, $"{where}.unsafe_allow_loopback_endpoints", "true or absent");
        }

        var chains = reader.List(root, "chains", where, (item, at) => SavedAnswerParts.Chain(reader, item, at));
        if (reader.Refusal is not null || name is null || query is null)
        {
            return null;
        }

        if (chains.DistinctBy(chain => chain.Genesis).Count() != chains.Length || chains.Length > Limits.Hops)
        {
            reader.Refuse(BadEnvelope, $"{where}.chains", "one chain per segment on the path");
            return null;
        }

        return new SavedAnswer
        {
            Query = query,
            Answer = SavedAnswerParts.Answer(reader, root, query.Payload, $"{where}.answer"),
            Chains = chains.ToImmutableSortedDictionary(chain => chain.Genesis, chain => chain.Epochs),
            HomeName = name,
            Time = reader.Integer(root, "time", where),
            UnsafeAllowLoopbackEndpoints = unsafeLoopback is not null,
        };
    }

    private static SegmentName? Name(string text, string where, SavedReader reader)
    {
        if (reader.Refusal is null && !SegmentName.TryParse(text, out _, out var refusal))
        {
            reader.Refuse(refusal.Failure, $"{where}.home_name", refusal.Detail);
        }

        return reader.Refusal is null ? SegmentName.Parse(text) : null;
    }

    private static Parsed<Query>? Query(JsonElement root, string where, SavedReader reader)
    {
        var element = SavedReader.Find(root, "query") ?? default;
        var envelope = reader.Signed(element, Naming.Query.Type, $"{where}.query");
        if (reader.Refusal is not null)
        {
            return null;
        }

        if (!envelope.Signatures.IsEmpty)
        {
            reader.Refuse(TooManySignatures, $"{where}.query", "nobody signs a query");
        }

        if (!Document.TryParse<Query>(envelope.Payload, out var query, out var refusal))
        {
            reader.Refuse(refusal.Failure, $"{where}.query", refusal.Detail);
        }

        return query;
    }
}
