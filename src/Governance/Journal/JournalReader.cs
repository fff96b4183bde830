using System.Collections.Immutable;
using System.Text;
using Fairlead.Naming;

namespace Fairlead.Governance;

/// <summary>Reads what <see cref="JournalWriter"/> wrote; after the first misfit all is empty and failed.</summary>
internal sealed class JournalReader(ReadOnlyMemory<byte> bytes)
{
    private ReadOnlyMemory<byte> _rest = bytes;

    internal bool Failed { get; set; }

    internal bool AtEnd => _rest.IsEmpty;

    internal byte Byte()
    {
        if (_rest.IsEmpty)
        {
            Failed = true;
            return 0;
        }

        var value = _rest.Span[0];
        _rest = _rest[1..];
        return value;
    }

    internal long Number()
    {
        ulong value = 0;
        for (var shift = 0; shift < 63; shift += 7)
        {
            var part = Byte();
            value |= (ulong)(part & 0x7F) << shift;
            if (part < 0x80)
            {
                return (long)value;
            }
        }

        Failed = true;
        return 0;
    }

    internal int Count(int most)
    {
        var value = Number();
        Failed |= value > most;
        return Failed ? 0 : (int)value;
    }

    internal ReadOnlyMemory<byte> Bytes(int most)
    {
        var length = Count(most);
        if (Failed || length > _rest.Length)
        {
            Failed = true;
            return default;
        }

        var value = _rest[..length];
        _rest = _rest[length..];
        return value;
    }

    internal string Text() => Encoding.ASCII.GetString(Bytes(Limits.StringBytes).Span);

    internal Digest Digest()
    {
        Failed |= !Naming.Digest.TryFromBytes(Bytes(Naming.Digest.Size).Span, out var digest);
        return digest;
    }

    internal ImmutableArray<SignatureEntry> Signatures(int most)
    {
        var signatures = ImmutableArray.CreateBuilder<SignatureEntry>();
        for (var left = Count(most); left > 0 && !Failed; left--)
        {
            signatures.Add(new SignatureEntry(Digest(), Bytes(Limits.StringBytes)));
        }

        return signatures.ToImmutable();
    }

    internal Envelope Envelope() => new(Bytes(Limits.EnvelopeBytes), Signatures(Limits.ConsentSignatures));
}
