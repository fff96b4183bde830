using System.Collections.Concurrent;
using System.Collections.Immutable;
using Fairlead.Naming;
using Fairlead.Resolver;
using Fairlead.Sidecar.Translation;
using Fairlead.Xds;

namespace Fairlead.Sidecar.Serving;

/// <summary>
/// The views of each kind of client, fed by the resolver; names that clients ask for are passed on to it, once however
/// many ask. Thread-safe.
/// </summary>
/// <remarks>
/// Of names that lead nowhere and are no imports the resolver keeps as many as were asked for last; of the others it is
/// remembered that they do, until somebody asks anew or their turn comes: some are looked up again each second, so that
/// one that was asked for before it existed is found. So a client that asks for whatever it is asked takes no room from
/// names that serve.
/// </remarks>
internal sealed partial class ServedViews : IViewProvider
{
    private const int NegativesMax = 1_000;
    private const int LookupsPerTurn = 10;
    private const int FeedsMax = 16;

    private static readonly TimeSpan Turn = TimeSpan.FromSeconds(1);

    // A client without a filter that waits has a stream whose first answer is due.
    private static readonly TimeSpan GrpcHold = XdsLimits.Default.FirstAnswer;

    private readonly Action<string, bool> _interest;
    private readonly Action<string> _renew;
    private readonly OnDemandOptions _onDemand;
    private readonly TimeProvider _time;
    private readonly Lock _gate = new();
    private readonly Dictionary<string, ServedName> _served = new(StringComparer.Ordinal);

    // Asked under the resolver's own lock: read without one of this class. What is wanted is written under it.
    private readonly ConcurrentDictionary<string, bool> _serving = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, int> _wanted = new(StringComparer.Ordinal);
    private readonly Queue<string> _negatives = new();
    private readonly HashSet<string> _watchedNegatives = new(StringComparer.Ordinal);

    // Which names the resolver was told that clients want no more, though they do; and which it holds no more.
    private readonly HashSet<string> _released = new(StringComparer.Ordinal);
    private readonly HashSet<string> _forgotten = new(StringComparer.Ordinal);

    // In which turn the released are looked up again, and which are, so that what clients were told holds meanwhile.
    private readonly Queue<string> _turn = new();
    private readonly HashSet<string> _inTurn = new(StringComparer.Ordinal);
    private readonly HashSet<string> _again = new(StringComparer.Ordinal);
    private ITimer? _timer;
    private bool _isTurning;
    private readonly Keeping? _keeping;
    private readonly HashSet<string> _unanswered;
    private volatile ImmutableHashSet<string> _used;
    private readonly ShapeFile? _shapes;
    private readonly ClientTls? _tls;
    private readonly TaskCompletionSource _settled = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly ViewFeed _envoy;
    private readonly TcpEnds _ends;

    // Of two words about one name the later one is told later; taken before all other locks.
    private readonly Lock _telling = new();
    private ImmutableDictionary<Audience, ViewFeed> _feeds = ImmutableDictionary<Audience, ViewFeed>.Empty;
    private IReadOnlySet<string> _imports;
    private bool _isPatienceOver;

