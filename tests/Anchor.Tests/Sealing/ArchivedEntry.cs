using System.Globalization;
using System.Text;
using Fairlead.Governance;
using Fairlead.Naming;

namespace Fairlead.Anchor.Tests.Sealing;

/// <summary>Entries that nobody signed: an archive keeps what it is given.</summary>
internal static class ArchivedEntry
{
    internal static EntryName Name(int number) => new(LeafClass.Record, Text(number));

    internal static Entry Large(int number, long version, int bytes) => Of(number, version, [.. new byte[bytes]
        .Chunk(50_000).Select(chunk => new ReadOnlyMemory<byte>(chunk))]);

    internal static Entry Of(int number, long version, IReadOnlyList<ReadOnlyMemory<byte>>? slices = null)
    {
        var text = string.Create(CultureInfo.InvariantCulture, $"{Text(number)} {version}");
        return new Entry
        {
            Name = Name(number),
            Source = new SignedEntry(
                "record",
                new Envelope(Encoding.ASCII.GetBytes(text), [new SignatureEntry(Digest.Sha256("kid"u8), new byte[64])]),
                slices ?? []),
            Digest = Digest.Sha256(Encoding.ASCII.GetBytes(text)),
            Version = version,
            Rank = 0,
            Expires = 10,
            Issued = version,
            Publisher = default,
            Uid = null,
            LeafClass = LeafClass.Record,
            LeafName = Text(number),
            Leaf = default,
            Key = Digest.Sha256(Encoding.ASCII.GetBytes(Text(number))),
            Commitment = Digest.Sha256(Encoding.ASCII.GetBytes(text)),
        };
    }

    private static string Text(int number) => string.Create(CultureInfo.InvariantCulture, $"n{number:D4}.shop.svc");
}
