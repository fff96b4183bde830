using System.Numerics;
using Fairlead.Naming;

namespace Fairlead.Resolver;

/// <content>Whom to ask when: troubles, moves from anchor to anchor and back, and what time alone brings.</content>
public sealed partial class NameCache
{
    // What failed a check costs the anchor its whole stream: whatever else came with it is not kept either.
    private void OnRefused(NameEntry entry, Refusal refusal, CacheTime now)
    {
        // A record or a decision that is over by this clock and not yet by the anchor's is no lie, and no other name is
        // in it; nor in one that there is no room to remember.
        if (refusal.IsOfNameAlone
            || refusal.Failure is VerificationFailure.RecordExpired or VerificationFailure.AttestationExpired)
        {
            OnTrouble(entry, refusal, now);
            return;
        }

        var anchor = entry.Anchor;
        if (FailureKinds.Of(refusal) == FailureKind.Own)
        {
            _anchors.Fail(anchor, now.Monotonic);
        }
        else
        {
            _anchors.Refuse(anchor, now.Monotonic);
        }

        // It leaves with the others, and once: what moves all would else move on the one that has just begun to pause.
        _outputs.Add(new CacheOutput.Leave(anchor));
        Trouble(entry, refusal, now, detach: true);
        MoveAll(anchor, null, now);
    }

    // Every name that is still at the anchor loses its subscription.
    private void MoveAll(int anchor, Refusal? reason, CacheTime now)
    {
        foreach (var entry in _anchors.NamesAt(anchor))
        {
            Trouble(entry, reason, now, detach: true);
        }
    }

    // Whoever tried the one before has not tried this one.
    private void OnReplaced(int anchor, Refusal reason, CacheTime now)
    {
        MoveAll(anchor, reason, now);
        _anchors.Reset(anchor);
        foreach (var entry in _entries.Values)
        {
            entry.Tried &= ~(1UL << anchor);
            entry.Doubters &= ~(1UL << anchor);
        }
    }

    private void OnTrouble(NameEntry entry, Refusal reason, CacheTime now) =>
        Trouble(entry, reason, now, detach: false);

    private void Trouble(NameEntry entry, Refusal? reason, CacheTime now, bool detach)
    {
        if (reason is not null)
        {
            Note(entry, reason);
        }

        entry.Tried |= 1UL << entry.Anchor;
        LeaveLine(entry);
        entry.HedgeAt = long.MaxValue;
        if (detach)
        {
            _anchors.Detach(entry);
        }

        if (_anchors.Next(entry.Tried, now.Monotonic) is not null)
        {
            Ask(entry, now);
        }
        else
        {
            // Whoever is asked next is the first in the order anyway.
            entry.Tried = 0;
            entry.ReturnAt = long.MaxValue;
            entry.RefreshAt = now.Monotonic + BackoffAfter(entry.Rounds++);
            EndRound(entry, now);
        }

        _due.Put(entry);
    }

    private static void Note(NameEntry entry, Refusal reason)
    {
        entry.Failure = reason;
        entry.IsDoubted |= !StaleRule.IsTransport(reason.Failure);

        // A fault of our own says nothing of the name: what ends by it in this process is kept for the next.
        entry.IsKeptInVain |= FailureKinds.Of(reason) is not (FailureKind.Transport or FailureKind.Own);
        if (FailureKinds.IsOfNameOrAsker(reason))
        {
            entry.Doubt = reason;
            entry.Doubters |= 1UL << entry.Anchor;
        }
        else
        {
            entry.Doubters &= ~(1UL << entry.Anchor);
        }
    }

    // Nobody answers well. Clients may hold what nothing that is held here vouches for any more: where a check failed
    // at all anchors they are told so, once. One of them may lie, or not know better, while the others are out of
    // reach; so it stays as it was told before, until none of them says it any more.
    private void EndRound(NameEntry entry, CacheTime now)
    {
        if (entry.IsKeptInVain)
        {
            entry.IsKeptInVain = false;
            _outputs.Add(new CacheOutput.Discard(entry.Name));
        }

        entry.Doubt = entry.Doubters == 0 ? null : entry.Doubt;
        var state = entry.State == NameState.Pending ? NameState.Unreachable : entry.StateAt(now.Monotonic);
        var refused = state != NameState.Unreachable || entry.Doubters == 0 ? null
            : BitOperations.PopCount(entry.Doubters) == _anchors.Count ? entry.Doubt
            : entry.Refused;
        var isNews = entry.State == state && FailureKinds.Differ(entry.Refused, refused);
        entry.Refused = refused;
        Turn(entry, state);
        if (isNews)
        {
            _outputs.Add(new CacheOutput.Changed(entry.View()));
        }
    }

