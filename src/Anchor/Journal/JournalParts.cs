namespace Fairlead.Anchor.Journal;

/// <summary>
/// Bodies that are longer than an entry of the journal may be, as several entries: a first byte says that this is the
/// start, that more follows, or that this is the end. No body of its own begins so. A crash between two parts leaves
/// parts without an end: what they were about was never signed, and they are passed over, also where another body in
/// parts follows them. Stateless.
/// </summary>
internal static class JournalParts
{
    private const byte Start = 0xFD;
    private const byte More = 0xFE;
    private const byte End = 0xFF;

    /// <summary>The entries that hold a body.</summary>
    /// <param name="body">The body; it does not begin with one of the marks.</param>
    /// <param name="bytesMax">Bytes of an entry at most.</param>
    internal static IEnumerable<ReadOnlyMemory<byte>> Split(
        ReadOnlyMemory<byte> body, int bytesMax = JournalFormat.BodyBytesMax)
    {
        if (body.Length <= bytesMax)
        {
            yield return body;
            yield break;
        }

        for (var at = 0; at < body.Length; at += bytesMax - 1)
        {
            var length = Math.Min(bytesMax - 1, body.Length - at);
            var part = new byte[length + 1];
            part[0] = at == 0 ? Start : at + length == body.Length ? End : More;
            body.Span.Slice(at, length).CopyTo(part.AsSpan(1));
            yield return part;
        }
    }

    /// <summary>The bodies that entries hold, in order. Journals of before the start was marked begin a body with
    /// <see cref="More"/>.</summary>
    internal static IEnumerable<byte[]> Join(IEnumerable<byte[]> entries)
    {
        var parts = new List<byte[]>();
        foreach (var entry in entries)
        {
            switch (entry[0])
            {
                case Start:
                    parts.Clear();
                    parts.Add(entry);
                    break;
                case More:
                    parts.Add(entry);
                    break;
                case End:
                    yield return [.. parts.Append(entry).SelectMany(part => part.Skip(1))];
                    parts.Clear();
                    break;
                default:
                    parts.Clear();
                    yield return entry;
                    break;
            }
        }
    }
}
