using Fairlead.Naming;

namespace Fairlead.Governance;

/// <summary>How entries get into the pool: from publishers, from other anchors' gossip, from proposals.</summary>
internal sealed class Intake(SealCore core)
{
    private readonly HashSet<(Digest, Digest)> _equivocations = [];

    /// <summary>All checks of V45 at the present time, then acceptance and gossip.</summary>
    internal void Publish(long token, SignedEntry source)
    {
        if (core.Pool.Count >= SealLimits.Pending)
        {
            Refuse(token, new Refusal(VerificationFailure.RateLimited, "entry", $"{core.Pool.Count} entries wait"));
            return;
        }

        var refusal = Read(source, out var entry) ?? core.Reader.CheckPublisher(entry!, core.Now);
        if (refusal is not null)
        {
            Refuse(token, refusal);
            return;
        }

        var held = core.Chain.State.Find(entry!.Name);
        if (held?.Digest == entry.Digest && core.Chain.Newest is null)
        {
            // The handover held it; the epoch's first seal will.
            core.Publications.Add(token, entry);
            core.Emit(new SealOutput.Accepted(token));
            return;
        }

        if (held?.Digest == entry.Digest && core.Chain.Newest is { } newest)
        {
            core.Emit(new SealOutput.Accepted(token));
            core.Emit(new SealOutput.Sealed(token, core.Epoch, newest.Candidate.Seq));
            return;
        }

        var known = core.Pool.Find(entry.Name);
        if (CheckEquivocation(entry, held, known) is { } contradiction)
        {
            Keep(entry);
            core.Broadcast(new SealMessage.Entries(core.Turns.Term, [source]));
            Refuse(token, contradiction);
            return;
        }

        refusal = EntryRules.CheckAgainst(entry, held);
        refusal ??= known?.Digest == entry.Digest ? null : EntryRules.CheckAgainst(entry, known);
        if (refusal is not null)
        {
            if (core.IntakeBugs.KeepsRefused)
            {
                core.Pool.Add(entry, core.Elapsed);
            }

            Refuse(token, refusal);
            return;
        }

        Accept(token, entry);
    }

    private void Accept(long token, Entry entry)
    {
        core.Emit(new SealOutput.Accepted(token));
        if (core.IntakeBugs.TellsTwice)
        {
            core.Emit(new SealOutput.Accepted(token));
        }

        if (!core.IntakeBugs.ForgetsAccepted)
        {
            core.Pool.Add(entry, core.Elapsed);
            core.Publications.Add(token, entry);
            core.Broadcast(new SealMessage.Entries(core.Turns.Term, [entry.Source]));
        }
    }

    /// <summary>
    /// Takes over a promise of the epoch before: kept by the first seal where the handover's state covers the entry,
    /// else as any other, if this epoch still admits it.
    /// </summary>
    internal void Carry(long token, SignedEntry source)
    {
        var refusal = Read(source, out var entry);
        var held = entry is null ? null : core.Chain.State.Find(entry.Name);
        if (refusal is null && held is not null && !entry!.IsAbove(held))
        {
            core.Publications.Add(token, entry);
            return;
        }

        refusal ??= EntryRules.CheckAgainst(entry!, held);
        if (refusal is not null)
        {
            Refuse(token, refusal);
            return;
        }

        core.Pool.Add(entry!, core.Elapsed);
        core.Publications.Add(token, entry!);
    }

    /// <summary>Takes what another anchor knows; the entries that are above what is certified here.</summary>
    internal IReadOnlyList<Entry> Learn(string from, IReadOnlyList<SignedEntry> sources)
    {
        var learned = new List<Entry>();
        foreach (var source in sources.Take(SealLimits.EntriesPerMessage))
        {
            var refusal = Read(source, out var entry);
            if (refusal is not null)
            {
                core.Emit(new SealOutput.Ignored(from, refusal));
                continue;
            }

            var held = core.Chain.State.Find(entry!.Name);
            CheckEquivocation(entry, held, core.Pool.Find(entry.Name));
            Keep(entry);
            if (EntryRules.CheckOrder(entry, held) is null)
            {
                learned.Add(entry);
            }
        }

        return learned;
    }

    /// <summary>Adds a checked entry where it is above all that is known and may follow what is certified.</summary>
    internal void Keep(Entry entry)
    {
        if (!entry.IsWitness && core.Pool.Count < SealLimits.Pending && EntryRules.CheckEnd(entry, core.Chain) is null
            && EntryRules.CheckAgainst(entry, core.Chain.State.Find(entry.Name)) is null)
        {
            core.Pool.Add(entry, core.Elapsed);
        }
    }

    /// <summary>Removes the oldest entries as long as they are expired: nobody can cover them any more.</summary>
    internal void Prune()
    {
        while (core.Pool.InOrder().FirstOrDefault() is { } oldest && oldest.IsDroppable(core.Now, core.Delta))
        {
            core.Pool.Remove(oldest.Name);
            Return(oldest, oldest.Name);
        }
    }

    /// <summary>Removes what a newer certified state covers or rules out.</summary>
    /// <param name="changed">The names to look at; null for all.</param>
    internal void Rebase(IReadOnlyList<EntryName>? changed)
    {
        foreach (var name in changed ?? [.. core.Pool.InOrder().Select(e => e.Name), .. core.Publications.Names])
        {
            var entry = core.Pool.Find(name);
            core.Pool.Remove(name);
            Return(entry, name);
        }
    }

    /// <summary>
    /// Puts an entry, and those that were accepted below it, back where the certified state still admits them; who
    /// waits for one that it does not is told.
    /// </summary>
    private void Return(Entry? pooled, EntryName name)
    {
        var held = core.Chain.State.Find(name);
        IEnumerable<Entry> entries = core.Publications.Waiting(name);
        foreach (var entry in pooled is null ? entries : entries.Append(pooled))
        {
            var refusal = EntryRules.CheckAgainst(entry, held) ?? EntryRules.CheckTime(entry, core.Now, core.Delta);
            if (refusal is null)
            {
                core.Pool.Add(entry, core.Elapsed);
            }
            else
            {
                core.Publications.Refuse(entry, refusal, core.Outputs);
            }
        }
    }

    // What may be said of it before what its name holds is looked at.
    private Refusal? Read(SignedEntry source, out Entry? entry) => core.Reader.Read(source, out entry)
        ?? EntryRules.CheckTime(entry!, core.Now, core.Delta) ?? EntryRules.CheckEnd(entry!, core.Chain);

    private Refusal? CheckEquivocation(Entry entry, params ReadOnlySpan<Entry?> others)
    {
        foreach (var other in others)
        {
            if (other is null || !EntryRules.Equivocate(entry, other))
            {
                continue;
            }

            var pair = entry.Digest < other.Digest ? (entry.Digest, other.Digest) : (other.Digest, entry.Digest);
            if (_equivocations.Count < SealLimits.Changes && _equivocations.Add(pair))
            {
                core.Emit(new SealOutput.Evidence(
                    VerificationFailure.PublisherEquivocation, other.Source.Document, entry.Source.Document));
            }

            return new Refusal(
                VerificationFailure.PublisherEquivocation,
                entry.Name.ToString(),
                $"version {entry.Version} has two contents; the greater digest is kept");
        }

        return null;
    }

    private void Refuse(long token, Refusal refusal) => core.Emit(new SealOutput.Refused(token, refusal));
}
