using Fairlead.Naming;

namespace Fairlead.Governance;

/// <summary>
/// One signature's entry in the journal of a seal key: the proposal as it was signed, so that the file is both the
/// memory that a slot is used and the log from which the signed state is rebuilt (4.3.4).
/// </summary>
/// <param name="Term">The term it was signed in.</param>
/// <param name="Seal">The seal's payload.</param>
/// <param name="Puts">The entries that the proposal changed.</param>
/// <param name="Drops">The names that it dropped.</param>
public sealed record JournalBody(
    long Term, ReadOnlyMemory<byte> Seal, IReadOnlyList<SignedEntry> Puts, IReadOnlyList<EntryName> Drops)
{
    private const byte Version = 1;

    /// <summary>The body's bytes; equal bodies have equal bytes.</summary>
    public byte[] Encode()
    {
        var writer = new JournalWriter();
        writer.Byte(Version);
        writer.Number(Term);
        writer.Bytes(Seal.Span);
        writer.Number(Puts.Count);
        foreach (var put in Puts)
        {
            writer.Text(put.Type);
            writer.Envelope(put.Document);

            writer.Number(put.Slices.Count);
            foreach (var slice in put.Slices)
            {
                writer.Bytes(slice.Span);
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
    public static JournalBody? Decode(ReadOnlyMemory<byte> bytes)
    {
        var reader = new JournalReader(bytes);
        if (reader.Byte() != Version)
        {
            return null;
        }

        var term = reader.Number();
        var seal = reader.Bytes(Limits.EnvelopeBytes);
        var puts = new List<SignedEntry>();
        for (var left = reader.Count(SealLimits.Changes); left > 0 && !reader.Failed; left--)
        {
            puts.Add(ReadEntry(reader));
        }

        var drops = new List<EntryName>();
        for (var left = reader.Count(SealLimits.Changes); left > 0 && !reader.Failed; left--)
        {
            drops.Add(new EntryName((LeafClass)reader.Count(byte.MaxValue), reader.Text()));
        }

        return reader.Failed || !reader.AtEnd ? null : new JournalBody(term, seal, puts, drops);
    }

    private static SignedEntry ReadEntry(JournalReader reader)
    {
        var type = reader.Text();
        var document = reader.Envelope();
        var slices = new List<ReadOnlyMemory<byte>>();
        for (var left = reader.Count(Limits.Slices); left > 0 && !reader.Failed; left--)
        {
            slices.Add(reader.Bytes(Limits.SliceBytes));
        }

        return new SignedEntry(type, document, slices);
    }
}
