using Fairlead.Naming;
using Fairlead.Naming.Traversal;

namespace Fairlead.Resolver;

/// <summary>
/// The verified cache: keeps every wanted name answered, decides when to ask which home anchor again, and says when a
/// name's state changes. A step function: time comes in as a value, nothing is done but the outputs. Not thread-safe.
/// </summary>
/// <remarks>
/// <code>
///  pending --accepted--> fresh | absent | denied --time over--> expired
///     \--every anchor failed--> unreachable          (any) --accepted--> fresh | absent | denied
/// </code>
/// Invariants: 1. a name is asked at one anchor at a time; 2. an answer is served no longer than its Ttl, counted on the
/// monotonic clock; 3. a failure never becomes a verdict: it changes which anchor is asked and when, and nothing served;
/// 4. memory is bounded by <see cref="NameCacheOptions.NamesMax"/>.
/// </remarks>
public sealed class NameCache
{
    private readonly NameCacheOptions _options;
    private readonly Random _random;
    private readonly AnchorChoice _anchors;
    private readonly Dictionary<string, NameEntry> _entries = new(StringComparer.Ordinal);

    /// <summary>An empty cache.</summary>
    /// <param name="options">Its bounds.</param>
    /// <param name="random">Spreads renewals; seeded by the caller.</param>
    /// <exception cref="ArgumentOutOfRangeException">There is no anchor, or more than a bit set of them holds.</exception>
    public NameCache(NameCacheOptions options, Random random)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentOutOfRangeException.ThrowIfLessThan(options.Anchors, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(options.Anchors, 64);
        _options = options;
        _random = random;
        _anchors = new AnchorChoice(options.Anchors);
    }

    /// <summary>The names held, in no order.</summary>
    public IEnumerable<CachedName> Names => _entries.Values.Select(entry => entry.View());

    /// <summary>One name, or null where it is not held.</summary>
    public CachedName? Find(string name) => _entries.TryGetValue(name, out var entry) ? entry.View() : null;

    /// <summary>When to give the next <see cref="CacheInput.Tick"/>, in monotonic milliseconds; null for never.</summary>
    public long? NextDue()
    {
        var due = long.MaxValue;
        foreach (var entry in _entries.Values)
        {
            due = Math.Min(due, entry.Due());
        }

        return due == long.MaxValue ? null : due;
    }

    /// <summary>Takes one input.</summary>
    /// <returns>What to do, in this order.</returns>
    public IReadOnlyList<CacheOutput> Step(CacheInput input, CacheTime now)
    {
        var outputs = new List<CacheOutput>();
        switch (input)
        {
            case CacheInput.Want want:
                OnWant(want.Name, now, outputs);
                break;
            case CacheInput.Forget forget when _entries.Remove(forget.Name):
                outputs.Add(new CacheOutput.Drop(forget.Name));
                break;
            case CacheInput.Accepted accepted when _entries.TryGetValue(accepted.Name, out var entry):
                OnAccepted(entry, accepted, now, outputs);
                break;
            case CacheInput.Refused refused when _entries.TryGetValue(refused.Name, out var entry):
                _anchors.Avoid(refused.Anchor, now.Monotonic + _options.Distrust);
                OnTrouble(entry, refused.Anchor, refused.Refusal, now, outputs);
                break;
            case CacheInput.Failed failed when _entries.TryGetValue(failed.Name, out var entry):
                _anchors.Avoid(failed.Anchor, now.Monotonic + _options.Backoff);
                OnTrouble(entry, failed.Anchor, failed.Reason, now, outputs);
                break;
            case CacheInput.Tick:
                OnTick(now, outputs);
                break;
            default:
                break; // A late word about a name that nobody wants any more.
        }

        return outputs;
    }

    private void OnWant(string name, CacheTime now, List<CacheOutput> outputs)
    {
        if (_entries.ContainsKey(name) || _entries.Count >= _options.NamesMax)
        {
            return;
        }

        var entry = new NameEntry(name);
        _entries.Add(name, entry);
        outputs.Add(new CacheOutput.Changed(entry.View()));
        Ask(entry, now, outputs);
    }

