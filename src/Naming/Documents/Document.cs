using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;

namespace Fairlead.Naming;

/// <summary>What all documents share. Immutable, thread-safe.</summary>
public abstract record Document
{
    /// <summary>The keys of <see cref="Ext"/> that a reader must understand (V56). This version knows none, so a
    /// document that was read has none.</summary>
    public ImmutableArray<string> Crit { get; init; } = [];

    /// <summary>Extensions, signed with the rest and kept where they are not known (V56).</summary>
    public ImmutableSortedDictionary<string, string> Ext { get; init; } = NoExt;

    private protected static ImmutableSortedDictionary<string, string> NoExt { get; } =
        ImmutableSortedDictionary.Create<string, string>(StringComparer.Ordinal);

    /// <summary>Writes the members in ascending order.</summary>
    public abstract void WriteMembers(CanonicalWriter writer);

    /// <summary>The canonical bytes: the payload of an envelope.</summary>
    /// <exception cref="InvalidOperationException">A value that no document may hold: a bug of the caller.</exception>
    public byte[] Encode() => CanonicalWriter.Encode(this, static (writer, document) => document.WriteMembers(writer));

    /// <summary>
    /// Reads a payload: size (V1), version (V56), the one form of it (V3), then the members. An answer is either a
    /// document whose encoding is the payload byte for byte, or the first refusal.
    /// </summary>
    public static bool TryParse<T>(
        ReadOnlyMemory<byte> payload,
        [NotNullWhen(true)] out Parsed<T>? parsed,
        [NotNullWhen(false)] out Refusal? refusal)
        where T : Document, IDocument<T>
    {
        parsed = null;
        refusal = null;
        if (payload.Length > T.Type.BytesMax)
        {
            refusal = new Refusal(VerificationFailure.TooLarge, T.Type.Name, $"{payload.Length} bytes");
            return false;
        }

        var node = CanonicalReader.Read(payload.Span, T.Type.StringBytesMax, out var malformed);
        if (node is null)
        {
            refusal = malformed!.At(T.Type.Name);
            return false;
        }

        var reader = new DocumentReader(node, T.Type.Name);
        reader.CheckVersion();
        var value = reader.Refusal is null ? T.Read(reader) : null;
        reader.Finish();
        if (reader.Refusal is not null || value is null)
        {
            refusal = reader.Refusal!;
            return false;
        }

        if (!value.Encode().AsSpan().SequenceEqual(payload.Span))
        {
            refusal = new Refusal(VerificationFailure.NonCanonicalPayload, T.Type.Name, "encodes to other bytes");
            return false;
        }

        parsed = new Parsed<T>(value, payload);
        return true;
    }

    /// <summary>The document with its payload and digest.</summary>
    /// <exception cref="InvalidOperationException">A value that no document may hold: a bug of the caller.</exception>
    public static Parsed<T> Make<T>(T value)
        where T : Document, IDocument<T>
    {
        ArgumentNullException.ThrowIfNull(value);
        return new Parsed<T>(value, value.Encode());
    }
}
