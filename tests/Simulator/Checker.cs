using System.Collections.Immutable;
using Fairlead.Governance;
using Fairlead.Naming;
using Fairlead.Naming.Operations;

namespace Fairlead.Simulator;

/// <summary>
/// Watches a run from outside: every signature that left an honest anchor, every state they name, every promise to a
/// publisher. It computes states for itself and believes no engine.
/// </summary>
internal sealed class Checker(World world, VirtualTime time, int liars)
{
    private readonly Dictionary<Digest, IssuedEntry> _issued = [];
    private readonly Dictionary<(string Anchor, long Epoch, long Seq), Digest> _signed = [];
    private readonly Dictionary<Digest, HashSet<string>> _signers = [];
    private readonly Dictionary<Digest, ProposedState> _states = [];
    private readonly SortedDictionary<(long Epoch, long Seq), Digest> _certifiable = [];
    private readonly Dictionary<long, Promise> _promises = [];

    private readonly Dictionary<Digest, HashSet<Digest>> _publishers = [];

    internal int Certified => _certifiable.Count;

    /// <summary>Witnesses that certified seals put.</summary>
    internal int Witnessed => _certifiable.Values.Sum(seal => _states[seal].Witnesses);

    internal int Accepted => _promises.Values.Count(p => p.IsAccepted);

    internal int Settled => _promises.Values.Count(p => p.IsSettled);

    internal void Issue(IssuedEntry entry) => _issued[entry.Digest] = entry;

    /// <summary>The state that the epoch's first seal follows.</summary>
    internal void Begin(Digest handover)
    {
        _states[handover] = new ProposedState(
            0, 0, VirtualTime.Start, world.Segment.Epoch.Digest, ImmutableDictionary<EntryName, IssuedEntry>.Empty);
        Learn(world.Segment.Ground);
    }

    /// <summary>Who may publish in an epoch.</summary>
    internal void Learn(EpochGround ground) => _publishers[ground.Epoch.Digest] = [.. Disk.Publishers(ground)];

    /// <summary>An honest anchor is about to sign; its journal says what.</summary>
    /// <param name="body">The entry's body.</param>
    /// <param name="journal">What that journal holds before it.</param>
    internal void Journaled(ReadOnlyMemory<byte> body, JournalEntries journal)
    {
        var signed = JournalBody.Decode(body, journal.Find)
            ?? throw new ViolationException("I16", "an unreadable journal entry");
        var seal = StateClaim.TryParse(signed.Seal, out var claim, out _)
            ? claim
            : throw new ViolationException("I16", "a journal entry that is neither seal nor handover");
        if (_states.ContainsKey(seal.Digest))
        {
            return;
        }

        if (seal.Prev is not { } prev || !_states.TryGetValue(prev, out var before))
        {
            throw new ViolationException("I21", $"slot {seal.Epoch}/{seal.Seq} follows a state that nobody signed");
        }

        var entries = (before.Epoch == seal.Epoch ? before.Entries : Succeed(before, seal)).RemoveRange(signed.Drops);
        foreach (var put in signed.Puts.Where(put => put.IsWitness))
        {
            if (!SimulatedNeighbours.IsGenuine(world, put))
            {
                throw new ViolationException("I23", $"slot {seal.Epoch}/{seal.Seq} witnesses what nobody sealed");
            }
        }

        foreach (var put in signed.Puts.Where(put => !put.IsWitness))
        {
            var digest = DocumentDigests.Of(put);
            entries = _issued.TryGetValue(digest, out var entry)
                ? entries.SetItem(entry.Name, entry)
                : throw new ViolationException("I23",
                    $"slot {seal.Epoch}/{seal.Seq} holds an entry that no publisher made");
        }

        _states[seal.Digest] = new ProposedState(
            seal.Epoch, seal.Seq, seal.Issued, seal.Handover?.Next ?? seal.Seal!.EpochDigest, entries)
        {
            IsSeal = seal.Seal is not null,
            Witnesses = signed.Puts.Count(put => put.IsWitness),
        };
    }

    /// <summary>A signature of an honest anchor left it.</summary>
    internal void Released(string anchor, long epoch, long seq, Digest seal)
    {
        if (_signed.TryGetValue((anchor, epoch, seq), out var before) && before != seal)
        {
            throw new ViolationException("I2", $"{anchor} signed two states in slot {epoch}/{seq}");
        }

        _signed[(anchor, epoch, seq)] = seal;
        if (!_signers.TryGetValue(seal, out var signers))
        {
            _signers.Add(seal, signers = new HashSet<string>(StringComparer.Ordinal));
        }

        // The liars sign everything: with this many honest signatures they can make a certificate.
        if (signers.Add(anchor) && signers.Count == Math.Max(1, world.Options.Threshold - liars))
        {
            Certifiable((epoch, seq), seal);
        }
    }

    internal bool IsSeal(Digest claim) => _states[claim].IsSeal;

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
            if (promise.IsOpen && promise.Entry.Expires + WorldDocuments.Delta >= time.Now)
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

    private void Certifiable((long Epoch, long Seq) slot, Digest seal)
    {
        if (_certifiable.TryGetValue(slot, out var other))
        {
            throw new ViolationException("I1", $"slot {slot} can be certified as {other} and as {seal}");
        }

        _certifiable.Add(slot, seal);
        var state = _states[seal];
        var before = _certifiable.LastOrDefault(c => c.Key.CompareTo(slot) < 0);
        var after = _certifiable.FirstOrDefault(c => c.Key.CompareTo(slot) > 0);
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
            if (entry.Expires + WorldDocuments.Delta >= later.Issued && MayPublish(entry, earlier, later)
                && (!later.Entries.TryGetValue(name, out var held) || entry.IsAbove(held)))
            {
                throw new ViolationException(
                    "I21", $"slot {later.Epoch}/{later.Seq} lacks {name} version {entry.Version} of "
                    + $"{earlier.Epoch}/{earlier.Seq}");
            }
        }
    }

    /// <summary>The op's effect: entries whose publisher lost its Credential are withdrawn, at the same
    /// version.</summary>
    private ImmutableDictionary<EntryName, IssuedEntry> Succeed(ProposedState before, StateClaim first)
    {
        var next = first.Seal?.EpochDigest ?? before.Next;
        if (before.Epoch + 1 != first.Epoch || before.Next != next)
        {
            throw new ViolationException("I21",
                $"slot {first.Epoch}/{first.Seq} does not follow a handover to its epoch");
        }

        var publishers = _publishers.GetValueOrDefault(next)
            ?? throw new ViolationException("I17", $"epoch {first.Epoch} is sealed and nobody moved there");
        var entries = before.Entries;
        foreach (var (name, entry) in entries.Where(e => !publishers.Contains(e.Value.Publisher)))
        {
            entries = entries.SetItem(name, entry with { Rank = 1 });
        }

        return entries;
    }

    /// <summary>
    /// Of two handovers the lower may be the one that the epoch begins with: what a revoked publisher got into the
    /// other is then gone, as the operation wanted.
    /// </summary>
    private bool MayPublish(IssuedEntry entry, ProposedState earlier, ProposedState later) =>
        earlier.Epoch == later.Epoch || _publishers.GetValueOrDefault(earlier.Next)?.Contains(entry.Publisher) != false;

    /// <summary>A state that an honest anchor signed; Next is the epoch that it leads to: its own, or the
    /// handover's.</summary>
    private sealed record ProposedState(
        long Epoch, long Seq, long Issued, Digest Next, ImmutableDictionary<EntryName, IssuedEntry> Entries)
    {
        internal bool IsSeal { get; init; }

        internal int Witnesses { get; init; }
    }
}
