using System.Collections.Concurrent;
using System.Collections.Immutable;
using Fairlead.Anchor.Home.Introductions;
using Fairlead.Anchor.Serving;
using Fairlead.Naming;
using Fairlead.Protocol;
using Fairlead.Resolver;
using Fairlead.Resolver.Anchors;
using Fairlead.Rpc;
using Microsoft.Extensions.Logging;

namespace Fairlead.Anchor.Home;

/// <summary>
/// Everything that this anchor subscribes to in one target segment, over one stream to one of its anchors; on a
/// failure, a refusal or a missing update the next anchor takes over. Each anchor of the own segment begins at another
/// one, as far as there are enough: not all meet the same one that is silent. Thread-safe; one task runs the stream.
/// </summary>
internal sealed class TargetSession : IAsyncDisposable
{
    private static readonly TimeSpan PauseMin = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan PauseMax = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan MeetPatience = TimeSpan.FromSeconds(15);

    private readonly ServingContext _context;
    private readonly HomeVerifier _verifier;
    private readonly AttestBook _attests;
    private readonly IntroductionBook _introductions;
    private readonly ChainBook _chains;
    private readonly SegmentName _target;
    private readonly ILogger _log;
    private readonly ConcurrentDictionary<ulong, RelayedName> _names = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly Wakeup _wakeup;
    private readonly Lock _starting = new();
    private readonly AnswerLatencies _latencies = new(HedgeTurns.DelayMin, HedgeTurns.DelayMax);
    private Task? _running;
    private IpEndpoint? _met;
    private bool _isLeft;
    private int _failed;

    internal TargetSession(
        ServingContext context,
        HomeVerifier verifier,
        AttestBook attests,
        IntroductionBook introductions,
        ChainBook chains,
        SegmentName target)
    {
        _context = context;
        _verifier = verifier;
        _attests = attests;
        _introductions = introductions;
        _chains = chains;
        _target = target;
        _log = context.Loggers.CreateLogger<TargetSession>();
        _wakeup = new Wakeup(context.Time);
    }

    /// <summary>Whether it subscribes to nothing.</summary>
    internal bool IsIdle => _names.IsEmpty;

    /// <summary>Subscribes to a name; the first one starts the session.</summary>
    internal void Add(RelayedName name)
    {
        name.OnRefresh(_wakeup.Signal);
        lock (_starting)
        {
            _names[name.Id] = name;
            _running ??= Task.Run(RunAsync);
        }

        _wakeup.Signal();
    }