    /// <summary>Views of the imports, and of what else was used, as they were known last.</summary>
    /// <param name="imports">The names that belong to "everything".</param>
    /// <param name="interest">Hears a name that clients want from now on or no longer.</param>
    /// <param name="shapes">What names looked like before a restart; null to remember nothing.</param>
    /// <param name="tls">What clients have for mutual TLS; null for nothing.</param>
    /// <param name="onDemand">How clusters are served on demand; null for the defaults.</param>
    /// <param name="renew">Hears a name that serves, and is not to leave for others; null for nobody.</param>
    /// <param name="time">The clock; null for the system's.</param>
    /// <param name="clock">The clock by which strict names end; null for the same.</param>
    /// <param name="isMet">Whether the home was met, so that names can be asked for.</param>
    internal ServedViews(
        IReadOnlySet<string> imports,
        Action<string, bool> interest,
        ShapeFile? shapes,
        ClientTls? tls = null,
        OnDemandOptions? onDemand = null,
        Action<string>? renew = null,
        TimeProvider? time = null,
        TimeProvider? clock = null,
        bool isMet = true)
    {
        _isMet = isMet;
        _imports = imports;
        _interest = interest;
        _renew = renew ?? (static _ => { });
        _onDemand = onDemand ?? new OnDemandOptions();
        _time = time ?? TimeProvider.System;
        _shapes = shapes;
        _tls = tls;
        Connections = new ConnectionCheck(MayGoOn, clock ?? _time);
        _ends = new TcpEnds(_onDemand.Clusters, _time, AreTold, SettleTcp);
        _unanswered = [.. imports];
        _used = [.. shapes?.Used ?? []];
        if (_onDemand.KeptFor is { } kept)
        {
            _keeping = new Keeping(kept, _time, Keep);
        }

        _envoy = FeedOf(_onDemand.Envoy);
        FeedOf(_onDemand.Grpc);
        foreach (var name in imports.Concat(_used))
        {
            Serve(Pending(name));
        }

        Settle();
    }

    /// <summary>The names that clients used last, before a restart or since, and may use again: to be resolved like
    /// imports. Of those that join while it runs the resolver hears.</summary>
    internal IReadOnlyCollection<string> Used => _used;

    /// <summary>Ends when every import has an answer or a reason why not; after the patience, when clients are told
    /// something.</summary>
    internal Task Settled => _settled.Task;

    /// <summary>The imports that have neither an answer nor a reason why not, ascending.</summary>
    internal IReadOnlyList<string> Unanswered
    {
        get
        {
            lock (_gate)
            {
                return [.. _unanswered.Order(StringComparer.Ordinal)];
            }
        }
    }

    /// <summary>Says whether connections of TCP to strict names may go on.</summary>
    internal ConnectionCheck Connections { get; }

    public ResourceView Open(ClientNode client, ResourceType? only) => Feed(client, only).View;

    /// <summary>What keeps the view of a client.</summary>
    internal ViewFeed Feed(ClientNode client, ResourceType? only)
    {
        var audience = _onDemand.AudienceOf(client, only);
        lock (_gate)
        {
            // Each place is a view of its own. A pod has one; who names many is told as if it had named none.
            return FeedOf(_feeds.ContainsKey(audience) || _feeds.Count < FeedsMax
                ? audience : _onDemand.AudienceAtHome(client, only));
        }
    }

    /// <summary>Whether a name serves clients here, so that no other may take its place.</summary>
    internal bool IsServing(string name) =>
        _serving.ContainsKey(name) && (_wanted.ContainsKey(name) || _used.Contains(name));

    /// <summary>Serves a name's new state.</summary>
    internal void Publish(CachedName name)
    {
        if (name.State != NameState.Unreachable)
        {
            Remember(name.Name);
        }

        Publish(ServedNameMapping.Map(name, _tls));
    }

    /// <summary>Serves what is known of a name.</summary>
    internal void Publish(ServedName served)
    {
        if (IsLeaving(served))
        {
            return;
        }

        if (IsImport(served.Name))
        {
            if (served is { IsPending: true, IsKnown: false })
            {
                served = Pending(served.Name);
            }
            else if (served is { IsPending: false, IsRefused: false })
            {
                _shapes?.Remember(served);
                Answer(served.Name);
            }
        }
        else if (served.Reason is null && (_used.Contains(served.Name) || IsWanted(served.Name)))
        {
            if (_shapes?.Remember(served) == true)
            {
                FollowUsed(_shapes.Used);
            }
        }
        else if (served is { IsPending: true, IsKnown: false } && _used.Contains(served.Name))
        {
            // Clients may hold its clusters since before a restart.
            served = Pending(served.Name);
        }

        if (served.IsPending && IsLookedUpAgain(served.Name))
        {
            return;
        }

        Serve(served);
        Weigh(served);
        Settle();
    }

    /// <summary>From now on clients are told of those imports of which something is known.</summary>
    internal void EndPatience()
    {
        lock (_gate)
        {
            _isPatienceOver = true;
        }

        foreach (var feed in Feeds())
        {
            feed.EndPatience();
        }

        Settle();
    }

