using Fairlead.Naming;

namespace Fairlead.Governance;

/// <summary>
/// One signature's entry in the journal of a seal key: the proposal as it was signed, so that the file is both the
/// memory that a slot is used and the log from which the signed state is rebuilt (4.3.4). Where slots fail, each one
/// merges what those before it put: an entry that the journal holds already is named by the digest of its bytes.
/// </summary>
/// <param name="Term">The term it was signed in.</param>
/// <param name="Seal">The seal's payload.</param>
/// <param name="Puts">The entries that the proposal changed.</param>
/// <param name="Drops">The names that it dropped.</param>
public sealed record JournalBody(
    long Term, ReadOnlyMemory<byte> Seal, IReadOnlyList<SignedEntry> Puts, IReadOnlyList<EntryName> Drops)
{
    private const byte Whole = 1;
    private const byte Referring = 2;

    /// <summary>The body's bytes, with all its entries; equal bodies have equal bytes.</summary>
    public byte[] Encode() => Encode([]);

    /// <summary>The body's bytes.</summary>
    /// <param name="held">For each entry that the journal holds already its digest, null for others; empty where it
    /// holds none.</param>
    internal byte[] Encode(IReadOnlyList<Digest?> held)
    {
        var writer = new JournalWriter();
        writer.Byte(held.Any(one => one is not null) ? Referring : Whole);
        writer.Number(Term);
        writer.Bytes(Seal.Span);
        writer.Number(Puts.Count);
        for (var i = 0; i < Puts.Count; i++)
        {
            if (held.Count > 0 && held[i] is { } digest)
            {
                writer.Text("");
                writer.Bytes(digest.ToArray());
            }
            else
            {
                writer.Entry(Puts[i]);
            }
        }

        writer.Number(Drops.Count);
        foreach (var drop in Drops)
        {
            writer.Number((int)drop.Class);
            writer.Text(drop.Name);
        }

        return writer.ToArray();
    }

    /// <summary>Reads a body; null for bytes that no body has.</summary>
    /// <param name="bytes">One body of a journal.</param>
    /// <param name="find">The entry of that digest in the bodies before this one, null for none; without it only a body
    /// that holds all its entries is read.</param>
    public static JournalBody? Decode(ReadOnlyMemory<byte> bytes, Func<Digest, SignedEntry?>? find = null)
    {
        var reader = new JournalReader(bytes);
        var version = reader.Byte();
        if (version is not (Whole or Referring))
        {
            return null;
        }

        find = version == Referring ? find : null;
        var term = reader.Number();
        var seal = reader.Bytes(Limits.EnvelopeBytes);
        var puts = new List<SignedEntry>();
        for (var left = reader.Count(SealLimits.Changes); left > 0 && !reader.Failed; left--)
        {
            puts.Add(ReadEntry(reader, find));
        }

        var drops = new List<EntryName>();
        for (var left = reader.Count(SealLimits.Changes); left > 0 && !reader.Failed; left--)
        {
            drops.Add(new EntryName((LeafClass)reader.Count(byte.MaxValue), reader.Text()));
        }

        return reader.Failed || !reader.AtEnd ? null : new JournalBody(term, seal, puts, drops);
    }

    /// <summary>The payload of the seal alone; empty for bytes that no body has.</summary>
    internal static ReadOnlyMemory<byte> SealOf(ReadOnlyMemory<byte> bytes)
    {
        var reader = new JournalReader(bytes);
        var isKnown = reader.Byte() is Whole or Referring;
        _ = reader.Number();
        var seal = reader.Bytes(Limits.EnvelopeBytes);
        return isKnown && !reader.Failed ? seal : default;
    }

    /// <summary>The digest that stands for an entry: that of its bytes as a body holds them.</summary>
    internal static Digest DigestOf(SignedEntry entry)
    {
        var writer = new JournalWriter();
        writer.Entry(entry);
        return Digest.Sha256(writer.ToArray());
    }

    private static SignedEntry ReadEntry(JournalReader reader, Func<Digest, SignedEntry?>? find)
    {
        var type = reader.Text();
        if (type.Length == 0)
        {
            var found = find?.Invoke(reader.Digest());
            reader.Failed |= found is null;
            return found!;
        }

        var document = reader.Envelope();
        var slices = new List<ReadOnlyMemory<byte>>();
        for (var left = reader.Count(Limits.Slices); left > 0 && !reader.Failed; left--)
        {
            slices.Add(reader.Bytes(Limits.SliceBytes));
        }

        return new SignedEntry(type, document, slices);
    }
}
