using System.Collections.Immutable;
using System.Threading.Channels;
using Fairlead.Naming;
using Fairlead.Resolver.State;

namespace Fairlead.Resolver.Home;

/// <summary>
/// Keeps names resolved through the home anchors: subscribes, verifies what comes, renews, moves to another anchor when
/// one fails or lies, and back. One task owns the cache and the streams; everything public is thread-safe.
/// </summary>
public sealed partial class HomeResolver : IAsyncDisposable
{
    private static readonly TimeSpan MeetPauseMin = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan MeetPauseMax = TimeSpan.FromSeconds(5);

    private readonly HomeResolverOptions _options;
    private readonly NameObserver _observer;
    private readonly Naming.Digest _subject;
    private readonly NameCache _cache;
    private readonly Lock _cacheGate = new();
    private readonly Channel<ResolverEvent> _events =
        Channel.CreateUnbounded<ResolverEvent>(new UnboundedChannelOptions { SingleReader = true });

    private readonly CancellationTokenSource _stop = new();
    private readonly Dictionary<int, AnchorSession> _sessions = [];
    private readonly Dictionary<string, (ulong Id, AnchorSession Session)> _openOf = new(StringComparer.Ordinal);
    private readonly SortedSet<string> _early = new(StringComparer.Ordinal);

    // The same in the order in which they were wanted before the home was met. Those that were wanted since, or once
    // more, come before them, the newest first: somebody waits for it now. Some of them are in both.
    private readonly Queue<string> _turns = new();
    private readonly Stack<string> _firstTurns = new();
    private readonly List<Task> _leaving = [];
    private readonly LagBook _lags = new();
    private ImmutableArray<IpEndpoint> _anchors;
    private Naming.Digest? _heldTo;
    private readonly TaskCompletionSource _met = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private ulong _nextId;
    private Task _running = Task.CompletedTask;