    private void OnTick(CacheTime now)
    {
        while (_due.Take(now.Monotonic) is { } entry)
        {
            if (!_entries.TryGetValue(entry.Name, out var held) || held != entry)
            {
                continue;
            }

            // What is stale ends by its doubts only when no other anchor is left to ask.
            if (entry.State != NameState.Stale || entry.StaleUntil <= now.Monotonic)
            {
                Turn(entry, entry.StateAt(now.Monotonic));
            }

            if (entry.HedgeAt <= now.Monotonic)
            {
                Hedge(entry, now);
            }

            if (entry.AnswerDue <= now.Monotonic)
            {
                _anchors.Fail(entry.Anchor, now.Monotonic);
                OnTrouble(entry, Silent(entry), now);
            }
            else if (entry.RefreshAt <= now.Monotonic)
            {
                entry.IsRenewing = true;
                Renew(entry, now);
            }
            else if (entry.ReturnAt <= now.Monotonic)
            {
                Return(entry, now);
            }

            _due.Put(entry);
        }
    }

    private void Turn(NameEntry entry, NameState state)
    {
        if (entry.State != state)
        {
            entry.State = state;
            _outputs.Add(new CacheOutput.Changed(entry.View()));
        }
    }

    // Single flight: a name that is being asked for is not asked for again, it is moved on.
    private void Ask(NameEntry entry, CacheTime now)
    {
        var anchor = _anchors.Next(entry.Tried, now.Monotonic)
            ?? throw new InvalidOperationException("every anchor was tried, and the caller did not look");
        AskAt(entry, anchor, now);
        PlanReturn(entry, now);
    }

    // Where it is well served it is renewed; when to go back is a question of its own.
    private void Renew(NameEntry entry, CacheTime now)
    {
        if (entry.Rounds == 0 && entry.Anchor >= 0 && !_anchors.IsAvoided(entry.Anchor, now.Monotonic))
        {
            AskAt(entry, entry.Anchor, now);
        }
        else
        {
            Ask(entry, now);
        }
    }

    // After a try in vain it waits longer, so that a name which one anchor cannot serve does not go to and fro.
    private void PlanReturn(NameEntry entry, CacheTime now)
    {
        entry.ReturnAt = long.MaxValue;
        if (_anchors.BetterFrom(entry.Anchor) is { } from)
        {
            var most = Math.Max(_options.ReturnAfter, _options.ReturnAfterMax);
            var stay = Math.Min(most, _options.ReturnAfter << Math.Min(entry.Returns++, 8));
            entry.ReturnAt = Math.Max(now.Monotonic + stay, from) + _random.Next(_options.ReturnSpread);
        }
    }

    // A return is no renewal: what the better anchor says may well be what is held already.
    private void Return(NameEntry entry, CacheTime now)
    {
        entry.ReturnAt = now.Monotonic + _options.Backoff + _random.Next(_options.ReturnSpread);
        if (entry.IsAsking || _anchors.Next(0, now.Monotonic) is not { } better || better >= entry.Anchor)
        {
            entry.ReturnAt = Math.Max(entry.ReturnAt, _anchors.BetterFrom(entry.Anchor) ?? long.MaxValue);
        }
        else if (_anchors.Admits(better, entry) && !LineOf(entry).IsFull)
        {
            AskAt(entry, better, now);
            PlanReturn(entry, now);
        }
    }

    private void AskAt(NameEntry entry, int anchor, CacheTime now)
    {
        entry.RefreshAt = long.MaxValue;

        // A renewal has time; somebody waits for a name that is not served, also where others are before it.
        entry.HedgeAt = entry.IsLiving ? long.MaxValue : now.Monotonic + _latencies.Delay;
        if (!LineOf(entry).TryTake(entry))
        {
            return;
        }

        _anchors.Attach(entry, anchor);
        entry.AskedAt = now.Monotonic;
        entry.AnswerDue = now.Monotonic + _options.AskPatience;
        _outputs.Add(new CacheOutput.Ask(entry.Name, anchor));
    }

    // Up to half longer, at random, below the longest: what failed everywhere in one instant, for all names of all
    // sidecars, is not asked for again in one, and stays apart from then on.
    private long BackoffAfter(int rounds)
    {
        var pause = Math.Min(_options.BackoffMax, _options.Backoff << Math.Min(rounds, 5));
        return Math.Min(_options.BackoffMax, pause + _random.NextInt64((pause / 2) + 1));
    }

    private static Refusal Silent(NameEntry entry) =>
        new(VerificationFailure.Behind, entry.Name, "the anchor did not answer in time");
}
