using Fairlead.Naming;
using Fairlead.Naming.Traversal;

namespace Fairlead.Resolver;

/// <summary>
/// The verified cache: keeps every wanted name answered, decides when to ask which home anchor again, and says when a
/// name's state changes. A step function: time comes in as a value, nothing is done but the outputs. Not thread-safe.
/// </summary>
/// <remarks>
/// <code>
///  pending --accepted--> fresh --time over--> stale --continuity over, or a check failed everywhere--> expired
///     |  \--accepted--> absent | denied --time over--> expired
///     \--every anchor failed--> unreachable          (any) --accepted--> fresh | absent | denied
/// </code>
/// Invariants: 1. a name is asked at one anchor at a time; 2. an answer is served no longer than its Ttl, and as stale
/// no longer than V58 allows, counted on the monotonic clock, a verdict for a second at least; 3. a failure never
/// becomes a verdict: it changes which anchor is asked and when, and nothing served, and only of what is not held it is
/// told that it was refused; 4. memory is bounded by <see
/// cref="NameCacheOptions.NamesMax"/> and <see cref="NameCacheOptions.BytesMax"/>: who was wanted the longest ago goes
/// first, of many that never had a record before others; 5. a step costs what it changes, not what is held; 6. a name
/// that had to leave an anchor goes back to the first in the order once that one is no longer avoided.
/// </remarks>
public sealed partial class NameCache
{
    // The name of the bound in the TTL formula (4.6).
    private const string RecordsEnd = "record_expires";

    private const long VerdictLifeMin = 1_000;

    private readonly NameCacheOptions _options;
    private readonly Random _random;
    private readonly AnchorChoice _anchors;
    private readonly DueQueue _due = new();
    private readonly Dictionary<string, NameEntry> _entries = new(StringComparer.Ordinal);
    private readonly Dictionary<Digest, SegmentState> _learned = [];
    private readonly AnswerLatencies _latencies;
    private readonly List<CacheOutput> _outputs = [];

    /// <summary>An empty cache.</summary>
    /// <param name="options">Its bounds.</param>
    /// <param name="random">Spreads renewals; seeded by the caller.</param>
    /// <exception cref="ArgumentOutOfRangeException">There is no anchor, or more than a bit set of them
    /// holds.</exception>
    public NameCache(NameCacheOptions options, Random random)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentOutOfRangeException.ThrowIfLessThan(options.Anchors, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(options.Anchors, NameCacheOptions.AnchorsMax);
        _options = options;
        _random = random;
        _leaving = new LeavingOrder(options.BareMax);
        _leavingForBytes = new LeavingOrder(options.BareMax);
        _anchors = new AnchorChoice(options);
        _anchors.Grow(options.Anchors);
        _latencies = new AnswerLatencies(options.HedgeMin, options.HedgeMax);
    }

    /// <summary>How long an anchor may be silent now before another one is asked beside it, in milliseconds.</summary>
    public long HedgeDelay => _latencies.Delay;

    /// <summary>The names held, in no order.</summary>
    public IEnumerable<CachedName> Names => _entries.Values.Select(entry => entry.View());

    /// <summary>How many names are held.</summary>
    public int Count => _entries.Count;

    internal DueQueue Due => _due;

    /// <summary>One name, or null where it is not held.</summary>
    public CachedName? Find(string name) => _entries.TryGetValue(name, out var entry) ? entry.View() : null;

    /// <summary>The index of the anchor that a name's subscription is at; null where there is none.</summary>
    public int? AnchorOf(string name) =>
        _entries.TryGetValue(name, out var entry) && entry.Anchor >= 0 ? entry.Anchor : null;

    /// <summary>When to give the next <see cref="CacheInput.Tick"/>, in monotonic milliseconds; null for
    /// never.</summary>
    public long? NextDue()
    {
        var due = _due.Next();
        return HasRoom && _turnedAway.Count > 0 ? Math.Min(due ?? long.MaxValue, _turnedAway.GetAt(0).Value) : due;
    }

