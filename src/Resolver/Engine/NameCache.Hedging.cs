namespace Fairlead.Resolver;

/// <content>
/// Asking others beside an anchor that is silent. Where very many names wait at once the silence is more likely the
/// load's than an anchor's: so few are asked for beside it at a time that this adds little to the load, and the others
/// take their turn as these end.
/// </content>
public sealed partial class NameCache
{
    private readonly HashSet<string> _hedging = new(StringComparer.Ordinal);
    private readonly Queue<NameEntry> _hedgeable = new();

    private void Hedge(NameEntry entry, CacheTime now)
    {
        entry.HedgeAt = long.MaxValue;
        if (!entry.IsHedgeable)
        {
            entry.IsHedgeable = true;
            _hedgeable.Enqueue(entry);
        }

        HedgeNext(now);
    }

    private void HedgeNext(CacheTime now)
    {
        while (_hedging.Count < _options.HedgesMax && _hedgeable.TryDequeue(out var entry))
        {
            entry.IsHedgeable = false;
            var isHeld = _entries.TryGetValue(entry.Name, out var held) && held == entry;
            if (isHeld && entry.IsAwaitingFirst && _hedging.Add(entry.Name))
            {
                // One that waits for its turn would be asked there first.
                var silent = entry.Anchor >= 0 ? entry.Anchor : _anchors.Next(entry.Tried, now.Monotonic);
                _outputs.Add(new CacheOutput.Hedge(entry.Name, silent ?? 0));
            }
        }
    }

    // The anchor that the name is subscribed at is silent, and another one answered: the name is served by that, and
    // moves on when the patience with the silent one is over. Whoever waits for its turn has it now.
    private void OnHedged(CacheInput.Hedged hedged, CacheTime now)
    {
        _hedging.Remove(hedged.Name);
        if (hedged.Answer is { } answer && _entries.TryGetValue(hedged.Name, out var entry)
            && entry.State is not (NameState.Fresh or NameState.Absent or NameState.Denied)
            && EndOf(answer, now) is var end && end.ExpiresAt > now.Monotonic)
        {
            Serve(entry, answer, end, hedged.Bytes, now);
            CompareWithLearned(entry, now);
            GivePlace(entry);
            _due.Put(entry);
        }

        HedgeNext(now);
    }
}
