using System.Buffers.Binary;
using System.Text;

namespace Fairlead.Sidecar.Dns;

/// <summary>
/// Writes messages. Owner names are compressed, data is not (RFC 3597 section 4). What does not fit is left out: the
/// additional records first and silently, else the message says that it is truncated (RFC 2181 section 9). The OPT
/// record and the questions are always there. Pure, thread-safe.
/// </summary>
internal static class DnsWriter
{
    private const int PointerMax = 0x3FFF;

    /// <summary>The message in at most this many bytes.</summary>
    /// <param name="message">Its questions and OPT must fit by themselves.</param>
    /// <param name="limit">512 to 65,535.</param>
    internal static byte[] Write(DnsMessage message, int limit)
    {
        var opt = message.Edns is { } edns ? Options(edns) : [];
        var body = new Body(limit - opt.Length);
        foreach (var question in message.Questions)
        {
            body.Question(question);
        }

        var answers = body.Records(message.Answers);
        var whole = answers == message.Answers.Count;
        var authorities = whole ? body.Records(message.Authorities) : 0;
        whole &= authorities == message.Authorities.Count;
        var additionals = whole ? body.Records(message.Additionals) : 0;

        byte[] result = [.. body.Bytes, .. opt];
        var header = message.Header;
        Word(result, 0, header.Id);
        Word(result, 2, (ushort)(header.Flags | (whole ? 0 : DnsHeader.Truncated)));
        Word(result, 4, message.Questions.Count);
        Word(result, 6, answers);
        Word(result, 8, authorities);
        Word(result, 10, additionals + (opt.Length > 0 ? 1 : 0));
        return result;
    }

    private static byte[] Options(Edns edns)
    {
        var options = new List<byte>();
        foreach (var error in edns.Errors)
        {
            var text = Encoding.ASCII.GetBytes(error.Text);
            var length = Math.Min(text.Length, ExtendedError.TextMax);
            options.AddRange(Words(ExtendedError.OptionCode, 2 + length, (int)error.Code));
            options.AddRange(text.AsSpan(0, length));
        }

        var upper = (edns.ExtendedRcode << 8) | edns.Version;
        var flags = edns.DnssecOk ? Edns.DnssecOkFlag : 0;
        return [0, .. Words((int)DnsType.OPT, edns.UdpSize, upper, flags, options.Count), .. options];
    }

    private static byte[] Words(params ReadOnlySpan<int> values)
    {
        var bytes = new byte[2 * values.Length];
        for (var i = 0; i < values.Length; i++)
        {
            Word(bytes, 2 * i, values[i]);
        }

        return bytes;
    }

    private static void Word(byte[] bytes, int at, int value) =>
        BinaryPrimitives.WriteUInt16BigEndian(bytes.AsSpan(at), (ushort)value);

    private sealed class Body(int limit)
    {
        private readonly Dictionary<DnsName, int> _offsets = [];

        internal List<byte> Bytes { get; } = [.. new byte[DnsReader.HeaderBytes]];

        internal void Question(DnsQuestion question)
        {
            Name(question.Name);
            Bytes.AddRange(Words((int)question.Type, (int)question.Class));
        }

        /// <summary>Writes records until one does not fit; how many did.</summary>
        internal int Records(IReadOnlyList<DnsRecord> records)
        {
            for (var i = 0; i < records.Count; i++)
            {
                var start = Bytes.Count;
                Record(records[i]);
                if (Bytes.Count > limit)
                {
                    Bytes.RemoveRange(start, Bytes.Count - start);
                    return i;
                }
            }

            return records.Count;
        }

        private void Record(DnsRecord record)
        {
            Name(record.Name);
            var (upper, lower) = ((int)(record.Ttl >> 16), (int)(record.Ttl & 0xFFFF));
            Bytes.AddRange(Words((int)record.Type, (int)record.Class, upper, lower, record.Data.Length));
            Bytes.AddRange(record.Data.Span);
        }

        // What is taken back when a record does not fit stays in the table of offsets, and nothing is written after it.
        private void Name(DnsName name)
        {
            for (var rest = name; !rest.IsRoot; rest = rest.Parent!)
            {
                if (_offsets.TryGetValue(rest, out var offset))
                {
                    Bytes.AddRange(Words(0xC000 | offset));
                    return;
                }

                if (Bytes.Count <= PointerMax)
                {
                    _offsets.Add(rest, Bytes.Count);
                }

                Bytes.AddRange(rest.Wire[..(rest.Wire[0] + 1)]);
            }

            Bytes.Add(0);
        }
    }
}
