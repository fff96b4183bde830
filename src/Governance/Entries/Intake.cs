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

        var refusal = core.Reader.Read(source, out var entry) ?? EntryRules.CheckTime(entry!, core.Now, core.Delta);
        if (refusal is not null)
        {
            Refuse(token, refusal);
            return;
        }

        var held = core.Chain.State.Find(entry!.Name);
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
            Refuse(token, refusal);
            return;
        }

        core.Pool.Add(entry, core.Now);
        core.Publications.Add(token, entry);
        core.Emit(new SealOutput.Accepted(token));
        core.Broadcast(new SealMessage.Entries(core.Turns.Term, [source]));
    }

    /// <summary>Takes what another anchor knows; true where some of it is news.</summary>
    internal bool Learn(string from, IReadOnlyList<SignedEntry> sources)
    {
        var news = false;
        foreach (var source in sources.Take(SealLimits.EntriesPerMessage))
        {
            var refusal = core.Reader.Read(source, out var entry) ?? EntryRules.CheckTime(entry!, core.Now, core.Delta);
            if (refusal is not null)
            {
                core.Emit(new SealOutput.Ignored(from, refusal));
                continue;
            }

            CheckEquivocation(entry!, core.Chain.State.Find(entry!.Name), core.Pool.Find(entry.Name));
            news |= Keep(entry);
        }

        return news;
    }

    /// <summary>Adds a checked entry where it is above all that is known and may follow what is certified.</summary>
    internal bool Keep(Entry entry)
    {
        if (core.Pool.Count >= SealLimits.Pending
            || (core.Pool.Find(entry.Name) is { } known && !entry.IsAbove(known))
            || EntryRules.CheckAgainst(entry, core.Chain.State.Find(entry.Name)) is not null)
        {
            return false;
        }

        core.Pool.Add(entry, core.Now);
        return true;
    }

    /// <summary>Removes the oldest entries as long as they are expired: nobody can cover them any more.</summary>
    internal void Prune()
    {
        while (core.Pool.InOrder().FirstOrDefault() is { } oldest && oldest.IsDroppable(core.Now, core.Delta))
        {
            core.Pool.Remove(oldest.Name);
            core.Publications.Refuse(
                oldest, EntryRules.CheckTime(oldest, core.Now, core.Delta)!, core.Outputs);
        }
    }

    /// <summary>Removes what a newer certified state covers or rules out.</summary>
    /// <param name="changed">The names to look at; null for all.</param>
    internal void Rebase(IReadOnlyList<EntryName>? changed)
    {
        foreach (var name in changed ?? [.. core.Pool.InOrder().Select(e => e.Name)])
        {
            if (core.Pool.Find(name) is not { } entry)
            {
                continue;
            }

            core.Pool.Remove(name);
            var held = core.Chain.State.Find(name);
            if (held is null || entry.IsAbove(held))
            {
                if (EntryRules.CheckAgainst(entry, held) is { } refusal)
                {
                    core.Publications.Refuse(entry, refusal, core.Outputs);
                }
                else
                {
                    core.Pool.Add(entry, core.Now);
                }
            }
        }
    }

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
