namespace Fairlead.Governance;

/// <summary>
/// The journal's bodies that a new file has to take over: those above the certified seal at which it starts, and in any
/// case the newest, which says how far the key has signed (V43). Seals and handovers alike. Owned by the engine.
/// </summary>
internal sealed class SignedTail
{
    private readonly Queue<(long Epoch, long Seq, byte[] Body)> _bodies = new();

    /// <summary>How many bodies are kept.</summary>
    internal int Count => _bodies.Count;

    /// <summary>The bodies that are kept, in order.</summary>
    internal IReadOnlyList<ReadOnlyMemory<byte>> All =>
        [.. _bodies.Select(one => new ReadOnlyMemory<byte>(one.Body))];

    /// <summary>A body was journaled.</summary>
    /// <exception cref="InvalidDataException">No signer writes such a body.</exception>
    internal void Add(ReadOnlyMemory<byte> body)
    {
        var (epoch, seq) = Place(body);
        _bodies.Enqueue((epoch, seq, body.ToArray()));
    }

    /// <summary>Starts from a journal: only its end can be above the certified seal.</summary>
    /// <param name="bodies">All bodies, as they were journaled.</param>
    /// <param name="epoch">The epoch of the newest certified seal.</param>
    /// <param name="seq">Its number.</param>
    internal void Start(IReadOnlyList<ReadOnlyMemory<byte>> bodies, long epoch, long seq)
    {
        var from = bodies.Count - 1;
        while (from > 0 && Place(bodies[from - 1]).CompareTo((epoch, seq)) > 0)
        {
            from--;
        }

        foreach (var body in bodies.Skip(Math.Max(from, 0)))
        {
            Add(body);
        }
    }

    /// <summary>Forgets what a certified seal covers, but for the newest.</summary>
    internal void Settle(long epoch, long seq)
    {
        while (_bodies.Count > 1 && Covers(_bodies.Peek(), epoch, seq))
        {
            _bodies.Dequeue();
        }
    }

    /// <summary>The bodies above a certified seal, or the newest alone.</summary>
    internal IReadOnlyList<byte[]> Above(long epoch, long seq)
    {
        var newest = _bodies.Count - 1;
        return [.. _bodies.Where((one, i) => i == newest || !Covers(one, epoch, seq)).Select(one => one.Body)];
    }

    private static bool Covers((long Epoch, long Seq, byte[] Body) one, long epoch, long seq) =>
        (one.Epoch, one.Seq).CompareTo((epoch, seq)) <= 0;

    private static (long Epoch, long Seq) Place(ReadOnlyMemory<byte> body) =>
        JournalBody.Decode(body) is { } signed && StateClaim.TryParse(signed.Seal, out var claim, out _)
            ? (claim.Epoch, claim.Seq)
            : throw new InvalidDataException("a journal body that no signer wrote");
}
