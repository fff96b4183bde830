using Fairlead.Naming;

namespace Fairlead.Governance;

/// <summary>
/// The entries of a journal's bodies, for those behind them that name some by their digests. Nothing is looked into
/// before the first of those: where no slot fails there are none. Owned by who reads the journal.
/// </summary>
internal sealed class JournalEntries
{
    private readonly Queue<ReadOnlyMemory<byte>> _unread = new();
    private readonly Dictionary<Digest, SignedEntry> _entries = [];

    /// <summary>A body, in the order of the journal.</summary>
    internal void Add(ReadOnlyMemory<byte> body) => _unread.Enqueue(body);

    /// <summary>The entry of that digest in a body that was added; null for none.</summary>
    internal SignedEntry? Find(Digest digest)
    {
        while (_unread.TryDequeue(out var body))
        {
            foreach (var put in JournalBody.Decode(body, known => _entries.GetValueOrDefault(known))?.Puts ?? [])
            {
                _entries.TryAdd(JournalBody.DigestOf(put), put);
            }
        }

        return _entries.GetValueOrDefault(digest);
    }
}
