using System.Collections.Immutable;
using Fairlead.Anchor.Home.Introductions;
using Fairlead.Anchor.Serving;
using Fairlead.Naming;
using Fairlead.Protocol;
using Fairlead.Resolver;
using Fairlead.Resolver.Anchors;
using Fairlead.Resolver.Asking;
using Fairlead.Resolver.Home;
using Fairlead.Rpc;

namespace Fairlead.Anchor.Home;

/// <summary>
/// Asks other anchors of a target beside a stream to one that is silent, while somebody waits (4.9): one question for
/// one answer, which is checked as the stream's are. A name stays the stream's. Used by one task, which disposes it;
/// what it starts runs beside that.
/// </summary>
/// <param name="context">The anchor.</param>
/// <param name="verifier">What is known of the target.</param>
/// <param name="questions">What is asked.</param>
/// <param name="check">Checks what is said.</param>
/// <param name="others">Where the target's other anchors are, in the order in which they are asked.</param>
/// <param name="latencies">How long its answers took of late.</param>
/// <param name="ended">Told when one that ran has ended; must not block.</param>
internal sealed class TargetHedging(
    ServingContext context,
    HomeVerifier verifier,
    TargetQuestions questions,
    TargetCheck check,
    ImmutableArray<IpEndpoint> others,
    AnswerLatencies latencies,
    Action ended) : IAsyncDisposable
{
    private readonly Dictionary<ulong, Task> _running = [];
    private readonly Dictionary<int, Beside> _besides = [];
    private readonly CancellationTokenSource _stop = new();

    // What verifies holds a thread, and must be alone with the state: the names that wait for it wait without one.
    private readonly SemaphoreSlim _verifying = new(1);
    private readonly Lock _gate = new();
    private AnchorAsking? _asking;
    private (Task Task, long At) _turn = (Task.CompletedTask, 0);
    private long _delay;
    private volatile bool _hasAnswered;

    /// <summary>An anchor that is asked, and to whom the own segment showed itself there.</summary>
    private sealed class Beside(AnchorClient client)
    {
        internal volatile Showed? Shown;

        // A chain of many pages is shown by one question alone: another would find the first one's pages there.
        internal SemaphoreSlim Showing { get; } = new(1);

        internal (Showed For, ChainShowing? What)? Prepared { get; set; }

        internal AnchorClient Client => client;
    }

    private sealed record Showed(Digest Home, Way Way)
    {
        // A way that says the same is another introduction all the same.
        public bool Equals(Showed? other) => other?.Home == Home && ReferenceEquals(other.Way, Way);

        public override int GetHashCode() => Home.GetHashCode();
    }

    /// <summary>Whether anything came of it: then the target's seals that are held may be newer than those of the
    /// stream's anchor.</summary>
    internal bool HasAnswered => _hasAnswered;

    /// <summary>Whose turn it is.</summary>
    internal HedgeTurns Turns { get; } = new(latencies);

    /// <summary>Starts those whose turn it is; where none of the others answers, the stream is waited for on.</summary>
    /// <param name="view">The own segment.</param>
    /// <param name="way">The way to the target.</param>
    /// <param name="waiting">The name, while it has no answer.</param>
    /// <returns>What completes when the next turn is; null where there is none before something else
    /// happens.</returns>
    internal Task? Turn(SegmentView view, Way way, Func<ulong, RelayedName?> waiting)
    {
        foreach (var done in _running.Where(one => one.Value.IsCompleted).Select(one => one.Key).ToList())
        {
            _running.Remove(done);
        }

        var now = context.Elapsed();
        while (Turns.Take(now, _running.Count) is { } id)
        {
            if (waiting(id) is { } name)
            {
                Start(view, way, name);
            }
        }

        if (Turns.NextAt(_running.Count) is not { } next)
        {
            return null;
        }

        if (_turn.Task.IsCompleted || _turn.At > next)
        {
            _turn = (Task.Delay(TimeSpan.FromMilliseconds(Math.Max(1, next - now)), context.Time), next);
        }

        return _turn.Task;
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync().ConfigureAwait(false);
        await Task.WhenAll(_running.Values).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        foreach (var beside in _besides.Values)
        {
            await beside.Client.DisposeAsync().ConfigureAwait(false);
        }

        _verifying.Dispose();
        _stop.Dispose();
    }

    private void Start(SegmentView view, Way way, RelayedName name)
    {
        if (others.IsEmpty || _running.ContainsKey(name.Id))
        {
            return;
        }

        // Made with the first silence: where all anchors answer it costs no memory.
        _asking ??= new AnchorAsking(
            new AskingOptions { HedgeDelay = () => TimeSpan.FromMilliseconds(Volatile.Read(ref _delay)) },
            context.Time, new Random(0));
        Volatile.Write(ref _delay, latencies.Delay);
        var running = _running[name.Id] = Task.Run(() => RunAsync(_asking, view, way, name));
        _ = running.ContinueWith(
            _ => ended(), CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
    }

    private async Task RunAsync(AnchorAsking asking, SegmentView view, Way way, RelayedName name)
    {
        try
        {
            // What this home cannot say, or denies, is no fault of who is asked.
            var (own, _) = await check.OwnAsync(view, name, way.Target.Genesis).ConfigureAwait(false);
            if (own is null)
            {
                return;
            }

            await asking.RunAsync(
                [.. Enumerable.Range(0, others.Length)],
                (anchor, token) => AskOnceAsync(anchor, own, view, way, name, token), _stop.Token)
                .ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            // The stream ends, and with it what is asked beside it.
        }
    }

    private async Task<Relayed> AskOnceAsync(
        int anchor, BuiltAnswer own, SegmentView view, Way way, RelayedName name, CancellationToken cancellationToken)
    {
        var beside = At(anchor);
        Refusal? refusal;
        var isNotYet = false;
        try
        {
            (var relayed, refusal) = await AskAsync(beside, own, view, way, name, cancellationToken)
                .ConfigureAwait(false);
            if (relayed is not null)
            {
                return relayed;
            }

            // Late, as the stream's may be: no lie.
            isNotYet = refusal?.Failure is VerificationFailure.RecordExpired or VerificationFailure.AttestationExpired
                or VerificationFailure.SealRollback or VerificationFailure.EpochSuperseded;
        }
        catch (RpcException e)
        {
            cancellationToken.ThrowIfCancellationRequested();
            refusal = HomeMeeting.Describe(e, beside.Client.Endpoint);
            isNotYet = RpcFailures.Read(e) is { } named && RpcFailures.IsRetriable(named.Failure);
            if (refusal.Failure is VerificationFailure.BelowLinkFloor or VerificationFailure.GrantForeignSubject)
            {
                (beside.Shown, beside.Prepared) = (null, null); // Put out to make room for others.
            }
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            // Whatever an anchor can bring about here ends its own part and nothing else.
            cancellationToken.ThrowIfCancellationRequested();
            refusal = Refusal.Unforeseen(beside.Client.Endpoint.Text, e);
        }

        throw new AnchorFailedException(refusal!, isNotYet: isNotYet);
    }

    private async Task<(Relayed? Relayed, Refusal? Refusal)> AskAsync(
        Beside beside, BuiltAnswer own, SegmentView view, Way way, RelayedName name,
        CancellationToken cancellationToken)
    {
        // V63: a key that the newest epoch does not name has no business here any more.
        var client = beside.Client;
        if (verifier.Chain(way.Target.Genesis) is { } chain && client.Require(chain) is { } stranger)
        {
            return (null, stranger);
        }

        var shown = new Showed(view.Epoch.Digest, way);
        var (showing, hidden) = await ShowAsync(beside, shown, view, cancellationToken).ConfigureAwait(false);
        if (hidden is not null)
        {
            return (null, hidden);
        }

        var response = await client.ResolveAsync(questions.Ask(view, way, name, showing), cancellationToken)
            .ConfigureAwait(false);
        beside.Shown = shown;
        if (!WireReader.TryRead(response.Answer, out var answer, out var malformed))
        {
            return (null, malformed);
        }

        if (answer.Hops.Length != 1)
        {
            return (null, new Refusal(
                VerificationFailure.PathBroken, client.Endpoint.Text, $"{answer.Hops.Length} hops from a target"));
        }

        var done = new TaskCompletionSource<(Relayed?, Refusal?)>(TaskCreationOptions.RunContinuationsAsynchronously);
        await _verifying.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            // The stream's anchor is measured by the later seal from the moment that it counts, long before it is used.
            var (refused, _) = check.Check(
                own, way, name, answer,
                (relayed, lost) =>
                {
                    if (relayed is not null)
                    {
                        name.Accept(relayed);
                    }

                    done.TrySetResult((relayed, lost));
                },
                passed: () => _hasAnswered = true);
            if (refused is not null)
            {
                return (null, refused);
            }
        }
        finally
        {
            _verifying.Release();
        }

        return await done.Task.WaitAsync(cancellationToken).ConfigureAwait(false);
    }

    // What the own segment shows there: in part ahead of the first question, and the rest with each one until an answer
    // says that it was taken.
    private static async Task<(ChainShowing? Showing, Refusal? Refusal)> ShowAsync(
        Beside beside, Showed shown, SegmentView view, CancellationToken cancellationToken)
    {
        if (beside.Shown == shown)
        {
            return (null, null);
        }

        await beside.Showing.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            if (beside.Prepared is not { } prepared || prepared.For != shown)
            {
                var (what, hidden) = await ChainShowing.ShowAsync(
                    beside.Client, view, shown.Way.Hops, null, cancellationToken).ConfigureAwait(false);
                if (hidden is not null)
                {
                    return (null, hidden);
                }

                beside.Prepared = prepared = (shown, what);
            }

            return (prepared.What, null);
        }
        finally
        {
            beside.Showing.Release();
        }
    }

    private Beside At(int anchor)
    {
        lock (_gate)
        {
            if (!_besides.TryGetValue(anchor, out var beside))
            {
                beside = _besides[anchor] = new Beside(new AnchorClient(
                    others[anchor], context.Transport, context.Time));
            }

            return beside;
        }
    }
}