    /// <summary>A resolver that has not started.</summary>
    /// <param name="options">What it starts from.</param>
    /// <param name="subject">The pod as the home knows it.</param>
    /// <param name="observer">Hears of names and troubles.</param>
    /// <exception cref="State.StateException">The state file cannot be used.</exception>
    public HomeResolver(HomeResolverOptions options, Naming.Subject subject, NameObserver observer)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(observer);
        _options = options;
        _observer = observer;
        _subject = Hashes.Subject(options.Home.Genesis, subject);
        _anchors = options.Anchors;
        Memory = new VerifierMemory(options.Home, options.Pins, NodeOf(options), options.Verifier, options.StateFile);
        Memory.Proven += evidence => Post(new ResolverEvent.Proven(evidence));
        Troubles = new TroubleLog(options.Time, observer.Troubled);
        _cache = new NameCache(
            new NameCacheOptions
            {
                Anchors = options.Anchors.Length,
                NamesMax = options.NamesMax,
                BytesMax = options.BytesMax,
                IsKept = options.IsKept,
                IsKeptPart = options.IsKeptPart,
                AskPatience = (long)options.AskPatience.TotalMilliseconds,
                HedgeMax = (long)options.HedgeMax.TotalMilliseconds,
                ReturnAfter = (long)options.ReturnAfter.TotalMilliseconds,
            },
            options.Random);
    }

    /// <summary>What the verifier remembers.</summary>
    public VerifierMemory Memory { get; }

    /// <summary>What anchors were refused and failed for.</summary>
    public TroubleLog Troubles { get; }

    /// <summary>Ends when the home was met: its chain is verified and a seal of it is known (V41).</summary>
    public Task HomeMet => _met.Task;

    /// <summary>
    /// Ends when the resolver does: cancelled when it was told to, faulted when something broke that nothing mends,
    /// such as a <see cref="ForeignHomeException"/>. Its owner must not go on without it.
    /// </summary>
    public Task Completion => _running;

    /// <summary>All names held, as of now.</summary>
    public ImmutableArray<CachedName> Names
    {
        get
        {
            lock (_cacheGate)
            {
                return [.. _cache.Names, .. _early.Select(Early)];
            }
        }
    }

    /// <summary>How many bytes of answers are held.</summary>
    public long Bytes
    {
        get
        {
            lock (_cacheGate)
            {
                return _cache.Bytes;
            }
        }
    }

    /// <summary>The anchor that a name's subscription is at; null where there is none.</summary>
    public string? AnchorOf(string name)
    {
        lock (_cacheGate)
        {
            return _cache.AnchorOf(name) is { } index ? _anchors[index].Text : null;
        }
    }

    /// <summary>Starts.</summary>
    public void Start()
    {
        if (_options.AnswerFolder is { } folder)
        {
            _answers = new AnswerFolder(folder, _options.Time, _options.NamesMax, OnCorrupt);
        }

        _running = Task.Run(RunAsync);
    }

    /// <summary>Keeps a name resolved from now on.</summary>
    public void Want(string name) => Post(new ResolverEvent.Interest(name, true));

    /// <summary>Gives a name up; the observer hears when it is forgotten.</summary>
    public void Forget(string name) => Post(new ResolverEvent.Interest(name, false));

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync().ConfigureAwait(false);
        await _running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await Task.WhenAll(_sessions.Values.Select(session => session.DisposeAsync().AsTask())).ConfigureAwait(false);
        LeaveHedgeClients();
        await Task.WhenAll(_leaving).ConfigureAwait(false);
        if (_answers is { } answers)
        {
            await answers.DisposeAsync().ConfigureAwait(false);
        }

        _stop.Dispose();
    }

    private async Task RunAsync()
    {
        var meeting = MeetHomeAsync();
        try
        {
            while (true)
            {
                await WaitAsync().ConfigureAwait(false);
                _stop.Token.ThrowIfCancellationRequested();
                TakeAll();
                Step(CacheInput.Tick.Instance);
                RestoreSome();
                HoldToEpoch();
                Learn();
            }
        }
        finally
        {
            await _stop.CancelAsync().ConfigureAwait(false);
            await meeting.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    // V41: who remembers no seal, or not the newest, hears first from more than F anchors where the home stands.
    private async Task MeetHomeAsync()
    {
        try
        {
            await MeetHomeUntilMetAsync().ConfigureAwait(false);
            Post(new ResolverEvent.HomeMet());
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            Post(new ResolverEvent.HomeUnusable(e));
        }
    }

    private async Task MeetHomeUntilMetAsync()
    {
        var pause = MeetPauseMin;
        if (Memory.Lost is { } lost)
        {
            Troubles.Note("", "", new Refusal(VerificationFailure.StateNotDurable, "state", lost.Message));
        }

        while (Memory.NeedsHeads)
        {
            // Whoever was met in the round before told where the others are.
            var clients = HomeEndpoints.Of(_options.Anchors, Memory.State.HomeState)
                .Select(anchor => _options.Connect(anchor, _options.Proof?.Current, Memory.State.HomeState))
                .ToList();
            var result = await HomeMeeting.AskHeadsAsync(
                clients, Memory, _options.FillRandom, _options.MeetPatience, _options.Time, _stop.Token)
                .ConfigureAwait(false);
            foreach (var client in clients)
            {
                await client.DisposeAsync().ConfigureAwait(false);
            }

            if (result.Refusal is not { } refusal)
            {
                return;
            }

            foreach (var failure in result.Failures)
            {
                Troubles.Note(failure.Anchor.Text, "", failure.Refusal);
            }

            if (result.IsForeign(_options.Anchors))
            {
                throw new ForeignHomeException(result.Failures[0].Refusal.ToString());
            }

            Troubles.Note("", "", refusal);
            await Task.Delay(pause, _options.Time, _stop.Token).ConfigureAwait(false);
            pause = pause * 2 < MeetPauseMax ? pause * 2 : MeetPauseMax;
        }
    }

    private async Task WaitAsync()
    {
        var reading = _events.Reader.WaitToReadAsync(_stop.Token).AsTask();
        if (_cache.NextDue() is not { } due)
        {
            await reading.ConfigureAwait(false);
            return;
        }

        var left = TimeSpan.FromMilliseconds(Math.Max(0, due - Now().Monotonic));
        if (left > TimeSpan.Zero && !reading.IsCompleted)
        {
            await ((Task)reading).WaitAsync(left, _options.Time, _stop.Token)
                .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private void Step(CacheInput input)
    {
        IReadOnlyList<CacheOutput> outputs;
        lock (_cacheGate)
        {
            outputs = _cache.Step(input, Now());
        }

        foreach (var output in outputs)
        {
            switch (output)
            {
                case CacheOutput.Ask ask:
                    Close(ask.Name);
                    Open(ask.Name, ask.Anchor);
                    break;
                case CacheOutput.Leave leave:
                    Leave(leave.Anchor);
                    break;
                case CacheOutput.Evict evict:
                    Close(evict.Name);
                    break;
                case CacheOutput.Hedge hedge:
                    Hedge(hedge.Name, hedge.Anchor);
                    break;
                case CacheOutput.Discard discard:
                    _answers?.Drop(discard.Name);
                    break;
                case CacheOutput.Drop drop:
                    Close(drop.Name);
                    _answers?.Drop(drop.Name);
                    _observer.Forgotten(drop.Name);
                    break;
                case CacheOutput.Changed changed:
                    if (!changed.Name.IsServed && changed.Name.Answer is not null)
                    {
                        _answers?.Drop(changed.Name.Name);
                    }

                    _observer.Changed(changed.Name);
                    break;
                default:
                    throw new InvalidOperationException($"nothing does {output.GetType().Name}");
            }
        }
    }

    private static CachedName Early(string name) => new(name, NameState.Pending, null, 0, 0, 0, null);

    private static PublicKey NodeOf(HomeResolverOptions options) =>
        PublicKey.TryFromPoint(options.Identity.PublicKey, out var key, out var bad)
            ? key
            : throw new ArgumentException(bad.ToString(), nameof(options));

    private void Post(ResolverEvent next) => _events.Writer.TryWrite(next);

    private CacheTime Now() => CacheTime.Now(_options.Time);
}