    /// <summary>Takes a name out, where nobody asks for it any more.</summary>
    internal void Forget(string name)
    {
        lock (_telling)
        {
            Drop(name);
        }
    }

    private void Drop(string name)
    {
        lock (_gate)
        {
            if (_wanted.ContainsKey(name) || _used.Contains(name) || _leaving.ContainsKey(name))
            {
                _forgotten.Add(name);
                HearNothing(name);
                return; // Asked for again meanwhile, or remembered as one that leads nowhere.
            }

            if (!_imports.Contains(name))
            {
                _served.Remove(name);
                _serving.TryRemove(name, out _);
            }
        }

        foreach (var feed in Feeds())
        {
            feed.Remove(name);
        }
    }

    private void Keep(TimeSpan until)
    {
        foreach (var feed in Feeds().Where(feed => feed.IsForEnvoy))
        {
            feed.Keep(until);
        }
    }

    // What a client uses stays resolved and in the collection when the client goes: it comes back with its first
    // request, as an Envoy does that is started anew.
    private void FollowUsed(IReadOnlyList<string> now)
    {
        lock (_gate)
        {
            var before = _used;
            _used = [.. now];
            foreach (var name in now.Where(name => !before.Contains(name)))
            {
                _interest(name, true);
            }

            foreach (var name in before.Except(now))
            {
                _interest(name, false);
                ForgetSoon(name);
            }
        }

        foreach (var feed in Feeds())
        {
            feed.Use(_used);
        }
    }

    private ServedName Pending(string name) =>
        _shapes?.Pending(name, _tls ?? ClientTls.None) ?? ServedName.Without(name, Reasons.Pending, []);

    private void Remember(string name)
    {
        lock (_gate)
        {
            _forgotten.Remove(name);
        }
    }

    private bool IsWanted(string name)
    {
        lock (_gate)
        {
            return _wanted.ContainsKey(name);
        }
    }

    private void Serve(ServedName served)
    {
        lock (_telling)
        {
            ServedName? before;
            lock (_gate)
            {
                before = _served.GetValueOrDefault(served.Name);
            }

            // A verdict after a restart knows of no ports: what clients hold of them is emptied, never taken away.
            if (served is { Reason: not null, Ports.IsEmpty: true } && before is { Ports.IsEmpty: false })
            {
                served = served with { Ports = before.Ports };
            }

            Tell(_ends.Follow(before, served));
        }
    }

    private void Tell(ServedName served)
    {
        lock (_gate)
        {
            _served[served.Name] = served;
        }

        if (!served.IsPending)
        {
            _shapes?.Mark(served.Name, _ends.MarkOf(served));
        }

        if (served.Reason is null)
        {
            _serving[served.Name] = true;
        }
        else
        {
            _serving.TryRemove(served.Name, out _);
        }

        foreach (var feed in Feeds())
        {
            feed.Publish(served);
        }
    }

    private void ServeFirst(ServedName served)
    {
        lock (_gate)
        {
            _served.TryAdd(served.Name, served);
        }

        foreach (var feed in Feeds())
        {
            feed.PublishFirst(served);
        }
    }

    private IEnumerable<ViewFeed> Feeds()
    {
        lock (_gate)
        {
            return _feeds.Values;
        }
    }

    // A view is made when the first client of its kind comes. Its lock is taken under this one here alone, where nobody
    // else knows it yet.
    private ViewFeed FeedOf(Audience audience)
    {
        lock (_gate)
        {
            if (_feeds.TryGetValue(audience, out var feed))
            {
                return feed;
            }

            var isEnvoy = audience.Client == ClientKind.Envoy;
            feed = new ViewFeed(
                audience, Shown(), Count, isEnvoy ? _used : null, (isEnvoy ? _onDemand.Hold : GrpcHold, _time),
                isEnvoy ? _onDemand.AnswerHold : null);
            Begin(feed);
            if (isEnvoy && _keeping is { } keeping)
            {
                feed.Keep(keeping.Until);
            }

            foreach (var served in _served.Values)
            {
                feed.Publish(served);
            }

            if (_isPatienceOver)
            {
                feed.EndPatience();
            }

            _feeds = _feeds.Add(audience, feed);
            return feed;
        }
    }

