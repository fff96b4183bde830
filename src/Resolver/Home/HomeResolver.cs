using System.Collections.Immutable;
using System.Threading.Channels;
using Fairlead.Naming;
using Fairlead.Protocol;
using Fairlead.Protocol.V1;
using Google.Protobuf;
using Query = Fairlead.Naming.Query;

namespace Fairlead.Resolver.Home;

/// <summary>
/// Keeps names resolved through the home anchors: subscribes, verifies what comes, renews, moves to another anchor when one
/// fails or lies. One task owns the cache; everything public is thread-safe.
/// </summary>
public sealed class HomeResolver : IAsyncDisposable
{
    private const int TroublesKept = 200;
    private const int KnownMax = 64;
    private static readonly TimeSpan MeetPause = TimeSpan.FromSeconds(1);

    private readonly HomeResolverOptions _options;
    private readonly Naming.Digest _subject;
    private readonly Action<CachedName> _changed;
    private readonly NameCache _cache;
    private readonly Channel<ResolverEvent> _events = Channel.CreateUnbounded<ResolverEvent>(new UnboundedChannelOptions { SingleReader = true });
    private readonly CancellationTokenSource _stop = new();
    private readonly Dictionary<int, AnchorSession> _sessions = [];
    private readonly Dictionary<ulong, (string Name, Parsed<Query> Query, AnchorSession Session)> _open = [];
    private readonly Dictionary<string, ulong> _idOf = new(StringComparer.Ordinal);
    private readonly Lock _viewGate = new();
    private readonly Queue<AnchorTrouble> _troubles = new();
    private ImmutableArray<CachedName> _names = [];
    private ulong _nextId;
    private Task _running = Task.CompletedTask;

    /// <summary>A resolver that has not started.</summary>
    /// <param name="options">What it starts from.</param>
    /// <param name="subject">The pod as the home knows it.</param>
    /// <param name="changed">Called on the resolver's task when a name's state or answer is another one; must not block.</param>
    /// <exception cref="State.StateException">The state file cannot be used.</exception>
    public HomeResolver(HomeResolverOptions options, Naming.Subject subject, Action<CachedName> changed)
    {
        ArgumentNullException.ThrowIfNull(options);
        _options = options;
        _changed = changed;
        _subject = Hashes.Subject(options.Home.Genesis, subject);
        Memory = new VerifierMemory(options);
        _cache = new NameCache(new NameCacheOptions { Anchors = options.Anchors.Length, NamesMax = options.NamesMax }, options.Random);
    }

    /// <summary>What the verifier remembers.</summary>
    public VerifierMemory Memory { get; }

    /// <summary>All names held, as of now.</summary>
    public ImmutableArray<CachedName> Names
    {
        get
        {
            lock (_viewGate)
            {
                return _names;
            }
        }
    }

    /// <summary>The newest refusals and failures, oldest first.</summary>
    public ImmutableArray<AnchorTrouble> Troubles
    {
        get
        {
            lock (_viewGate)
            {
                return [.. _troubles];
            }
        }
    }

    /// <summary>Starts.</summary>
    public void Start() => _running = Task.Run(RunAsync);

    /// <summary>Keeps a name resolved from now on.</summary>
    public void Want(string name) => _events.Writer.TryWrite(new ResolverEvent.Interest(name, true));

