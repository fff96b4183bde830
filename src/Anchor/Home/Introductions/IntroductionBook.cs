using System.Collections.Immutable;
using Fairlead.Anchor.Serving;
using Fairlead.Naming;
using Fairlead.Naming.Traversal;
using Fairlead.Protocol;
using Microsoft.Extensions.Logging;

namespace Fairlead.Anchor.Home.Introductions;

/// <summary>
/// The ways to other segments, each walked once and then used until it ends (4.9, V57): renewed in the background when
/// its Attests say so, the own epoch changed or who signed it is excluded, and kept over a restart. A transport failure
/// or a refused hop leaves the old way valid to its age, a denial ends it (4.7); the next walk waits ever longer, for a
/// new own epoch at most, and who asks meanwhile hears why the last one failed (4.8). What nobody uses is forgotten: an
/// introduction when it was used for the last time before its age, and what leads nowhere in a minute. Bounded.
/// Thread-safe.
/// </summary>
internal sealed class IntroductionBook : IAsyncDisposable
{
    /// <summary>The most ways.</summary>
    internal const int WaysMax = RelayedNames.SegmentsMax;

    /// <summary>The most that are renewed at a time: those who introduce are asked by all of their homes.</summary>
    internal const int RenewedAtOnce = 16;

    /// <summary>How many walks that failed and are waited for are tried again in a second, all together.</summary>
    internal const int RetriedPerSecond = 32;

    /// <summary>For how long a way that leads nowhere is held for nobody.</summary>
    internal static readonly TimeSpan Unused = TimeSpan.FromSeconds(60);

    private static readonly TimeSpan Turn = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan RetryMin = TimeSpan.FromSeconds(1);

    // While somebody waits for a way, where few fail; and while one is held that is to be renewed.
    private static readonly TimeSpan RetryMax = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan RenewalMax = TimeSpan.FromSeconds(60);

    private readonly ServingContext _context;
    private readonly WayWalk _walk;
    private readonly WayRepeat _repeat;
    private readonly IntroductionKeeper _keeper;
    private readonly ILogger _log;
    private readonly Lock _gate = new();
    private readonly Dictionary<SegmentName, Entry> _entries = [];
    private readonly Dictionary<SegmentName, UnverifiedAnswer> _kept;
    private readonly CancellationTokenSource _stop = new();
    private readonly ITimer _turns;

    /// <param name="context">The anchor.</param>
    /// <param name="walk">Walks.</param>
    /// <param name="repeat">Walks where the hops are at hand.</param>
    /// <param name="file">Where ways are kept.</param>
    internal IntroductionBook(ServingContext context, WayWalk walk, WayRepeat repeat, IntroductionFile file)
    {
        _context = context;
        _walk = walk;
        _repeat = repeat;
        _log = context.Loggers.CreateLogger<IntroductionBook>();
        _keeper = new IntroductionKeeper(file, ToKeep, _log);
        _kept = file.Load(out var problem);
        if (problem is not null)
        {
            HomeLog.IntroductionsLost(_log, problem);
        }

        _turns = context.Time.CreateTimer(_ => OnTurn(), null, Turn, Turn);
    }

    /// <summary>Draws from 0 to 1, so that those whose walks failed together do not walk together again; else they wait
    /// for the whole pause. Called by one thread at a time.</summary>
    internal Func<double> Draw { get; init; } = static () => 1;

    /// <summary>Whether a way is to be replaced at once, though it holds: somebody on it is not believed any more. Must
    /// be quick and thread-safe.</summary>
    internal Func<Way, bool> IsDoubtful { get; init; } = static _ => false;

    /// <summary>The ways that are held, for the admin page.</summary>
    internal ImmutableArray<(SegmentName Target, Way Way)> All
    {
        get
        {
            lock (_gate)
            {
                return
                [
                    .. _entries.Where(entry => entry.Value.Way is not null)
                        .Select(entry => (entry.Key, entry.Value.Way!)).OrderBy(one => one.Key),
                ];
            }
        }
    }

    /// <summary>How many are walked now.</summary>
    internal int Walking
    {
        get
        {
            lock (_gate)
            {
                return _entries.Values.Count(static entry => !entry.Walking.IsCompleted);
            }
        }
    }

