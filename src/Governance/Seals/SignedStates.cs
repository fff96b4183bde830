using Fairlead.Naming;

namespace Fairlead.Governance;

/// <summary>
/// What this anchor's seal key signed in this epoch: the used slots, and the entries of signed states that the newest
/// certified state lacks or holds lower. It signs each slot once, in rising order, and nothing below what it signed.
/// A certificate of a later slot frees it from an earlier one: had that one been certified too, or could it ever be, an
/// honest anchor would have signed both, and the later state would hold all of it.
/// </summary>
internal sealed class SignedStates
{
    private const int SlotsKept = 4096;

    private readonly Dictionary<EntryName, (Entry Entry, long Seq)> _above = [];
    private readonly Dictionary<long, Digest> _slots = [];
    private readonly Queue<long> _order = [];

    /// <summary>The highest number signed; -1 for none.</summary>
    internal long Last { get; private set; } = -1;

    /// <summary>Signatures since the last certificate or change of term.</summary>
    internal int InTerm { get; private set; }

    /// <summary>Entries that the next state must hold, or something greater, unless they may be dropped.</summary>
    internal IEnumerable<Entry> Above => _above.Values.Select(a => a.Entry);

    internal void ResetBudget() => InTerm = 0;

    /// <summary>Uses a slot (I2). The last guard before a signature, whatever was checked before.</summary>
    internal Refusal? Use(long seq, Digest digest)
    {
        if (seq <= Last && (!_slots.TryGetValue(seq, out var signed) || signed != digest))
        {
            return new Refusal(
                VerificationFailure.JournalConflict, "journal", $"slot {seq} is not free: {Last} is signed");
        }

        if (seq > Last)
        {
            Last = seq;
            InTerm++;
            _slots[seq] = digest;
            _order.Enqueue(seq);
            if (_order.Count > SlotsKept)
            {
                _slots.Remove(_order.Dequeue());
            }
        }

        return null;
    }

    /// <summary>Whether a signature by this key, shown by another anchor, is one that this memory knows.</summary>
    internal Refusal? CheckOwn(long seq, Digest digest)
    {
        if (seq > Last)
        {
            return new Refusal(
                VerificationFailure.JournalBehind, "journal", $"slot {seq} is signed, the journal ends at {Last}");
        }

        if (_slots.TryGetValue(seq, out var signed))
        {
            return signed == digest
                ? null
                : new Refusal(VerificationFailure.JournalConflict, "journal", $"slot {seq} is signed twice");
        }

        return _order.Count > 0 && seq >= _order.Peek()
            ? new Refusal(VerificationFailure.JournalBehind, "journal", $"slot {seq} is signed but not in the journal")
            : null;
    }

    /// <summary>A state was signed: its changes bind from now on.</summary>
    internal void Bind(long seq, IEnumerable<Entry> puts, LeafState certified)
    {
        foreach (var put in puts.Where(put => !put.IsWitness))
        {
            var known = _above.TryGetValue(put.Name, out var bound) ? bound.Entry : certified.Find(put.Name);
            if (known is null || !known.IsAbove(put))
            {
                _above[put.Name] = (put, seq);
            }
        }
    }

    /// <summary>
    /// A newer state is certified: what it holds binds through it, what slots before it held does not.
    /// </summary>
    internal void Rebase(LeafState certified, long certifiedSeq)
    {
        foreach (var (entry, seq) in _above.Values.ToList())
        {
            if (seq < certifiedSeq || (certified.Find(entry.Name) is { } held && !entry.IsAbove(held)))
            {
                _above.Remove(entry.Name);
            }
        }
    }

    /// <summary>The entries that a state based on the certified one misses at t, in order.</summary>
    internal List<Entry> Missing(LeafState result, long time, long delta) =>
        [.. _above.Values
            .Select(a => a.Entry)
            .Where(e => !e.IsDroppable(time, delta) && (result.Find(e.Name) is not { } held || e.IsAbove(held)))
            .OrderBy(e => e.Name)];
}
