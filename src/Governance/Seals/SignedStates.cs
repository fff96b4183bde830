using Fairlead.Naming;

namespace Fairlead.Governance;

/// <summary>
/// What this anchor's seal key signed in this epoch: the used slots, and the entries of signed states that the newest
/// certified state lacks or holds lower. It signs each slot once, in rising order, and nothing below what it signed.
/// </summary>
internal sealed class SignedStates
{
    private const int SlotsKept = 4096;

    private readonly Dictionary<EntryName, Entry> _above = [];
    private readonly Dictionary<long, Digest> _slots = [];
    private readonly Queue<long> _order = [];

    /// <summary>The highest number signed; -1 for none.</summary>
    internal long Last { get; private set; } = -1;

    /// <summary>Signatures since the last certificate or change of term.</summary>
    internal int InTerm { get; private set; }

    /// <summary>Entries that the next state must hold, or something greater, unless they may be dropped.</summary>
    internal IEnumerable<Entry> Above => _above.Values;

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
    internal void Bind(IEnumerable<Entry> puts, LeafState certified)
    {
        foreach (var put in puts)
        {
            var known = _above.GetValueOrDefault(put.Name) ?? certified.Find(put.Name);
            if (known is null || put.IsAbove(known))
            {
                _above[put.Name] = put;
            }
        }
    }

    /// <summary>A newer state is certified: what it holds binds through it.</summary>
    internal void Rebase(LeafState certified)
    {
        foreach (var entry in _above.Values.ToList())
        {
            if (certified.Find(entry.Name) is { } held && !entry.IsAbove(held))
            {
                _above.Remove(entry.Name);
            }
        }
    }

    /// <summary>The entries that a state based on the certified one misses at t, in order.</summary>
    internal List<Entry> Missing(LeafState result, long time, long delta) =>
        [.. _above.Values
            .Where(e => !e.IsDroppable(time, delta) && (result.Find(e.Name) is not { } held || e.IsAbove(held)))
            .OrderBy(e => e.Name)];
}
