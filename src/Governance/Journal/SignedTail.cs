using Fairlead.Naming;

namespace Fairlead.Governance;

/// <summary>
/// The journal's bodies that a new file has to take over: those above the archived seal at which it starts, and in any
/// case the newest, which says how far the key has signed (V43). Those of newer certified seals are among them: until
/// their states are archived nothing else on the disk holds them. Seals and handovers alike. What one of them holds is
/// journaled once: without a certificate each slot merges all that was put in those before it, and would fill the
/// journal with it. Owned by the engine.
/// </summary>
internal sealed class SignedTail
{
    private readonly Queue<Signed> _bodies = new();

    // Each is in the journal's file, in a body that is kept here or in one before it, for as long as one that is kept
    // here has it: a new file starts with all that are kept.
    private readonly Dictionary<Digest, (SignedEntry Entry, int Bodies)> _held = [];

    /// <summary>How many bodies are kept.</summary>
    internal int Count => _bodies.Count;

    /// <summary>The bodies that are kept, in order, as a journal that begins with them holds them.</summary>
    internal IReadOnlyList<byte[]> All
    {
        get
        {
            var before = new HashSet<Digest>();
            var all = new List<byte[]>();
            foreach (var one in _bodies)
            {
                all.Add(one.Body.Encode([.. one.Puts.Select(Digest? (put) => before.Contains(put) ? put : null)]));
                before.UnionWith(one.Puts);
            }

            return all;
        }
    }

    /// <summary>A body that holds all its entries is to be journaled.</summary>
    /// <returns>The bytes to journal.</returns>
    /// <exception cref="InvalidDataException">No signer writes such a body.</exception>
    internal ReadOnlyMemory<byte> Add(ReadOnlyMemory<byte> body)
    {
        var whole = Read(body, null);
        if (!whole.Puts.Any(_held.ContainsKey))
        {
            Keep(whole);
            return body;
        }

        // Read again, so that what is kept of it shares what is held.
        var written = whole.Body.Encode([.. whole.Puts.Select(Digest? (put) => _held.ContainsKey(put) ? put : null)]);
        Keep(Read(written, put => _held.TryGetValue(put, out var held) ? held.Entry : null));
        return written;
    }

    /// <summary>Starts from a journal: only its end can be above the archived seal.</summary>
    /// <param name="bodies">All bodies, as they were journaled.</param>
    /// <param name="epoch">The epoch of the newest archived seal.</param>
    /// <param name="seq">Its number.</param>
    /// <exception cref="InvalidDataException">No signer wrote one of them.</exception>
    internal void Start(IReadOnlyList<ReadOnlyMemory<byte>> bodies, long epoch, long seq)
    {
        var from = bodies.Count - 1;
        while (from > 0 && Place(JournalBody.SealOf(bodies[from - 1])).CompareTo((epoch, seq)) > 0)
        {
            from--;
        }

        var entries = new JournalEntries();
        for (var i = 0; i < bodies.Count; i++)
        {
            if (i >= from)
            {
                Keep(Read(bodies[i], entries.Find));
            }

            entries.Add(bodies[i]);
        }
    }

    /// <summary>Forgets what an archived seal covers, but for the newest.</summary>
    internal void Settle(long epoch, long seq)
    {
        while (_bodies.Count > 1 && (_bodies.Peek().Epoch, _bodies.Peek().Seq).CompareTo((epoch, seq)) <= 0)
        {
            foreach (var put in _bodies.Dequeue().Puts)
            {
                var (entry, count) = _held[put];
                if (count == 1)
                {
                    _held.Remove(put);
                }
                else
                {
                    _held[put] = (entry, count - 1);
                }
            }
        }
    }

    /// <summary>The bodies above an archived seal, or the newest alone, with which a new file starts. What the seal
    /// covers is forgotten.</summary>
    internal IReadOnlyList<byte[]> Above(long epoch, long seq)
    {
        Settle(epoch, seq);
        return All;
    }

    private void Keep(Signed one)
    {
        _bodies.Enqueue(one);
        foreach (var (put, entry) in one.Puts.Zip(one.Body.Puts))
        {
            _held[put] = _held.TryGetValue(put, out var held) ? (held.Entry, held.Bodies + 1) : (entry, 1);
        }
    }

    private static Signed Read(ReadOnlyMemory<byte> bytes, Func<Digest, SignedEntry?>? find)
    {
        var body = JournalBody.Decode(bytes, find)
            ?? throw new InvalidDataException("a journal body that no signer wrote");
        var (epoch, seq) = Place(body.Seal);
        return new Signed(epoch, seq, body, [.. body.Puts.Select(JournalBody.DigestOf)]);
    }

    private static (long Epoch, long Seq) Place(ReadOnlyMemory<byte> seal) =>
        StateClaim.TryParse(seal, out var claim, out _)
            ? (claim.Epoch, claim.Seq)
            : throw new InvalidDataException("a journal body that no signer wrote");

    private sealed record Signed(long Epoch, long Seq, JournalBody Body, IReadOnlyList<Digest> Puts);
}