    // A name that serves is kept before others; of those that lead nowhere the oldest is watched no more.
    private void Weigh(ServedName served)
    {
        if (IsServing(served.Name))
        {
            _renew(served.Name);
        }

        lock (_gate)
        {
            _again.Remove(served.Name);
            if (_released.Contains(served.Name))
            {
                // Another part of the sidecar asked: what serves is kept for clients too.
                if (served.Reason is null && _released.Remove(served.Name))
                {
                    _interest(served.Name, true);
                }

                return;
            }

            if (served.IsPending || served.Reason is null || !served.Ports.IsEmpty || _imports.Contains(served.Name)
                || !_wanted.ContainsKey(served.Name) || !_watchedNegatives.Add(served.Name))
            {
                return;
            }

            _negatives.Enqueue(served.Name);
            while (_negatives.Count > NegativesMax)
            {
                var oldest = _negatives.Dequeue();
                if (_watchedNegatives.Remove(oldest) && _wanted.ContainsKey(oldest)
                    && _served.GetValueOrDefault(oldest) is { Reason: not null, Ports.IsEmpty: true })
                {
                    _released.Add(oldest);
                    if (_inTurn.Add(oldest))
                    {
                        _turn.Enqueue(oldest);
                    }

                    _interest(oldest, false);
                }
            }

            StartTurn();
        }
    }

    private bool IsLookedUpAgain(string name)
    {
        lock (_gate)
        {
            return (_again.Contains(name) || _released.Contains(name))
                && _served.GetValueOrDefault(name) is { IsPending: false };
        }
    }

    private void StartTurn()
    {
        if (!_isTurning && _turn.Count > 0)
        {
            _isTurning = true;
            _timer ??= _time.CreateTimer(_ => LookUpAgain(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
            _timer.Change(Turn, Timeout.InfiniteTimeSpan);
        }
    }

    // Those that lead nowhere still push out others, whose turn comes in the end.
    private void LookUpAgain()
    {
        lock (_gate)
        {
            _isTurning = false;
            for (var left = LookupsPerTurn; left > 0 && _turn.TryDequeue(out var name);)
            {
                _inTurn.Remove(name);
                if (_released.Remove(name))
                {
                    left--;
                    _again.Add(name);
                    _interest(name, true);
                }
            }

            StartTurn();
        }
    }

    private void Answer(string name)
    {
        lock (_gate)
        {
            _unanswered.Remove(name);
        }
    }

    private void Settle()
    {
        lock (_gate)
        {
            if (_unanswered.Count > 0 && !(_isPatienceOver && _envoy.View.Current.Primed))
            {
                return;
            }
        }

        _settled.TrySetResult();
    }

    private void Count(string name, bool isWanted)
    {
        if (!FullName.TryParse(name, out var full, out _) || full.Service is null)
        {
            return;
        }

        lock (_gate)
        {
            var users = _wanted.GetValueOrDefault(name) + (isWanted ? 1 : -1);
            if (users > 0)
            {
                _wanted[name] = users;
            }
            else
            {
                _wanted.TryRemove(name, out _);
            }

            // Under the lock, so that the resolver hears of all views in one order. Whoever asks for a name that was
            // given up has it looked up again.
            var wasReleased = (users == 0 || isWanted) && _released.Remove(name);
            if (users == (isWanted ? 1 : 0) ? !wasReleased || isWanted : wasReleased)
            {
                _interest(name, isWanted);
            }

            if (users == 0)
            {
                _again.Remove(name);
            }
            else if (wasReleased)
            {
                _again.Add(name);
            }

            if (isWanted)
            {
                _shapes?.Use(name);
            }

            ForgetSoon(name);
        }
    }

    // No word of the resolver ends it any more. Not here: the view's lock is held.
    private void ForgetSoon(string name)
    {
        if (!_wanted.ContainsKey(name) && !_used.Contains(name) && _forgotten.Remove(name))
        {
            _ = Task.Run(() => Forget(name));
        }
    }
}
