using System.Buffers;
using System.Collections.Immutable;
using System.Text;
using Fairlead.Naming;

namespace Fairlead.Governance;

/// <summary>Writes numbers as base-128 varints and bytes with their length before them.</summary>
internal sealed class JournalWriter
{
    private readonly ArrayBufferWriter<byte> _bytes = new();

    internal void Byte(byte value) => _bytes.Write([value]);

    internal void Number(long value)
    {
        var left = (ulong)value;
        for (; left >= 0x80; left >>= 7)
        {
            Byte((byte)(left | 0x80));
        }

        Byte((byte)left);
    }

    internal void Bytes(ReadOnlySpan<byte> value)
    {
        Number(value.Length);
        _bytes.Write(value);
    }

    internal void Text(string value) => Bytes(Encoding.ASCII.GetBytes(value));

    internal void Signatures(ImmutableArray<SignatureEntry> signatures)
    {
        Number(signatures.Length);
        foreach (var signature in signatures)
        {
            Bytes(signature.Kid.ToArray());
            Bytes(signature.Value.Span);
        }
    }

    internal void Envelope(Envelope envelope)
    {
        Bytes(envelope.Payload.Span);
        Signatures(envelope.Signatures);
    }

    internal void Entry(SignedEntry entry)
    {
        Text(entry.Type);
        Envelope(entry.Document);
        Number(entry.Slices.Count);
        foreach (var slice in entry.Slices)
        {
            Bytes(slice.Span);
        }
    }

    internal byte[] ToArray() => _bytes.WrittenSpan.ToArray();
}
