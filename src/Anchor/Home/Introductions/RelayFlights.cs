using Fairlead.Naming;
using Fairlead.Naming.Traversal;

namespace Fairlead.Anchor.Home.Introductions;

/// <summary>
/// What is relayed at this moment: the same question once however many ask it, of one asker a few and of all so many,
/// and what failed is not tried again at once. Bounded. Thread-safe.
/// </summary>
/// <param name="time">The clock.</param>
internal sealed class RelayFlights(TimeProvider time) : IAsyncDisposable
{
    /// <summary>The most of one home at a time, by whom it asks.</summary>
    internal const int OfOneMax = 8;

    /// <summary>The most of all homes behind one segment that asks for them. Each may take half of what is free, so
    /// that no few of them have it all; what the segment asks for itself is counted apart.</summary>
    internal const int OfTransitMax = 3 * OfOneMax;

    /// <summary>The most of all. Whoever asks may take half of what is free.</summary>
    internal const int OfAllMax = 128;

    /// <summary>For how long a question that failed is answered by its failure.</summary>
    internal static readonly TimeSpan FailureKept = TimeSpan.FromSeconds(1);

    /// <summary>The least patience of a question whose failure is kept: one that had less says nothing to
    /// others.</summary>
    internal static readonly TimeSpan PatienceOfFailures = TimeSpan.FromSeconds(3);

    // Those whose patience differs by less may wait for the same one.
    private static readonly TimeSpan PatienceClass = TimeSpan.FromSeconds(4);

    private const int FailuresMax = 1024;

    private readonly Lock _gate = new();
    private readonly Dictionary<RelayAsker, int> _askers = [];
    private readonly Dictionary<Digest, Shares> _transits = [];
    private readonly Shares _all = new(OfAllMax);
    private readonly Dictionary<Flight, Task<(UnverifiedAnswer? Answer, Refusal? Refusal)>> _questions = [];
    private readonly Dictionary<Flight, (long At, Refusal Refusal)> _failures = [];
    // Nobody is answered by the failure of one that had a shorter time.
    private readonly record struct Flight(Digest Question, long Patience);

    /// <summary>How many there are now.</summary>
    internal int Count
    {
        get
        {
            lock (_gate)
            {
                return _all.Total;
            }
        }
    }

    /// <summary>Asks a question, or waits for the same one's answer. It goes on where its caller has left: its time is
    /// bounded, and others may wait for it.</summary>
    /// <param name="asker">With whom it is counted.</param>
    /// <param name="question">All of the question: another asker's is another one.</param>
    /// <param name="patience">How long it may take.</param>
    /// <param name="ask">Asks, within a time of its own; it does not throw what it can name.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    /// <returns>The answer or the refusal: also <c>RateLimited</c>.</returns>
    internal async Task<(UnverifiedAnswer? Answer, Refusal? Refusal)> AskAsync(
        RelayAsker asker,
        Digest question,
        TimeSpan patience,
        Func<Task<(UnverifiedAnswer? Answer, Refusal? Refusal)>> ask,
        CancellationToken cancellationToken)
    {
        patience = patience < RelayTries.Longest ? patience : RelayTries.Longest;
        var flight = new Flight(question, patience.Ticks / PatienceClass.Ticks);
        Task<(UnverifiedAnswer? Answer, Refusal? Refusal)>? running;
        lock (_gate)
        {
            if (_failures.TryGetValue(flight, out var failed))
            {
                if (time.GetElapsedTime(failed.At) < FailureKept)
                {
                    return (null, failed.Refusal);
                }

                _failures.Remove(flight);
            }

            if (!_questions.TryGetValue(flight, out running))
            {
                if (Enter(asker) is { } full)
                {
                    return (null, full);
                }

                running = Task.Run(() => FlyAsync(asker, flight, patience, ask), CancellationToken.None);
                _questions[flight] = running;
            }
        }

        return await running.WaitAsync(cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Does something that is counted with them, and is no question.</summary>
    /// <typeparam name="T">What comes of it.</typeparam>
    /// <returns>What came of it, or <c>RateLimited</c>.</returns>
    internal async Task<(T? Done, Refusal? Refusal)> CountAsync<T>(
        RelayAsker asker, Func<Task<(T? Done, Refusal? Refusal)>> work)
        where T : class
    {
        lock (_gate)
        {
            if (Enter(asker) is { } full)
            {
                return (null, full);
            }
        }

        try
        {
            return await work().ConfigureAwait(false);
        }
        finally
        {
            lock (_gate)
            {
                Leave(asker);
            }
        }
    }

    /// <summary>Waits for the questions; who asks ends them.</summary>
    public async ValueTask DisposeAsync()
    {
        List<Task> running;
        lock (_gate)
        {
            running = [.. _questions.Values];
        }

        await Task.WhenAll(running).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private async Task<(UnverifiedAnswer? Answer, Refusal? Refusal)> FlyAsync(
        RelayAsker asker,
        Flight flight,
        TimeSpan patience,
        Func<Task<(UnverifiedAnswer? Answer, Refusal? Refusal)>> ask)
    {
        Refusal? refusal = null;
        try
        {
            (var answer, refusal) = await ask().ConfigureAwait(false);
            return (answer, refusal);
        }
        finally
        {
            lock (_gate)
            {
                _questions.Remove(flight);
                Leave(asker);
                if (refusal is not null && patience >= PatienceOfFailures)
                {
                    Keep(flight, refusal);
                }
            }
        }
    }

    private Refusal? Enter(RelayAsker asker)
    {
        var held = _askers.GetValueOrDefault(asker);
        var behind = asker.By == asker.Home ? null : _transits.GetValueOrDefault(asker.By) ?? new Shares(OfTransitMax);
        if (held >= OfOneMax || behind?.HasFor(asker.Home) == false || !_all.HasFor(asker.By))
        {
            return new Refusal(
                VerificationFailure.RateLimited, "",
                $"{held} of one home, {behind?.Total ?? 0} of those behind who asks and {_all.Total} in all are "
                + "relayed now");
        }

        _askers[asker] = held + 1;
        _all.Take(asker.By);
        if (behind is not null)
        {
            _transits[asker.By] = behind;
            behind.Take(asker.Home);
        }

        return null;
    }

    private void Leave(RelayAsker asker)
    {
        _all.Give(asker.By);
        if (--_askers[asker] == 0)
        {
            _askers.Remove(asker);
        }

        if (asker.By != asker.Home && _transits[asker.By] is var behind)
        {
            behind.Give(asker.Home);
            if (behind.Total == 0)
            {
                _transits.Remove(asker.By);
            }
        }
    }

    private void Keep(Flight flight, Refusal refusal)
    {
        if (_failures.Count >= FailuresMax)
        {
            foreach (var old in _failures.OrderBy(one => one.Value.At).Take(FailuresMax / 2).Select(one => one.Key)
                .ToList())
            {
                _failures.Remove(old);
            }
        }

        _failures[flight] = (time.GetTimestamp(), refusal);
    }
}