    private void OnAccepted(NameEntry entry, CacheInput.Accepted accepted, CacheTime now, List<CacheOutput> outputs)
    {
        if (accepted.Anchor != entry.Anchor)
        {
            return; // The subscription has moved on since; what it moved to will answer.
        }

        var answer = accepted.Answer;
        var (life, _) = answer.Ttl.At(now.Wall);
        if (life == 0)
        {
            OnTrouble(entry, accepted.Anchor, Withheld(answer), now, outputs);
            return;
        }

        if (entry.IsAsking && entry.Answer is { } held && IsFresh(entry) && answer.Ttl.EndsAt <= held.Ttl.EndsAt
            && SameContent(held, answer))
        {
            // Asked to renew, the anchor gave what was held already: it withholds, or lags. Another one may do better.
            OnTrouble(entry, accepted.Anchor, Withheld(answer), now, outputs);
            return;
        }

        _anchors.Restore(accepted.Anchor);
        var before = entry.View();
        entry.SealedSince = SealedSince(entry, answer);
        entry.Answer = answer;
        entry.State = answer.Outcome switch
        {
            Outcome.Record => NameState.Fresh,
            Outcome.Denied => NameState.Denied,
            _ => NameState.Absent,
        };
        entry.VerifiedAt = now.Monotonic;
        entry.ExpiresAt = now.Monotonic + life;
        entry.RefreshAt = now.Monotonic + RefreshAfter(life);
        entry.AnswerDue = long.MaxValue;
        entry.Tried = 0;
        entry.Rounds = 0;
        entry.Failure = null;
        if (before.State != entry.State || before.Answer is null || !ReferenceEquals(before.Answer, answer))
        {
            outputs.Add(new CacheOutput.Changed(entry.View()));
        }
    }

    private void OnTrouble(NameEntry entry, int anchor, Refusal reason, CacheTime now, List<CacheOutput> outputs)
    {
        if (anchor != entry.Anchor)
        {
            return; // The subscription has moved on since.
        }

        entry.Failure = reason;
        entry.Tried |= 1UL << anchor;
        entry.AnswerDue = long.MaxValue;
        if (_anchors.Next(entry.Tried, now.Monotonic) is not null)
        {
            Ask(entry, now, outputs);
            return;
        }

        entry.Tried = 0;
        entry.RefreshAt = now.Monotonic + BackoffAfter(entry.Rounds++);
        if (entry.State == NameState.Pending)
        {
            entry.State = NameState.Unreachable;
            outputs.Add(new CacheOutput.Changed(entry.View()));
        }
    }

    private void OnTick(CacheTime now, List<CacheOutput> outputs)
    {
        foreach (var entry in _entries.Values)
        {
            if (entry.State is NameState.Fresh or NameState.Stale or NameState.Absent or NameState.Denied
                && entry.ExpiresAt <= now.Monotonic)
            {
                entry.State = NameState.Expired;
                outputs.Add(new CacheOutput.Changed(entry.View()));
            }

            if (entry.AnswerDue <= now.Monotonic)
            {
                _anchors.Avoid(entry.Anchor, now.Monotonic + _options.Backoff);
                OnTrouble(entry, entry.Anchor, Silent(entry), now, outputs);
            }
            else if (entry.RefreshAt <= now.Monotonic)
            {
                Ask(entry, now, outputs);
            }
        }
    }

    // Single flight: a name that is being asked for is not asked for again, it is moved on.
    private void Ask(NameEntry entry, CacheTime now, List<CacheOutput> outputs)
    {
        var anchor = _anchors.Next(entry.Tried, now.Monotonic)
            ?? throw new InvalidOperationException("every anchor was tried, and the caller did not look");
        entry.Anchor = anchor;
        entry.RefreshAt = long.MaxValue;
        entry.AnswerDue = now.Monotonic + _options.AskPatience;
        outputs.Add(new CacheOutput.Ask(entry.Name, anchor));
    }

    // Within 50-80 % of the life; the anchor's own update comes at half of the expiry, and asking must not overtake it.
    private long RefreshAfter(long life) => (long)(life * (0.6 + (0.2 * _random.NextDouble())));

    private long BackoffAfter(int rounds) => Math.Min(_options.BackoffMax, _options.Backoff << Math.Min(rounds, 5));

    private static bool IsFresh(NameEntry entry) => entry.State is NameState.Fresh or NameState.Absent or NameState.Denied;

    private static bool SameContent(VerifiedAnswer a, VerifiedAnswer b) =>
        a.Outcome == b.Outcome && a.RecordDigest == b.RecordDigest;

    private static long SealedSince(NameEntry entry, VerifiedAnswer answer)
    {
        if (answer.RecordDigest is not { } record)
        {
            return 0;
        }

        return entry.Answer?.RecordDigest == record ? entry.SealedSince : answer.Target.Seal?.Issued ?? 0;
    }

    private static Refusal Withheld(VerifiedAnswer answer) =>
        new(VerificationFailure.Behind, answer.Name.Text, "the anchor renewed nothing");

    private static Refusal Silent(NameEntry entry) =>
        new(VerificationFailure.Behind, entry.Name, "the anchor did not answer in time");
}