    /// <summary>Gives a name up.</summary>
    public void Forget(string name) => _events.Writer.TryWrite(new ResolverEvent.Interest(name, false));

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync().ConfigureAwait(false);
        await _running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await Task.WhenAll(_sessions.Values.Select(session => session.DisposeAsync().AsTask())).ConfigureAwait(false);
        _stop.Dispose();
    }

    private async Task RunAsync()
    {
        await MeetHomeAsync().ConfigureAwait(false);
        while (!_stop.IsCancellationRequested)
        {
            await WaitAsync().ConfigureAwait(false);
            while (_events.Reader.TryRead(out var next))
            {
                Take(next);
            }

            Do(_cache.Step(CacheInput.Tick.Instance, Now()));
            lock (_viewGate)
            {
                _names = [.. _cache.Names];
            }
        }
    }

    // V41: who remembers no seal hears first from more than F anchors where the home stands.
    private async Task MeetHomeAsync()
    {
        while (Memory.State.HomeState?.Seal is null)
        {
            var refusal = await HomeMeeting.AskHeadsAsync(
                _options, Memory, (anchor, reason) => Note(anchor.Text, "", reason), _stop.Token).ConfigureAwait(false);
            if (refusal is null)
            {
                return;
            }

            Note("", "", refusal);
            await Task.Delay(MeetPause, _options.Time, _stop.Token).ConfigureAwait(false);
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
        if (left > TimeSpan.Zero)
        {
            await ((Task)reading).WaitAsync(left, _options.Time, _stop.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            _stop.Token.ThrowIfCancellationRequested();
        }
    }

    private void Take(ResolverEvent next)
    {
        switch (next)
        {
            case ResolverEvent.Interest interest:
                Do(_cache.Step(
                    interest.IsWanted ? new CacheInput.Want(interest.Name) : new CacheInput.Forget(interest.Name), Now()));
                break;
            case ResolverEvent.Heard heard:
                Take(heard.Session, heard.Response);
                break;
            case ResolverEvent.Broken broken:
                Break(broken.Session, broken.Reason);
                break;
            default:
                throw new InvalidOperationException($"nothing takes {next.GetType().Name}");
        }
    }

    private void Take(AnchorSession session, SubscribeResponse response)
    {
        switch (response.KindCase)
        {
            case SubscribeResponse.KindOneofCase.Update:
                foreach (var id in response.Update.Ids)
                {
                    if (_open.TryGetValue(id, out var open) && open.Session == session)
                    {
                        Verify(open.Name, open.Query, session, response.Update.Answer);
                    }
                }

                break;
            case SubscribeResponse.KindOneofCase.Failed when _open.TryGetValue(response.Failed.Id, out var open) && open.Session == session:
                var named = RpcFailures.TryParse(response.Failed.Failure, out var failure);
                var reason = new Refusal(named ? failure : VerificationFailure.BadEnvelope, session.Endpoint.Text, response.Failed.Detail);
                Note(session.Endpoint.Text, open.Name, reason);
                Do(_cache.Step(new CacheInput.Failed(open.Name, session.Index, reason), Now()));
                break;
            default:
                break; // About a subscription that has moved on.
        }
    }

    private void Verify(string name, Parsed<Query> query, AnchorSession session, Answer wire)
    {
        var now = Now();
        var read = WireReader.TryRead(wire, out var answer, out var refusal);
        var (verified, refused) = read ? Memory.Verify(query, answer!, now.Wall) : (null, refusal);
        if (verified is not null)
        {
            Do(_cache.Step(new CacheInput.Accepted(name, session.Index, verified), now));
            return;
        }

        Note(session.Endpoint.Text, name, refused!);
        Do(_cache.Step(new CacheInput.Refused(name, session.Index, refused!), now));
    }

    private void Break(AnchorSession session, Refusal reason)
    {
        if (_sessions.GetValueOrDefault(session.Index) != session)
        {
            return;
        }

        _sessions.Remove(session.Index);
        _ = session.DisposeAsync().AsTask();
        Note(session.Endpoint.Text, "", reason);
        foreach (var (id, open) in _open.Where(pair => pair.Value.Session == session).ToList())
        {
            _open.Remove(id);
            _idOf.Remove(open.Name);
            Do(_cache.Step(new CacheInput.Failed(open.Name, session.Index, reason), Now()));
        }
    }

    private void Do(IReadOnlyList<CacheOutput> outputs)
    {
        foreach (var output in outputs)
        {
            switch (output)
            {
                case CacheOutput.Ask ask:
                    Close(ask.Name);
                    Open(ask.Name, ask.Anchor);
                    break;
                case CacheOutput.Drop drop:
                    Close(drop.Name);
                    break;
                case CacheOutput.Changed changed:
                    _changed(changed.Name);
                    break;
                default:
                    throw new InvalidOperationException($"nothing does {output.GetType().Name}");
            }
        }
    }

    private void Open(string name, int anchor)
    {
        var query = Document.Make(new Query
        {
            Home = _options.Home.Genesis,
            Name = FullName.Parse(name),
            Subject = _subject,
        });
        if (!_sessions.TryGetValue(anchor, out var session))
        {
            _sessions[anchor] = session = new AnchorSession(anchor, _options, Memory, next => _events.Writer.TryWrite(next));
        }

        var request = new ResolveRequest { Query = UnsafeByteOperations.UnsafeWrap(query.Payload) };
        request.Known.AddRange(Memory.State.Segments.Values.Take(KnownMax).Select(WireWriter.ToKnown));
        var id = ++_nextId;
        _open[id] = (name, query, session);
        _idOf[name] = id;
        session.Send(new SubscribeRequest { Open = new Open { Id = id, Request = request } });
    }

    private void Close(string name)
    {
        if (_idOf.Remove(name, out var id) && _open.Remove(id, out var open))
        {
            open.Session.Send(new SubscribeRequest { Close = new Close { Id = id } });
        }
    }

    private void Note(string anchor, string name, Refusal refusal)
    {
        lock (_viewGate)
        {
            if (_troubles.Count == TroublesKept)
            {
                _troubles.Dequeue();
            }

            _troubles.Enqueue(new AnchorTrouble(_options.Time.GetUtcNow(), anchor, name, refusal));
        }
    }

    private CacheTime Now() => CacheTime.Now(_options.Time);
}
