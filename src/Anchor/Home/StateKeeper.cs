using Fairlead.Naming;
using Fairlead.Naming.Traversal;
using Fairlead.Resolver.State;

namespace Fairlead.Anchor.Home;

/// <summary>
/// The verifier's state, in memory and on disk (4.11). What was verified is used only once the state that it leads to
/// is durable (V39). One write covers all that was verified while the one before ran: a busy home anchor syncs once for
/// many answers, an idle one once for each. Thread-safe.
/// </summary>
internal sealed class StateKeeper : IAsyncDisposable
{
    private readonly Lock _gate = new();
    private readonly StateStore? _store;
    private readonly SemaphoreSlim _signal = new(0, 1);
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _running;
    private VerifierState _verified;
    private volatile VerifierState _durable;
    private List<Action<Refusal?>> _waiting = [];

    /// <summary>Starts from the file, or from nothing.</summary>
    /// <param name="home">The own segment.</param>
    /// <param name="path">The file; null keeps the state in memory only.</param>
    /// <param name="node">Whose state it is: a file of another anchor is refused.</param>
    /// <exception cref="StateException">The file is there and cannot be used.</exception>
    internal StateKeeper(HomePin home, string? path, string node)
    {
        _store = path is null ? null : new StateStore(path, node);
        _verified = _durable = _store?.Load(home) ?? VerifierState.Start(home);
        _running = Task.Run(RunAsync);
    }

    /// <summary>What is to be told of the state that it started from; null for nothing.</summary>
    internal StateException? Lost => _store?.Lost;

    /// <summary>How often the file was written.</summary>
    internal long Writes { get; private set; }

    /// <summary>The bytes that all of the state may come to.</summary>
    internal long RoomBytes { get; init; } = StateRoom.MostBytes;

    /// <summary>The newest durable state. Never waits: a step may verify for long.</summary>
    internal VerifierState Durable => _durable;

    /// <summary>Takes one verified step.</summary>
    /// <param name="step">From the newest verified state to the next; null where it refuses, which changes
    /// nothing.</param>
    /// <param name="settled">
    /// Called once the step is durable, with null, or with <c>StateNotDurable</c> where it is lost: then so is every
    /// step that was taken upon it. Where there is no room for it, with that once what it goes on with is durable. Not
    /// called where the step refuses. Must not block.
    /// </param>
    internal void Step(Func<VerifierState, VerifierState?> step, Action<Refusal?> settled)
    {
        lock (_gate)
        {
            if (step(_verified) is not { } next)
            {
                return;
            }

            // A step for which there is no room is lost alone: what was taken before it stands.
            _verified = StateRoom.Take(_verified, next, out var full, RoomBytes);
            _waiting.Add(full is null ? settled : lost => settled(lost ?? full));
            if (_signal.CurrentCount == 0)
            {
                _signal.Release();
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync().ConfigureAwait(false);
        await _running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _stop.Dispose();
        _signal.Dispose();
    }

    private async Task RunAsync()
    {
        while (true)
        {
            await _signal.WaitAsync(_stop.Token).ConfigureAwait(false);
            VerifierState state;
            List<Action<Refusal?>> batch;
            lock (_gate)
            {
                (state, batch, _waiting) = (_verified, _waiting, []);
            }

            var refusal = Save(state);
            lock (_gate)
            {
                if (refusal is null)
                {
                    _durable = state;
                }
                else
                {
                    // What was verified meanwhile stands on what is lost now.
                    batch.AddRange(_waiting);
                    (_verified, _waiting) = (_durable, []);
                }
            }

            batch.ForEach(settled => settled(refusal));
        }
    }

    private Refusal? Save(VerifierState state)
    {
        if (_store is null || ReferenceEquals(state, _durable))
        {
            return null;
        }

        try
        {
            Writes += _store.Save(state) ? 1 : 0;
            return null;
        }
        catch (StateException e)
        {
            return e.Refuse("state");
        }
    }
}
