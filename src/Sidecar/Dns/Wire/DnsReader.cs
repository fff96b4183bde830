using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Text;

namespace Fairlead.Sidecar.Dns;

/// <summary>
/// Reads messages. Total on any bytes: no exception, and work in proportion to their number, since a name follows at
/// most <see cref="JumpsMax"/> pointers, each to an earlier byte, and has no more than 255 bytes of labels. Pure,
/// thread-safe.
/// </summary>
internal static class DnsReader
{
    internal const int HeaderBytes = 12;

    /// <summary>A name within 255 bytes has at most 127 labels; nobody honest needs a pointer for each.</summary>
    internal const int JumpsMax = 32;

    /// <summary>Reads id and flags; false where the bytes are too few.</summary>
    internal static bool TryReadHeader(ReadOnlySpan<byte> bytes, out DnsHeader header)
    {
        header = bytes.Length < HeaderBytes ? default : new DnsHeader(Word(bytes, 0), Word(bytes, 2));
        return bytes.Length >= HeaderBytes;
    }

    /// <summary>
    /// Reads a whole message: the counts fit, nothing follows the last record, there is at most one OPT, at the root
    /// (RFC 6891 section 6.1.1).
    /// </summary>
    internal static bool TryRead(ReadOnlySpan<byte> bytes, [NotNullWhen(true)] out DnsMessage? message)
    {
        message = null;
        if (!TryReadHeader(bytes, out var header))
        {
            return false;
        }

        var at = HeaderBytes;
        Edns? edns = null;
        if (!TryReadQuestions(bytes, Word(bytes, 4), ref at, out var questions)
            || !TryReadRecords(bytes, Word(bytes, 6), ref at, ref edns, mayHoldOpt: false, out var answers)
            || !TryReadRecords(bytes, Word(bytes, 8), ref at, ref edns, mayHoldOpt: false, out var authorities)
            || !TryReadRecords(bytes, Word(bytes, 10), ref at, ref edns, mayHoldOpt: true, out var additionals)
            || at != bytes.Length)
        {
            return false;
        }

        message = new DnsMessage
        {
            Header = header,
            Questions = questions,
            Answers = answers,
            Authorities = authorities,
            Additionals = additionals,
            Edns = edns,
        };
        return true;
    }

    /// <summary>Reads a name, compressed or not, and moves behind it (RFC 1035 section 4.1.4).</summary>
    internal static bool TryReadName(ReadOnlySpan<byte> bytes, ref int at, [NotNullWhen(true)] out DnsName? name)
    {
        name = null;
        Span<byte> wire = stackalloc byte[DnsName.BytesMax];
        var (length, jumps, from, end) = (0, 0, at, -1);
        while ((uint)from < (uint)bytes.Length)
        {
            var first = bytes[from];
            if (first >= 0xC0)
            {
                var target = from + 1 < bytes.Length ? Word(bytes, from) & 0x3FFF : int.MaxValue;
                end = end < 0 ? from + 2 : end;
                // Only backwards: a pointer that stays or goes ahead could lead in a circle.
                if (target >= from || target < HeaderBytes || ++jumps > JumpsMax)
                {
                    return false;
                }

                from = target;
                continue;
            }

            if (first > DnsName.LabelMax || from + 1 + first > bytes.Length || length + 1 + first > DnsName.BytesMax)
            {
                return false;
            }

            bytes.Slice(from, first + 1).CopyTo(wire[length..]);
            length += first + 1;
            from += first + 1;
            if (first == 0)
            {
                at = end < 0 ? from : end;
                name = DnsName.FromWire(wire[..length]);
                return true;
            }
        }

        return false;
    }

    private static bool TryReadQuestions(
        ReadOnlySpan<byte> bytes, int count, ref int at, out List<DnsQuestion> questions)
    {
        questions = [];
        for (var i = 0; i < count; i++)
        {
            if (!TryReadName(bytes, ref at, out var name) || at + 4 > bytes.Length)
            {
                return false;
            }

            questions.Add(new DnsQuestion(name, (DnsType)Word(bytes, at), (DnsClass)Word(bytes, at + 2)));
            at += 4;
        }

        return true;
    }

    private static bool TryReadRecords(
        ReadOnlySpan<byte> bytes, int count, ref int at, ref Edns? edns, bool mayHoldOpt, out List<DnsRecord> records)
    {
        records = [];
        for (var i = 0; i < count; i++)
        {
            if (!TryReadName(bytes, ref at, out var name) || at + 10 > bytes.Length)
            {
                return false;
            }

            var type = (DnsType)Word(bytes, at);
            var code = Word(bytes, at + 2);
            var ttl = BinaryPrimitives.ReadUInt32BigEndian(bytes[(at + 4)..]);
            var length = Word(bytes, at + 8);
            at += 10;
            if (at + length > bytes.Length)
            {
                return false;
            }

            if (type == DnsType.OPT)
            {
                if (!mayHoldOpt || edns is not null || !name.IsRoot
                    || !TryReadOptions(bytes.Slice(at, length), out var errors))
                {
                    return false;
                }

                edns = new Edns(code, (byte)(ttl >> 24), (byte)(ttl >> 16), (ttl & Edns.DnssecOkFlag) != 0, errors);
            }
            else
            {
                // Names in the data of foreign types may be compressed: they are not looked into, and a message with
                // such records is relayed as bytes, never written anew.
                records.Add(new DnsRecord(name, type, (DnsClass)code, ttl, bytes.Slice(at, length).ToArray()));
            }

            at += length;
        }

        return true;
    }

    private static bool TryReadOptions(ReadOnlySpan<byte> bytes, out List<ExtendedError> errors)
    {
        errors = [];
        while (bytes.Length >= 4)
        {
            var (code, length) = (Word(bytes, 0), Word(bytes, 2));
            if (4 + length > bytes.Length || (code == ExtendedError.OptionCode && length < 2))
            {
                return false;
            }

            if (code == ExtendedError.OptionCode)
            {
                var text = Encoding.ASCII.GetString(bytes.Slice(6, length - 2));
                errors.Add(new ExtendedError((ExtendedErrorCode)Word(bytes, 4), text));
            }

            bytes = bytes[(4 + length)..];
        }

        return bytes.IsEmpty;
    }

    private static ushort Word(ReadOnlySpan<byte> bytes, int at) => BinaryPrimitives.ReadUInt16BigEndian(bytes[at..]);
}