    /// <summary>Ends a subscription.</summary>
    internal void Remove(RelayedName name)
    {
        if (_names.TryRemove(name.Id, out _))
        {
            _wakeup.Signal();
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync().ConfigureAwait(false);
        await (_running ?? Task.CompletedTask).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _stop.Dispose();
    }

    private async Task RunAsync()
    {
        var pause = PauseMin;
        while (!_stop.IsCancellationRequested)
        {
            var started = _context.Time.GetTimestamp();
            var refusal = await OnceAsync().ConfigureAwait(false);
            if (_stop.IsCancellationRequested)
            {
                return;
            }

            if (refusal is null)
            {
                continue;
            }

            HomeLog.Moved(_log, _target.Text, refusal.Failure, refusal.Detail);
            var isOfOne = SealedContent.IsOfOneName(refusal) && !refusal.IsUnforeseen;
            foreach (var name in isOfOne ? [] : _names.Values)
            {
                name.Fail(refusal);
            }

            // One that was there for long and is silent now costs no more than its silence did.
            (_isLeft, _failed) = (true, _failed + 1);
            if (_context.Time.GetElapsedTime(started) > PauseMax)
            {
                pause = PauseMin;
                continue;
            }

            pause = Min(pause * 2, PauseMax);
            await Task.Delay(_failed % 4 == 0 ? pause : PauseMin, _context.Time, _stop.Token)
                .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    // One stream to one anchor, until it fails; the result says why it did. Null where the way is only to be looked at
    // again.
    private async Task<Refusal?> OnceAsync()
    {
        try
        {
            var (way, lost) = await _introductions.FindAsync(_target, Trace(), _stop.Token).ConfigureAwait(false);
            if (way is null)
            {
                return lost;
            }

            if (!way.Leads)
            {
                HomeLog.WayEnded(_log, _target.Text, way.Target.Name.Text, way.Result.ToString());
                return await new EndedWay(_context, _verifier, _attests, _introductions, _target, _names, _wakeup)
                    .RunAsync(way, _stop.Token).ConfigureAwait(false);
            }

            return await StreamAsync(way).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            return new Refusal(VerificationFailure.Behind, _target.Text, "stopped");
        }
        catch (Exception e)
        {
            // Whatever one anchor or one way can bring about ends its own stream: the next one is asked.
            HomeLog.StreamFailed(_log, e, _target.Text);
            return Refusal.Unforeseen(_target.Text, e);
        }
    }

    // Of those who wait for the way, one.
    private string? Trace() => _names.Values.Select(name => name.Trace).FirstOrDefault(trace => trace is not null);

    private async Task<Refusal> StreamAsync(Way way)
    {
        if (_context.Views.Current is not { } view || Endpoints(way) is not { Length: > 0 } endpoints)
        {
            return new Refusal(
                VerificationFailure.NotSealed, "home", "the own segment is not sealed, or the target has no anchor");
        }

        var (client, refusal) = await MeetAsync(way, view, endpoints).ConfigureAwait(false);
        if (client is null)
        {
            return refusal!;
        }

        await using (client.ConfigureAwait(false))
        {
            try
            {
                var known = Endpoints(way);
                var at = known.IndexOf(client.Endpoint);
                var stream = new TargetStream(_context, _verifier, _attests, client, _names, _wakeup)
                {
                    Way = way,
                    CurrentWay = () => _introductions.Current(_target),
                    Epochs = _chains.LogOf(way.Target.Genesis),
                    Others = [.. known[(at + 1)..], .. known[..Math.Max(0, at)]],
                    Latencies = _latencies,
                };
                return await stream.RunAsync(_stop.Token).ConfigureAwait(false);
            }
            catch (RpcException e)
            {
                return RpcFailures.Read(e)
                    ?? new Refusal(VerificationFailure.Behind, client.Endpoint.Text, e.Status.Detail);
            }
        }
    }

    // The one in turn; where that is silent or fails, the first that is there.
    private async Task<(AnchorClient? Client, Refusal? Refusal)> MeetAsync(
        Way way, SegmentView view, ImmutableArray<IpEndpoint> endpoints)
    {
        var first = First(view, endpoints);
        var meetings = new Meetings<AnchorClient>(
            [.. endpoints[first..], .. endpoints[..first]],
            endpoints.Length,
            (place, token) => _chains.MeetAsync(
                place, way.Target.Genesis, way.Neighbour, way.Target.Floor, view, token),
            _context.Time,
            _stop.Token)
        {
            Delay = TimeSpan.FromMilliseconds(HedgeTurns.DelayMax),
        };
        await using (meetings.ConfigureAwait(false))
        {
            Refusal? last = null;
            while (await meetings.NextAsync(MeetPatience).ConfigureAwait(false) is { } met)
            {
                if (met.There is { } client)
                {
                    (_met, _isLeft) = (met.Place, false);
                    return (client, null);
                }

                last = met.Refusal;
            }

            return (null, last ?? new Refusal(VerificationFailure.Behind, _target.Text, "none of its anchors is up"));
        }
    }

    // By place: the list is another one once the chain is known.
    private int First(SegmentView view, ImmutableArray<IpEndpoint> endpoints) => (_met is null
        ? PlaceOf(view, _context.TransportKid)
        : Math.Max(0, endpoints.IndexOf(_met) + (_isLeft ? 1 : 0))) % endpoints.Length;

    /// <summary>Where an anchor stands among those of its segment; 0 where it is none of them.</summary>
    internal static int PlaceOf(SegmentView view, Digest transport) =>
        Math.Max(0, view.Epoch.Value.Anchors.ToList().FindIndex(anchor => anchor.Tls.Kid == transport));

    // The newest epoch knows best where its anchors are; before it is known, what names the target does. One place of
    // each anchor comes before the second of any: whoever is asked next is another one.
    private ImmutableArray<IpEndpoint> Endpoints(Way way) => _verifier.Chain(way.Target.Genesis) is { } chain
        ? [
            .. chain.Newest.Value.Anchors.SelectMany(anchor => anchor.Endpoints.Select((place, i) => (place, i)))
                .OrderBy(one => one.i).Select(one => one.place),
        ]
        : way.Target.Endpoints;

    private static TimeSpan Min(TimeSpan a, TimeSpan b) => a < b ? a : b;
}
