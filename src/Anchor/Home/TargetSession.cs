using System.Collections.Concurrent;
using Fairlead.Anchor.Serving;
using Fairlead.Naming;
using Fairlead.Protocol;
using Fairlead.Resolver.Anchors;
using Fairlead.Rpc;
using Microsoft.Extensions.Logging;

namespace Fairlead.Anchor.Home;

/// <summary>
/// Everything that this anchor subscribes to in one target segment, over one stream to one of its anchors; on a
/// failure, a refusal or a missing update the next anchor takes over. Thread-safe; one task runs the stream.
/// </summary>
internal sealed class TargetSession : IAsyncDisposable
{
    private static readonly TimeSpan PauseMin = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan PauseMax = TimeSpan.FromSeconds(2);

    private readonly ServingContext _context;
    private readonly HomeVerifier _verifier;
    private readonly AttestBook _attests;
    private readonly GrantMint _grants;
    private readonly Digest _target;
    private readonly ILogger _log;
    private readonly ConcurrentDictionary<ulong, RelayedName> _names = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly Wakeup _wakeup;
    private readonly Task _running;
    private readonly EpochLog _epochs = new();
    private int _next;

    internal TargetSession(
        ServingContext context, HomeVerifier verifier, AttestBook attests, GrantMint grants, Digest target)
    {
        _context = context;
        _verifier = verifier;
        _attests = attests;
        _grants = grants;
        _target = target;
        _log = context.Loggers.CreateLogger<TargetSession>();
        _wakeup = new Wakeup(context.Time);
        _running = Task.Run(RunAsync);
    }

    /// <summary>Subscribes to a name.</summary>
    internal void Add(RelayedName name)
    {
        name.OnRefresh(_wakeup.Signal);
        _names[name.Id] = name;
        _wakeup.Signal();
    }

    /// <summary>Ends a subscription; the target hears of it when the stream is opened anew.</summary>
    internal void Remove(RelayedName name) => _names.TryRemove(name.Id, out _);

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync().ConfigureAwait(false);
        await _running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
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

            HomeLog.Moved(_log, _target, refusal.Failure, refusal.Detail);
            foreach (var name in _names.Values)
            {
                name.Fail(refusal);
            }

            pause = _context.Time.GetElapsedTime(started) > PauseMax ? PauseMin : Min(pause * 2, PauseMax);
            _next++;
            await Task.Delay(_next % 4 == 0 ? pause : PauseMin, _context.Time, _stop.Token)
                .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    // One stream to one anchor, until it fails; the result says why it did.
    private async Task<Refusal> OnceAsync()
    {
        if (_context.Views.Current is not { } view || Endpoints(view) is not { Count: > 0 } endpoints)
        {
            return new Refusal(
                VerificationFailure.NotSealed, "home", "the own segment is not sealed, or the Peer is gone");
        }

        var client = new AnchorClient(
            endpoints[_next % endpoints.Count], _context.Transport, _context.Time, _verifier.Chain(_target));
        await using (client.ConfigureAwait(false))
        {
            try
            {
                if (await MeetAsync(client, view).ConfigureAwait(false) is { } refusal)
                {
                    return refusal;
                }

                var stream =
                    new TargetStream(_context, _verifier, _attests, _grants, _target, client, _names, _wakeup, _epochs);
                return await stream.RunAsync(_stop.Token).ConfigureAwait(false);
            }
            catch (RpcException e)
            {
                return RpcFailures.Read(e)
                    ?? new Refusal(VerificationFailure.Behind, client.Endpoint.Text, e.Status.Detail);
            }
            catch (OperationCanceledException)
            {
                return new Refusal(VerificationFailure.Behind, client.Endpoint.Text, "stopped");
            }
        }
    }

    // First contact, and again whenever the chain may have grown (V63).
    private async Task<Refusal?> MeetAsync(AnchorClient client, SegmentView view)
    {
        var held = _verifier.Chain(_target);
        var floor = HomeAnswers.PeerOf(view, _target)?.Value.Floor;
        var delta = view.Epoch.Value.Policy.ClockDelta;
        var (fetched, refusal) = await ChainFetch.RunAsync(
            client, _target, held, null, floor, _context.Time, delta, _stop.Token).ConfigureAwait(false);
        if (fetched is null)
        {
            return refusal;
        }

        // A chain that a file remembered has no documents for consumers that know nothing: they are fetched from the
        // start.
        if (held is not null && _epochs.All.IsEmpty)
        {
            var (whole, failed) = await ChainFetch.RunAsync(
                client, _target, null, null, floor, _context.Time, delta, _stop.Token).ConfigureAwait(false);
            if (whole is null)
            {
                return failed;
            }

            if (whole.Segment.DigestOf(held.NewestNumber) != held.Newest.Digest)
            {
                return new Refusal(
                    VerificationFailure.EpochEquivocation, "epochs", $"epoch {held.NewestNumber} is another document");
            }

            fetched = fetched with { Epochs = whole.Epochs };
        }

        if (await _verifier.AdoptAsync(fetched.Segment).ConfigureAwait(false) is { } lost)
        {
            return lost;
        }

        _epochs.Add(fetched.Epochs);
        return null;
    }

    // The newest epoch knows best where its anchors are; before it is known, the Peer leaf does.
    private List<IpEndpoint> Endpoints(SegmentView view) =>
        _verifier.Chain(_target) is { } chain
            ? [.. chain.Newest.Value.Anchors.SelectMany(anchor => anchor.Endpoints)]
            : [.. HomeAnswers.PeerOf(view, _target)?.Value.Endpoints ?? []];

    private static TimeSpan Min(TimeSpan a, TimeSpan b) => a < b ? a : b;
}