    /// <summary>Takes one input.</summary>
    /// <returns>What to do, in this order.</returns>
    public IReadOnlyList<CacheOutput> Step(CacheInput input, CacheTime now)
    {
        _outputs.Clear();
        _now = now.Monotonic;
        switch (input)
        {
            case CacheInput.Want want:
                OnWant(want.Name, now);
                break;
            case CacheInput.Forget forget:
                OnForget(forget.Name);
                break;
            case CacheInput.Accepted accepted when At(accepted.Name, accepted.Anchor) is { } entry:
                OnAccepted(entry, accepted, now);
                break;
            case CacheInput.Refused refused when At(refused.Name, refused.Anchor) is { } entry:
                OnRefused(entry, refused.Refusal, now);
                break;
            case CacheInput.Failed failed when At(failed.Name, failed.Anchor) is { } entry:
                OnTrouble(entry, failed.Reason, now);
                break;
            case CacheInput.Hedged hedged:
                OnHedged(hedged, now);
                break;
            case CacheInput.Restored restored when _entries.GetValueOrDefault(restored.Name)?.Answer is null:
                OnRestored(restored, now);
                break;
            case CacheInput.Learned learned:
                OnLearned(learned.Segment, now);
                break;
            case CacheInput.Lost lost:
                _anchors.Fail(lost.Anchor, now.Monotonic);
                MoveAll(lost.Anchor, lost.Reason, now);
                break;
            case CacheInput.Anchors anchors:
                _anchors.Grow(Math.Min(anchors.Count, NameCacheOptions.AnchorsMax));
                break;
            case CacheInput.Replaced replaced:
                OnReplaced(replaced.Anchor, replaced.Reason, now);
                break;
            case CacheInput.Tick:
                OnTick(now);
                break;
            default:
                break; // A late word about a name that nobody wants any more, or that has moved on to another anchor.
        }

        AskAgain(now);
        AskNext(now);
        return [.. _outputs];
    }

    private NameEntry? At(string name, int anchor) =>
        _entries.TryGetValue(name, out var entry) && entry.Anchor == anchor ? entry : null;

    private void OnWant(string name, CacheTime now)
    {
        if (_entries.TryGetValue(name, out var held))
        {
            Touch(held);
            WantMembers(held, now);
            return;
        }

        var entry = new NameEntry(name);
        if (!Admit(entry))
        {
            Remember(name);
            _outputs.Add(new CacheOutput.Changed(TurnedAway(name, null).View()));
            return;
        }

        _outputs.Add(new CacheOutput.Changed(entry.View()));
        Ask(entry, now);
        _due.Put(entry);
    }

    private void OnForget(string name)
    {
        if (_entries.TryGetValue(name, out var entry))
        {
            Remove(entry);
        }

        // Also for one that was turned away: whoever heard of it forgets it.
        _turnedAway.Remove(name);
        _outputs.Add(new CacheOutput.Drop(name));
    }

    private void OnAccepted(NameEntry entry, CacheInput.Accepted accepted, CacheTime now)
    {
        var answer = accepted.Answer;
        var end = EndOf(answer, now);
        if (end.ExpiresAt <= now.Monotonic
            || (entry is { IsRenewing: true, IsAsking: true } && IsNoRenewal(entry, answer)))
        {
            // Asked to renew, the anchor gave what was held already: it withholds, or lags. Another one may do better.
            OnTrouble(entry, Withheld(answer), now);
            return;
        }

        _anchors.Praise(entry.Anchor, now.Monotonic);
        _latencies.Add(entry.IsAsking ? now.Monotonic - entry.AskedAt : null);
        LeaveLine(entry);
        entry.Tried = 0;
        entry.Rounds = 0;
        Serve(entry, answer, end, accepted.Bytes, now);
        PlanReturnAgain(entry, now);
        _due.Put(entry);
    }

