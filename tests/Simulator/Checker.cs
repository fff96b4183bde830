using System.Collections.Immutable;
using Fairlead.Governance;
using Fairlead.Naming;

namespace Fairlead.Simulator;

/// <summary>
/// Watches a run from outside: every signature that left an honest anchor, every state they name, every promise to a
/// publisher. It computes states for itself and believes no engine.
/// </summary>
internal sealed class Checker(VirtualTime time, int threshold, int liars, long delta)
{
    private readonly Dictionary<Digest, IssuedEntry> _issued = [];
    private readonly Dictionary<(string Anchor, long Seq), Digest> _signed = [];
    private readonly Dictionary<Digest, HashSet<string>> _signers = [];
    private readonly Dictionary<Digest, ProposedState> _states = [];
    private readonly SortedDictionary<long, Digest> _certifiable = [];
    private readonly Dictionary<long, Promise> _promises = [];

    internal int Certified => _certifiable.Count;

    internal int Accepted => _promises.Values.Count(p => p.IsAccepted);

    internal int Settled => _promises.Values.Count(p => p.IsSettled);

    internal void Issue(IssuedEntry entry) => _issued[entry.Digest] = entry;

    /// <summary>The state that the epoch's first seal follows.</summary>
    internal void Begin(Digest handover) =>
        _states[handover] = new ProposedState(-1, 0, ImmutableDictionary<EntryName, IssuedEntry>.Empty);

    /// <summary>An honest anchor is about to sign; its journal says what.</summary>
    internal void Journaled(ReadOnlyMemory<byte> body)
    {
        var signed = JournalBody.Decode(body) ?? throw new ViolationException("I16", "an unreadable journal entry");
        var seal = Documents.Read<Seal>(signed.Seal);
        if (_states.ContainsKey(seal.Digest))
        {
            return;
        }

        if (seal.Value.Prev is not { } prev || !_states.TryGetValue(prev, out var before))
        {
            throw new ViolationException("I21", $"seal {seal.Value.Seq} follows a state that nobody signed");
        }

        var entries = before.Entries.RemoveRange(signed.Drops);
        foreach (var put in signed.Puts)
        {
            var digest = DocumentDigests.Of(put);
            entries = _issued.TryGetValue(digest, out var entry)
                ? entries.SetItem(entry.Name, entry)
                : throw new ViolationException("I23", $"seal {seal.Value.Seq} holds an entry that no publisher made");
        }

        _states[seal.Digest] = new ProposedState(seal.Value.Seq, seal.Value.Issued, entries);
    }

    /// <summary>A signature of an honest anchor left it.</summary>
    internal void Released(string anchor, long seq, Digest seal)
    {
        if (_signed.TryGetValue((anchor, seq), out var before) && before != seal)
        {
            throw new ViolationException("I2", $"{anchor} signed two seals in slot {seq}");
        }

        _signed[(anchor, seq)] = seal;
        if (!_signers.TryGetValue(seal, out var signers))
        {
            _signers.Add(seal, signers = new HashSet<string>(StringComparer.Ordinal));
        }

        // The liars sign everything: with this many honest signatures they can make a certificate.
        if (signers.Add(anchor) && signers.Count == Math.Max(1, threshold - liars))
        {
            Certifiable(seq, seal);
        }
    }

    internal void Accept(long token, IssuedEntry entry, string anchor) =>
        Promised(token, entry, anchor).Accept();

    internal void Refuse(long token, IssuedEntry entry, string anchor) => Promised(token, entry, anchor).Refuse();

    internal void Seal(long token, IssuedEntry entry, string anchor) => Promised(token, entry, anchor).Settle();

    /// <summary>What an anchor promised in its memory only is gone with it; its publisher has other anchors.</summary>
    internal void Crashed(string anchor)
    {
        foreach (var promise in _promises.Values.Where(p => p.Anchor == anchor))
        {
            promise.Lose();
        }
    }

    /// <summary>After the storm: all promises are kept (I11, I25).</summary>
    internal void End()
    {
        foreach (var (token, promise) in _promises)
        {
            if (promise.IsOpen && promise.Entry.Expires + delta >= time.Now)
            {
                throw new ViolationException(
                    "I25", $"{promise.Anchor} accepted entry {token} ({promise.Entry.Name}) and never sealed it");
            }
        }
    }

    private Promise Promised(long token, IssuedEntry entry, string anchor)
    {
        if (!_promises.TryGetValue(token, out var promise))
        {
            _promises.Add(token, promise = new Promise(entry, anchor));
        }

        return promise;
    }

    private void Certifiable(long seq, Digest seal)
    {
        if (_certifiable.TryGetValue(seq, out var other))
        {
            throw new ViolationException("I1", $"slot {seq} can be certified as {other} and as {seal}");
        }

        _certifiable.Add(seq, seal);
        var state = _states[seal];
        var before = _certifiable.LastOrDefault(c => c.Key < seq);
        var after = _certifiable.FirstOrDefault(c => c.Key > seq);
        if (before.Value != default)
        {
            Dominates(state, _states[before.Value]);
        }

        if (after.Value != default)
        {
            Dominates(_states[after.Value], state);
        }
    }

    private void Dominates(ProposedState later, ProposedState earlier)
    {
        foreach (var (name, entry) in earlier.Entries)
        {
            if (entry.Expires + delta >= later.Issued
                && (!later.Entries.TryGetValue(name, out var held) || entry.IsAbove(held)))
            {
                throw new ViolationException(
                    "I21", $"seal {later.Seq} lacks {name} version {entry.Version} of seal {earlier.Seq}");
            }
        }
    }

    private sealed record ProposedState(long Seq, long Issued, ImmutableDictionary<EntryName, IssuedEntry> Entries);
}