    /// <summary>The way that is in use now; null where none is held or it is over. Who asks uses it.</summary>
    internal Way? Current(SegmentName target)
    {
        lock (_gate)
        {
            if (!_entries.TryGetValue(target, out var entry))
            {
                return null;
            }

            entry.UsedAt = _context.Time.GetTimestamp();
            return entry.Way is { } way && !IsOver(way) ? way : null;
        }
    }

    /// <summary>The way in use, or one that is walked now; while the pause after a walk that failed lasts, why it
    /// did.</summary>
    /// <param name="target">The segment.</param>
    /// <param name="trace">The span that waits for it, as W3C's traceparent; null for none.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    internal async Task<(Way? Way, Refusal? Refusal)> FindAsync(
        SegmentName target, string? trace, CancellationToken cancellationToken)
    {
        if (Current(target) is { } held)
        {
            return (held, null);
        }

        return await Walk(target, isRenewal: false, trace).WaitAsync(cancellationToken).ConfigureAwait(false);
    }

    public async ValueTask DisposeAsync()
    {
        await _turns.DisposeAsync().ConfigureAwait(false);
        await _stop.CancelAsync().ConfigureAwait(false);
        List<Task> walking;
        lock (_gate)
        {
            walking = [.. _entries.Values.Select(entry => entry.Walking)];
        }

        await Task.WhenAll(walking).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _stop.Dispose();
    }

    private void OnTurn()
    {
        foreach (var target in Due())
        {
            _ = Walk(target, isRenewal: true, trace: null);
        }
    }

    // Those whose Attests are to be renewed, those that start from an epoch of ours that is not the newest, and those
    // that nobody would introduce so any more; what leads somewhere first, then what was not walked for longest:
    // neither what fails nor what wants to be renewed all the time keeps the others waiting. Never more at once than
    // those who are asked should hear of one home.
    private List<SegmentName> Due()
    {
        var now = _context.Now();
        var epoch = _context.Views.Current?.Epoch;
        lock (_gate)
        {
            Forget(entry => !IsHeld(entry));
            var free = RenewedAtOnce
                - _entries.Values.Count(entry => entry is { IsRenewal: true, Walking.IsCompleted: false });
            return
            [
                .. _entries.Where(entry => entry.Value is { Way: { } way, Walking.IsCompleted: true }
                    && !IsPausing(entry.Value, entry.Value.WalkedAt, RenewalMax) && IsUsed(entry.Value, Wanted(way))
                    && (way.RenewAt <= now || (epoch is not null && way.OwnEpoch != epoch.Digest) || IsDoubtful(way)))
                    .OrderByDescending(entry => entry.Value.Way!.Leads).ThenBy(entry => entry.Value.WalkedAt)
                    .Take(Math.Max(0, free)).Select(entry => entry.Key),
            ];
        }
    }

    private Task<(Way? Way, Refusal? Refusal)> Walk(SegmentName target, bool isRenewal, string? trace)
    {
        lock (_gate)
        {
            if (!_entries.TryGetValue(target, out var entry))
            {
                if (isRenewal || !MakeRoom())
                {
                    return Task.FromResult<(Way? Way, Refusal? Refusal)>((null, new Refusal(
                        VerificationFailure.RateLimited, target.Text, $"{WaysMax} ways are in use")));
                }

                entry = _entries[target] = new Entry();
            }

            if (!isRenewal)
            {
                entry.UsedAt = _context.Time.GetTimestamp();
            }

            if (entry.Walking.IsCompleted)
            {
                // Whoever waits asks again and again, and those who introduce are asked by all of their homes. What is
                // on the file can be looked at without them, and so its pauses do not grow with the crowd.
                var isPausing = IsPausing(entry, entry.WalkedAt, isRenewal ? RenewalMax : entry.PauseMax);
                if (isPausing && (!_kept.ContainsKey(target) || IsPausing(entry, entry.LookedAt, RetryMax)))
                {
                    return Task.FromResult<(Way? Way, Refusal? Refusal)>((null, entry.Refused));
                }

                entry.IsRenewal = isRenewal;
                entry.Walking = Task.Run(() => WalkAsync(target, entry, trace, mayAsk: !isPausing));
            }

            return entry.Walking;
        }
    }

    private async Task<(Way? Way, Refusal? Refusal)> WalkAsync(
        SegmentName target, Entry entry, string? trace, bool mayAsk)
    {
        if (_context.Views.Current is not { } view)
        {
            return (null, new Refusal(VerificationFailure.NotSealed, "home", "the own segment is not sealed"));
        }

        Way? way = null;
        Refusal? refusal;
        try
        {
            var kept = await RestoreAsync(view, target).ConfigureAwait(false);
            entry.LookedAt = _context.Elapsed();
            if (kept is null && !mayAsk)
            {
                return (null, entry.Refused);
            }

            (way, refusal) = kept is not null
                ? (kept, null)
                : await TracedAsync(view, target, entry.IsRenewal, trace).ConfigureAwait(false);
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            // As any other failure: it is tried again, ever more rarely.
            HomeLog.WalkFailed(_log, e, target.Text);
            refusal = Refusal.Unforeseen(target.Text, e);
        }

        await TakeAsync(view, target, entry, way, refusal).ConfigureAwait(false);
        lock (_gate)
        {
            way ??= entry.Way is { } old && !IsOver(old) ? old : null;
            return way is null ? (null, refusal) : (way, null);
        }
    }

    // What a restart must know, or must not know any more, is durable before it is used (V39).
    private async Task TakeAsync(SegmentView view, SegmentName target, Entry entry, Way? way, Refusal? refusal)
    {
        bool keeps, isEnded;
        lock (_gate)
        {
            // Only what is verified takes its place: while nobody can be asked it may hold the next time (I24).
            var hadKept = way is not null && _kept.Remove(target);
            var had = entry.Way;
            entry.Failures = way is not null ? 0 : entry.From == view.Epoch.Digest ? entry.Failures + 1 : 1;
            (entry.From, entry.Refused) = (view.Epoch.Digest, refusal);
            entry.WalkedAt = _context.Elapsed();
            var crowd = RetryMin * _entries.Values.Count(one => one is { Failures: > 0, Way: null }) / RetriedPerSecond;
            entry.PauseMax = crowd < RetryMax ? RetryMax : crowd < RenewalMax ? crowd : RenewalMax;
            entry.Drawn = way is null ? Draw() : 0;
            entry.Unwritten = way;

            // Also where the walk failed and taught of newer epochs all the same: floors may be raised to them (V30).
            var held = way ?? (had is not null && !IsOver(had) ? had : null);
            keeps = held is { Leads: true, Hops.IsEmpty: false } && (refusal is null || held.Epochs > entry.Epochs);
            isEnded = refusal is null && held is { Leads: false } && (hadKept || had is { Leads: true });
            entry.Epochs = keeps ? held!.Epochs : entry.Epochs;
        }

        if (keeps || isEnded)
        {
            await _keeper.SaveAsync().ConfigureAwait(false);
        }

        lock (_gate)
        {
            (entry.Way, entry.Unwritten) = (way ?? entry.Way, null);
        }
    }

    // Half of it is drawn. A new epoch may name another neighbour, or the same one elsewhere.
    private bool IsPausing(Entry entry, long since, TimeSpan most)
    {
        var pause = RetryMin * Math.Pow(2, Math.Min(entry.Failures, 7) - 1);
        return entry.Failures > 0 && entry.From == _context.Views.Current?.Epoch.Digest
            && since + ((pause < most ? pause : most).TotalMilliseconds * (1 + entry.Drawn) / 2)
                > _context.Elapsed();
    }

    private async Task<(Way? Way, Refusal? Refusal)> TracedAsync(
        SegmentView view, SegmentName target, bool isRenewal, string? trace)
    {
        using var span = ServingTracing.StartWalk(target, view, isRenewal, trace);
        var (way, refusal) = await _walk(view, target, _stop.Token).ConfigureAwait(false);
        if (refusal is not null)
        {
            Spans.End(span, refusal);
        }

        span?.SetTag("fairlead.outcome", way?.Result.ToString());
        return (way, refusal);
    }

    // At the first use after a restart; where the file's word does not hold, the way is walked, and where that fails as
    // well the word is kept: the own anchors may not have been there yet, or the clock was behind.
    private async Task<Way?> RestoreAsync(SegmentView view, SegmentName target)
    {
        UnverifiedAnswer? answer;
        lock (_gate)
        {
            if (!_kept.TryGetValue(target, out answer))
            {
                return null;
            }

            if (answer.Hops.Any(IsPast))
            {
                _kept.Remove(target);
                return null;
            }
        }

        try
        {
            var (way, refusal) = await _repeat(view, target, answer.Hops, _stop.Token).ConfigureAwait(false);
            if (way is not null && !IsOver(way))
            {
                return way;
            }

            HomeLog.NotIntroduced(
                _log, "the kept introduction", target.Text,
                refusal?.Failure ?? VerificationFailure.IntroductionExpired, refusal?.Detail ?? "its time is over");
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            HomeLog.WalkFailed(_log, e, target.Text);
        }

        return null;
    }

    // With what is not used before it is in the file.
    private (IEnumerable<(SegmentName Target, Way Way)> Ways, IEnumerable<KeyValuePair<SegmentName, UnverifiedAnswer>>
        Unused) ToKeep()
    {
        lock (_gate)
        {
            foreach (var (target, _) in _kept.Where(one => one.Value.Hops.Any(hop => IsPast(hop))))
            {
                _kept.Remove(target);
            }

            return (
                [
                    .. _entries.Select(one => (one.Key, Way: one.Value.Unwritten ?? one.Value.Way))
                        .Where(one => one.Way is not null).Select(one => (one.Key, one.Way!)),
                ],
                [.. _kept]);
        }
    }

    // What leads nowhere and is not used goes first, then introductions that nobody has used for longest. What is in
    // use stays: who asks for ever other segments takes no way from others.
    private bool MakeRoom()
    {
        if (_entries.Count >= WaysMax)
        {
            Forget(entry => !IsUsed(entry, Unused) && entry.Way is not { Leads: true });
        }

        if (_entries.Count >= WaysMax)
        {
            var oldest = _entries.Values.Where(entry => entry.Walking.IsCompleted && !IsUsed(entry, Unused))
                .OrderBy(entry => entry.UsedAt).Take(WaysMax / 16).ToHashSet();
            Forget(oldest.Contains);
        }

        return _entries.Count < WaysMax;
    }

    private void Forget(Func<Entry, bool> which)
    {
        foreach (var (target, entry) in _entries)
        {
            if (entry.Walking.IsCompleted && which(entry))
            {
                _entries.Remove(target);
            }
        }
    }

    private bool IsHeld(Entry entry) =>
        IsUsed(entry, Unused) || entry.Way is { Leads: true } way && !IsOver(way);

    private bool IsUsed(Entry entry, TimeSpan within) => _context.Time.GetElapsedTime(entry.UsedAt) <= within;

    // An introduction is there for whoever comes back while those who introduce are away (I24).
    private TimeSpan Wanted(Way way) => way.Leads
        ? TimeSpan.FromMilliseconds(_context.Views.Current?.Epoch.Value.Policy.IntroductionMaxAge ?? 0)
        : Unused;

    private bool IsPast(UnverifiedHop hop) => hop.Attests.Any(
        one => !Document.TryParse<Attest>(one.Payload, out var attest, out _)
            || attest.Value.Expires <= _context.Now());

    private bool IsOver(Way way) => way.Until
        <= _context.Now() + (_context.Views.Current?.Epoch.Value.Policy.ClockDelta ?? Limits.DefaultClockDelta);

    private sealed class Entry
    {
        internal Way? Way { get; set; }

        internal Way? Unwritten { get; set; }

        internal long UsedAt { get; set; }

        internal bool IsRenewal { get; set; }

        internal Task<(Way? Way, Refusal? Refusal)> Walking { get; set; } =
            Task.FromResult<(Way? Way, Refusal? Refusal)>((null, null));

        // By the clock that never goes back.
        internal long WalkedAt { get; set; }

        // When what the file says of it was looked at last; by the task that walks, and read when that is over.
        internal long LookedAt { get; set; }

        internal double Drawn { get; set; }

        internal TimeSpan PauseMax { get; set; }

        internal int Failures { get; set; }

        // What the last walk started from, and why it failed.
        internal Digest From { get; set; }

        internal Refusal? Refused { get; set; }

        internal int Epochs { get; set; }
    }
}