    // A proof of absence or a denial ends what is held, however short a time it may be kept itself and however late it
    // comes. Below the floor it would be asked for all the time.
    private (long ExpiresAt, long EndsAt) EndOf(VerifiedAnswer answer, CacheTime now)
    {
        var left = answer.Ttl.At(now.Wall).Remaining;
        var life = StateOf(answer) == NameState.Fresh ? left : Math.Max(left, VerdictLifeMin);
        return StaleRule.EndOf(answer, now.Monotonic + life, now.Monotonic, _options.Notice);
    }

    private void Serve(
        NameEntry entry, VerifiedAnswer answer, (long ExpiresAt, long EndsAt) end, long bytes, CacheTime now)
    {
        var before = entry.View();
        Keep(entry, answer, end, now);
        if (!Charge(entry, bytes))
        {
            return;
        }

        if (before.State != entry.State || !ReferenceEquals(before.Answer, answer))
        {
            _outputs.Add(new CacheOutput.Changed(entry.View()));
        }
    }

    private void Keep(NameEntry entry, VerifiedAnswer answer, (long ExpiresAt, long EndsAt) end, CacheTime now)
    {
        entry.SealedSince = SealedSince(entry, answer);
        entry.Answer = answer;
        entry.LastRecord = answer.Record ?? entry.LastRecord;
        if (answer.Record is not null || answer.Set is not null)
        {
            Prove(entry);
        }

        entry.WasStrict = answer.Record is null ? entry.WasStrict : StaleRule.IsStrict(answer);
        entry.State = StateOf(answer);
        entry.VerifiedAt = now.Monotonic;
        (entry.ExpiresAt, entry.EndsAt) = end;
        entry.StaleUntil = entry.ExpiresAt + StaleRule.ContinuityOf(answer);
        entry.IsDoubted = false;
        entry.NeedsProof = false;
        entry.RefreshAt = now.Monotonic + RefreshAfter(end.ExpiresAt - now.Monotonic);
        entry.HedgeAt = long.MaxValue;
        (entry.Failure, entry.Doubt, entry.Refused) = (null, null, null);
        entry.Doubters = 0;
        entry.IsKeptInVain = false;
        entry.IsRenewing = false;
    }

    private void PlanReturnAgain(NameEntry entry, CacheTime now)
    {
        if (_anchors.BetterFrom(entry.Anchor) is null)
        {
            entry.Returns = 0;
        }
        else if (entry.ReturnAt == long.MaxValue)
        {
            PlanReturn(entry, now);
        }
    }

    private static NameState StateOf(VerifiedAnswer answer) => answer.Outcome switch
    {
        Outcome.Record or Outcome.Set => NameState.Fresh,
        Outcome.Denied => NameState.Denied,
        _ => NameState.Absent,
    };

    // What only its publisher can renew ends when it ends, whichever anchor shows it.
    private static bool IsNoRenewal(NameEntry entry, VerifiedAnswer answer) =>
        entry.Answer is { } held && entry.IsLiving && answer.Ttl.EndsAt <= held.Ttl.EndsAt
        && held.Outcome == answer.Outcome && held.RecordDigest == answer.RecordDigest
        && !IsUnderLaterEpoch(held, answer) && answer.Ttl.Bound.Name != RecordsEnd;

    // A proof under a newer epoch is what was asked for, even where its policy allows a shorter life.
    private static bool IsUnderLaterEpoch(VerifiedAnswer held, VerifiedAnswer answer) =>
        answer.Target.Epoch.Value.Number > held.Target.Epoch.Value.Number
        || answer.Hops[0].Epoch.Value.Number > held.Hops[0].Epoch.Value.Number;

    // Within 50-80 % of the life; the anchor's own update comes at half of the expiry, and asking must not overtake it.
    private long RefreshAfter(long life) => (long)(life * (0.6 + (0.2 * _random.NextDouble())));

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
}
