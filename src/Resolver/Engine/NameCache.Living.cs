using Fairlead.Naming.Traversal;

namespace Fairlead.Resolver;

/// <content>What outlives a process, and what a newer epoch ends.</content>
public sealed partial class NameCache
{
    // New proofs are asked for within this time, so that the names of one segment do not all ask in one instant.
    private const int RecertifySpread = 250;

    private void OnRestored(CacheInput.Restored restored, CacheTime now)
    {
        var (answer, held) = (restored.Answer, _entries.GetValueOrDefault(restored.Name));
        var entry = new NameEntry(restored.Name)
        {
            IsDoubted = held?.IsDoubted ?? false,
            Doubt = held?.Doubt,
            Doubters = held?.Doubters ?? 0,
            Answer = answer,
            LastRecord = answer.Record,
            IsProven = answer.Record is not null || answer.Set is not null,
            SealedSince = restored.SealedSince,
            Bytes = restored.Bytes,
            State = StateOf(answer),
            WasStrict = StaleRule.IsStrict(answer),
            VerifiedAt = now.Monotonic - (now.Wall - answer.VerifiedAt),
        };
        (entry.ExpiresAt, entry.EndsAt) =
            StaleRule.EndOf(answer, now.Monotonic + (answer.Ttl.EndsAt - now.Wall), now.Monotonic, _options.Notice);
        entry.StaleUntil = entry.ExpiresAt + StaleRule.ContinuityOf(answer);
        entry.State = entry.StateAt(now.Monotonic);
        if (entry.State == NameState.Expired)
        {
            return;
        }

        if (held is not null)
        {
            Remove(held);
        }

        if (!Admit(entry))
        {
            return;
        }

        _outputs.Add(new CacheOutput.Changed(entry.View()));
        Ask(entry, now);
        _due.Put(entry);
    }

    private void OnLearned(SegmentState segment, CacheTime now)
    {
        _learned[segment.Genesis] = segment;
        foreach (var entry in _entries.Values)
        {
            Compare(entry, segment, now);
        }
    }

    private void Compare(NameEntry entry, SegmentState segment, CacheTime now)
    {
        if (entry is not { IsLiving: true, Answer: { } answer })
        {
            return;
        }

        switch (EpochChange.Of(answer, segment))
        {
            case EpochEffect.Renew:
                Soon(entry, now);
                break;
            case EpochEffect.Recertify:
                Recertify(entry, answer, segment, now);
                break;
            case EpochEffect.Ends:
                EndBy(entry, now.Monotonic, now);
                break;
            default:
                break;
        }
    }

    // An answer that was verified on another task may be of before an epoch that was learned meanwhile, of which nobody
    // tells again.
    private void CompareWithLearned(NameEntry entry, CacheTime now)
    {
        foreach (var hop in entry.Answer?.Hops ?? [])
        {
            if (_learned.TryGetValue(hop.Genesis, out var segment))
            {
                Compare(entry, segment, now);
            }
        }
    }

    // Until the seal ends that it was verified under, or for the grace after the first seal of the new epoch.
    private static long ProofDue(VerifiedAnswer answer, SegmentState segment, CacheTime now)
    {
        var end = long.MaxValue;
        foreach (var hop in answer.Hops)
        {
            if (hop.Genesis == segment.Genesis && hop.Seal is { } seal)
            {
                end = now.Monotonic
                    + (seal.Expires - answer.Hops[0].Epoch.Value.Policy.ClockDelta - now.Wall);
            }
        }

        return segment.Seal?.Epoch == segment.NewestNumber
            ? Math.Min(end, now.Monotonic + segment.Newest.Value.Policy.Grace)
            : end;
    }

    private void Recertify(NameEntry entry, VerifiedAnswer answer, SegmentState segment, CacheTime now)
    {
        EndBy(entry, ProofDue(answer, segment, now), now);
    }

    private void EndBy(NameEntry entry, long end, CacheTime now)
    {
        var before = (entry.State, entry.ExpiresAt);
        var (expiresAt, endsAt) = StaleRule.EndOf(entry.Answer!, end, now.Monotonic, _options.Notice);
        entry.ExpiresAt = Math.Min(entry.ExpiresAt, expiresAt);
        entry.EndsAt = Math.Min(entry.EndsAt, endsAt);
        entry.NeedsProof = true;
        entry.StaleUntil = Math.Min(entry.StaleUntil, entry.ExpiresAt);
        Turn(entry, entry.StateAt(now.Monotonic));
        if (before.State == entry.State && before.ExpiresAt > entry.ExpiresAt)
        {
            // Whoever was told when a strict name ends is told that it ends earlier.
            _outputs.Add(new CacheOutput.Changed(entry.View()));
        }

        Soon(entry, now);
    }

    private void Soon(NameEntry entry, CacheTime now)
    {
        if (!entry.IsAsking)
        {
            entry.RefreshAt = Math.Min(entry.RefreshAt, now.Monotonic + _random.Next(RecertifySpread));
        }

        _due.Put(entry);
    }
}
