using System.Collections.Immutable;
using Fairlead.Anchor.Serving;
using Fairlead.Naming;
using Fairlead.Naming.Traversal;
using Fairlead.Resolver.State;
using Microsoft.Extensions.Logging;

namespace Fairlead.Anchor.Home.Introductions;

/// <summary>
/// The ways to other segments, each walked once and then used until it ends (4.9, V57): renewed in the background when
/// its Attests say so or the own epoch changed, kept over a restart. A transport failure or a refused hop leaves the
/// old way valid to its age, a denial ends it (4.7). Thread-safe.
/// </summary>
internal sealed class IntroductionBook : IAsyncDisposable
{
    private const int WaysMax = 1024;
    private static readonly TimeSpan Turn = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan IdleTurn = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan RetryMin = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan RetryMax = TimeSpan.FromSeconds(60);

    private readonly ServingContext _context;
    private readonly Introducing _introducing;
    private readonly IntroductionFile _file;
    private readonly ILogger _log;
    private readonly Lock _gate = new();
    private readonly Lock _saving = new();
    private readonly Dictionary<SegmentName, Entry> _entries = [];
    private readonly Dictionary<SegmentName, UnverifiedAnswer> _kept;
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _running;

    /// <param name="context">The anchor.</param>
    /// <param name="introducing">Walks.</param>
    /// <param name="file">Where ways are kept.</param>
    internal IntroductionBook(ServingContext context, Introducing introducing, IntroductionFile file)
    {
        _context = context;
        _introducing = introducing;
        _file = file;
        _log = context.Loggers.CreateLogger<IntroductionBook>();
        _kept = file.Load(out var problem);
        if (problem is not null)
        {
            HomeLog.IntroductionsLost(_log, problem);
        }

        _running = Task.Run(RunAsync);
    }

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

    /// <summary>The way that is in use now; null where none is held or it is over.</summary>
    internal Way? Current(SegmentName target)
    {
        lock (_gate)
        {
            return _entries.GetValueOrDefault(target)?.Way is { } way && !IsOver(way) ? way : null;
        }
    }

    /// <summary>The way in use, or one that is walked now.</summary>
    internal async Task<(Way? Way, Refusal? Refusal)> FindAsync(SegmentName target, CancellationToken cancellationToken)
    {
        if (Current(target) is { } held)
        {
            return (held, null);
        }

        return await Walk(target).WaitAsync(cancellationToken).ConfigureAwait(false);
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync().ConfigureAwait(false);
        await _running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        List<Task> walking;
        lock (_gate)
        {
            walking = [.. _entries.Values.Select(entry => entry.Walking)];
        }

        await Task.WhenAll(walking).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _stop.Dispose();
    }

    private async Task RunAsync()
    {
        while (!_stop.IsCancellationRequested)
        {
            foreach (var target in Due())
            {
                _ = Walk(target);
            }

            await Task.Delay(All.IsEmpty ? IdleTurn : Turn, _context.Time, _stop.Token)
                .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    // Those whose Attests are to be renewed, and those that start from an epoch of ours that is not the newest.
    private List<SegmentName> Due()
    {
        var now = _context.Now();
        var epoch = _context.Views.Current?.Epoch.Digest;
        lock (_gate)
        {
            return
            [
                .. _entries.Where(entry => entry.Value is { Way: { } way, Walking.IsCompleted: true }
                    && entry.Value.RetryAt <= now
                    && (way.RenewAt <= now || (epoch is not null && way.OwnEpoch != epoch)))
                    .Select(entry => entry.Key),
            ];
        }
    }

    private Task<(Way? Way, Refusal? Refusal)> Walk(SegmentName target)
    {
        lock (_gate)
        {
            if (!_entries.TryGetValue(target, out var entry))
            {
                MakeRoom();
                entry = _entries[target] = new Entry();
            }

            if (entry.Walking.IsCompleted)
            {
                entry.Walking = Task.Run(() => WalkAsync(target, entry));
            }

            return entry.Walking;
        }
    }

    private async Task<(Way? Way, Refusal? Refusal)> WalkAsync(SegmentName target, Entry entry)
    {
        if (_context.Views.Current is not { } view)
        {
            return (null, new Refusal(VerificationFailure.NotSealed, "home", "the own segment is not sealed"));
        }

        var (way, refusal) = await RestoreAsync(view, target).ConfigureAwait(false) is { } kept
            ? (kept, null)
            : await _introducing.WalkAsync(view, target, _stop.Token).ConfigureAwait(false);
        bool keeps;
        lock (_gate)
        {
            entry.Failures = way is null ? entry.Failures + 1 : 0;
            var pause = RetryMin * Math.Pow(2, Math.Min(entry.Failures, 6));
            entry.RetryAt = way is null
                ? _context.Now() + (long)Math.Min(pause.TotalMilliseconds, RetryMax.TotalMilliseconds)
                : 0;
            entry.Way = way ?? entry.Way;
            way ??= entry.Way is { } old && !IsOver(old) ? old : null;

            // Also where the walk failed and taught of newer epochs all the same: floors may be raised to them (V30).
            keeps = way is { Leads: true, Hops.IsEmpty: false } && (refusal is null || way.Epochs > entry.Epochs);
            entry.Epochs = keeps ? way!.Epochs : entry.Epochs;
        }

        if (keeps)
        {
            Save();
        }

        return way is null ? (null, refusal) : (way, null);
    }

    // Once, at the first use after a restart; where the file's word does not hold, the way is walked.
    private async Task<Way?> RestoreAsync(SegmentView view, SegmentName target)
    {
        UnverifiedAnswer? answer;
        lock (_gate)
        {
            if (!_kept.Remove(target, out answer))
            {
                return null;
            }
        }

        var (way, refusal) = await _introducing.RepeatAsync(
            view, target, answer.Hops, _stop.Token).ConfigureAwait(false);
        if (way is not null && !IsOver(way))
        {
            return way;
        }

        HomeLog.NotIntroduced(
            _log, "the kept introduction", target.Text,
            refusal?.Failure ?? VerificationFailure.IntroductionExpired, refusal?.Detail ?? "its time is over");
        return null;
    }

    private void Save()
    {
        lock (_saving)
        {
            try
            {
                _file.Save(All, Unused());
            }
            catch (StateException e)
            {
                HomeLog.IntroductionsLost(_log, e.Message);
            }
        }
    }

    private List<KeyValuePair<SegmentName, UnverifiedAnswer>> Unused()
    {
        lock (_gate)
        {
            return [.. _kept];
        }
    }

    private void MakeRoom()
    {
        if (_entries.Count >= WaysMax)
        {
            foreach (var idle in _entries.Where(entry => entry.Value.Walking.IsCompleted
                && (entry.Value.Way is not { } way || IsOver(way))).Select(entry => entry.Key).ToList())
            {
                _entries.Remove(idle);
            }
        }
    }

    private bool IsOver(Way way) => way.Until
        <= _context.Now() + (_context.Views.Current?.Epoch.Value.Policy.ClockDelta ?? Limits.DefaultClockDelta);

    private sealed class Entry
    {
        internal Way? Way { get; set; }

        internal Task<(Way? Way, Refusal? Refusal)> Walking { get; set; } =
            Task.FromResult<(Way? Way, Refusal? Refusal)>((null, null));

        internal long RetryAt { get; set; }

        internal int Failures { get; set; }

        internal int Epochs { get; set; }
    }
}
