using System.Globalization;
using System.Text;
using System.Text.Json;

namespace Fairlead.Anchor.Journal;

/// <summary>The first body of a journal: whose it is and at which certified state it starts. Immutable.</summary>
/// <param name="Genesis">The segment's genesis digest, 64 lower-hex digits.</param>
/// <param name="Kid">The kid of the key whose journal this is, 64 lower-hex digits.</param>
/// <param name="BaseEpoch">The epoch of the state it starts from.</param>
/// <param name="BaseSeq">The seq of that state's seal; 0 at the start of an epoch.</param>
/// <param name="BaseRoot">The root of that state, 64 lower-hex digits.</param>
/// <param name="Last">The final check of the file before this one; null for a key's first.</param>
internal sealed record JournalHeader(
    string Genesis, string Kid, long BaseEpoch, long BaseSeq, string BaseRoot, string? Last = null)
{
    private const long IntegerMax = (1L << 53) - 1;

    /// <summary>The canonical JSON of the header.</summary>
    /// <exception cref="ArgumentException">A member is not of its form.</exception>
    public byte[] Encode()
    {
        CheckDigest(Genesis, nameof(Genesis));
        CheckDigest(Kid, nameof(Kid));
        CheckDigest(BaseRoot, nameof(BaseRoot));
        CheckDigest(Last ?? Kid, nameof(Last));
        CheckInteger(BaseEpoch, nameof(BaseEpoch));
        CheckInteger(BaseSeq, nameof(BaseSeq));
        var last = Last is null ? "" : $",\"last\":\"{Last}\"";
        var start = string.Create(
            CultureInfo.InvariantCulture, $$"""{"epoch":{{BaseEpoch}},"root":"{{BaseRoot}}","seq":{{BaseSeq}}}""");
        return Encoding.ASCII.GetBytes($$"""{"base":{{start}},"genesis":"{{Genesis}}","kid":"{{Kid}}"{{last}}}""");
    }

    /// <summary>Reads the header; null unless the bytes are exactly its canonical form.</summary>
    public static JournalHeader? TryDecode(ReadOnlyMemory<byte> bytes)
    {
        try
        {
            using var document = JsonDocument.Parse(bytes, new JsonDocumentOptions { MaxDepth = 2 });
            var root = document.RootElement;
            var start = root.GetProperty("base");
            var header = new JournalHeader(
                root.GetProperty("genesis").GetString()!,
                root.GetProperty("kid").GetString()!,
                start.GetProperty("epoch").GetInt64(),
                start.GetProperty("seq").GetInt64(),
                start.GetProperty("root").GetString()!,
                root.TryGetProperty("last", out var last) ? last.GetString() : null);
            return header.Encode().AsSpan().SequenceEqual(bytes.Span) ? header : null;
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException
            or FormatException or ArgumentException)
        {
            return null;
        }
    }

    private static void CheckDigest(string value, string member)
    {
        if (value is not { Length: 64 } || !value.All(char.IsAsciiHexDigitLower))
        {
            throw new ArgumentException("not 64 lower-hex digits", member);
        }
    }

    private static void CheckInteger(long value, string member)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(value, member);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(value, IntegerMax, member);
    }
}
