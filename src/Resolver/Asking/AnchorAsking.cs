using System.Collections.Immutable;
using Fairlead.Naming;
using Polly;
using Polly.CircuitBreaker;
using Polly.Hedging;
using Polly.Retry;
using Polly.Timeout;

namespace Fairlead.Resolver.Asking;

/// <summary>
/// Asks anchors for one thing until one of them gives it: each has its own patience and its own circuit breaker; while
/// one is silent the next is asked beside it, where one failed the next is asked at once, each once a round; rounds
/// are repeated within a budget, after jittered pauses. The resolver and the command line ask by the same one.
/// Thread-safe; time and chance are the caller's.
/// </summary>
/// <remarks>
/// Whoever wins ends the others. An anchor that lost a hedge counts as one that failed for its breaker: one that is
/// stopped costs the delay twice, and is then left out until its break is over.
/// </remarks>
public sealed class AnchorAsking
{
    private const int HedgesMax = 10;
    private static readonly ResiliencePropertyKey<Round> Key = new("fairlead-round");
    private static readonly TimeSpan BreakMax = TimeSpan.FromSeconds(30);

    private readonly AskingOptions _options;
    private readonly TimeProvider _time;
    private readonly RetryBudget _budget;
    private readonly ResiliencePipeline<object> _rounds;
    private readonly ResiliencePipeline<object> _round;
    private readonly List<ResiliencePipeline<object>> _anchors = [];
    private readonly Lock _gate = new();

    /// <summary>Knows no anchor yet.</summary>
    /// <param name="options">Times and bounds.</param>
    /// <param name="time">The clock of all delays.</param>
    /// <param name="random">Spreads retries; used under a lock.</param>
    public AnchorAsking(AskingOptions options, TimeProvider time, Random random)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(random);
        _options = options;
        _time = time;
        _budget = new RetryBudget(options.RetryBudget);
        var builder = new ResiliencePipelineBuilder<object> { TimeProvider = time };
        if (options.RetriesMax > 0)
        {
            builder.AddRetry(new RetryStrategyOptions<object>
            {
                ShouldHandle = ShouldRetry,
                MaxRetryAttempts = options.RetriesMax,
                BackoffType = DelayBackoffType.Exponential,
                Delay = options.RetryDelay,
                MaxDelay = BreakMax,
                UseJitter = true,
                Randomizer = () =>
                {
                    lock (_gate)
                    {
                        return random.NextDouble();
                    }
                },
            });
        }

        _rounds = builder.Build();
        var hedging = new ResiliencePipelineBuilder<object> { TimeProvider = time };
        _round = hedging.AddHedging(new HedgingStrategyOptions<object>
        {
            ShouldHandle = static arguments => ValueTask.FromResult(arguments.Outcome.Exception is not null),
            MaxHedgedAttempts = HedgesMax,
            DelayGenerator = _ => ValueTask.FromResult(options.HedgeDelay()),
            ActionGenerator = arguments => NextOf(arguments.PrimaryContext, arguments.ActionContext),
        }).Build();
    }

    /// <summary>Forgets how an anchor did: another one has its index.</summary>
    public void Forget(int anchor)
    {
        lock (_gate)
        {
            if (anchor < _anchors.Count)
            {
                _anchors[anchor] = BuildAnchor();
            }
        }
    }

    /// <summary>Asks.</summary>
    /// <param name="order">The indexes of the anchors, in the order in which they are asked; one or more.</param>
    /// <param name="ask">
    /// Asks one of them: the usable answer, or an <see cref="AnchorFailedException"/>. Several run at once.
    /// </param>
    /// <param name="cancellationToken">Ends all of them.</param>
    /// <returns>The first usable answer; null with why each anchor gave none, in the order in which they
    /// failed.</returns>
    public async Task<(T? Answer, ImmutableArray<(int Anchor, AnchorFailedException Why)> Failures)> RunAsync<T>(
        ImmutableArray<int> order,
        Func<int, CancellationToken, Task<T>> ask,
        CancellationToken cancellationToken)
        where T : class
    {
        ArgumentNullException.ThrowIfNull(ask);
        var asked = new Asked(
            order,
            async (anchor, token) => await ask(anchor, token).ConfigureAwait(false),
            cancellationToken);
        var context = ResilienceContextPool.Shared.Get(continueOnCapturedContext: false, cancellationToken);
        try
        {
            var outcome = await _rounds.ExecuteOutcomeAsync(
                static (inner, state) => state.self.RoundAsync(inner, state.asked),
                context,
                (self: this, asked)).ConfigureAwait(false);
            cancellationToken.ThrowIfCancellationRequested();
            if (outcome.Exception is not (null or AnchorFailedException))
            {
                outcome.ThrowIfException();
            }

            if (outcome.Result is T answer)
            {
                _budget.Earn();
                return (answer, asked.Failures);
            }

            return (null, asked.Failures);
        }
        finally
        {
            ResilienceContextPool.Shared.Return(context);
        }
    }

    // Every anchor once. A context of its own: hedged actions find the round in it.
    private async ValueTask<Outcome<object>> RoundAsync(ResilienceContext outer, Asked asked)
    {
        var round = new Round(asked);
        outer.Properties.Set(Key, round);
        var context = ResilienceContextPool.Shared.Get(continueOnCapturedContext: false, outer.CancellationToken);
        context.Properties.Set(Key, round);
        try
        {
            return await _round.ExecuteOutcomeAsync(
                static (inner, state) => state.self.AskAsync(state.round, state.round.Next(), inner.CancellationToken),
                context,
                (self: this, round)).ConfigureAwait(false);
        }
        finally
        {
            ResilienceContextPool.Shared.Return(context);
        }
    }

    private ValueTask<bool> ShouldRetry(RetryPredicateArguments<object> arguments) => ValueTask.FromResult(
        arguments.AttemptNumber < _options.RetriesMax
        && arguments.Outcome.Exception is AnchorFailedException
        && arguments.Context.Properties.TryGetValue(Key, out var at)
        && at.IsWorthAnother && _budget.TrySpend());

    private Func<ValueTask<Outcome<object>>>? NextOf(ResilienceContext primary, ResilienceContext action)
    {
        if (!primary.Properties.TryGetValue(Key, out var round) || round.Next() is not { } anchor)
        {
            return null;
        }

        return () => AskAsync(round, anchor, action.CancellationToken);
    }

    private async ValueTask<Outcome<object>> AskAsync(Round round, int? anchor, CancellationToken cancellationToken)
    {
        if (anchor is not { } index)
        {
            return Failed(new AnchorFailedException(
                new Refusal(VerificationFailure.Behind, "anchors", "there is none to ask")));
        }

        try
        {
            var answer = await PipelineOf(index).ExecuteAsync(
                static (state, token) => state.round.Asked.OneAsync(state.index, state.attempt, token),
                (round, index, attempt: cancellationToken),
                cancellationToken).ConfigureAwait(false);
            return Polly.Outcome.FromResult(answer);
        }
        catch (AnchorFailedException e) when (e.InnerException is OperationCanceledException)
        {
            return Failed(e); // It lost a hedge, which is no failure to tell of.
        }
        catch (AnchorFailedException e)
        {
            return Failed(round.Note(index, e));
        }
        catch (TimeoutRejectedException e)
        {
            return Failed(round.Note(index, Silent($"no answer in {e.Timeout.TotalSeconds} s", e)));
        }
        catch (BrokenCircuitException e)
        {
            return Failed(round.Note(index, Silent("it failed of late and is not asked now", e)));
        }
        catch (OperationCanceledException e)
        {
            return Polly.Outcome.FromException<object>(e);
        }
    }

    private ResiliencePipeline<object> PipelineOf(int anchor)
    {
        lock (_gate)
        {
            while (_anchors.Count <= anchor)
            {
                _anchors.Add(BuildAnchor());
            }

            return _anchors[anchor];
        }
    }

    private ResiliencePipeline<object> BuildAnchor() =>
        new ResiliencePipelineBuilder<object> { TimeProvider = _time }
            .AddCircuitBreaker(new CircuitBreakerStrategyOptions<object>
            {
                ShouldHandle = static arguments => ValueTask.FromResult(
                    arguments.Outcome.Exception is AnchorFailedException { IsNotYet: false }
                        or TimeoutRejectedException),
                FailureRatio = 0.5,
                MinimumThroughput = 2,
                SamplingDuration = BreakMax,
                BreakDurationGenerator = arguments => ValueTask.FromResult(BreakAfter(arguments.FailureCount)),
            })
            .AddTimeout(new TimeoutStrategyOptions { Timeout = _options.Patience })
            .Build();

    private TimeSpan BreakAfter(int failures)
    {
        var pause = _options.BreakDuration * Math.Pow(2, Math.Clamp(failures - 2, 0, 8));
        return pause < BreakMax ? pause : BreakMax;
    }

    private static Outcome<object> Failed(AnchorFailedException exception) =>
        Polly.Outcome.FromException<object>(exception);

    private static AnchorFailedException Silent(string detail, Exception inner) =>
        new(new Refusal(VerificationFailure.Behind, "anchor", detail), inner);

    /// <summary>One call: whom it may ask, and who failed.</summary>
    private sealed class Asked(
        ImmutableArray<int> order,
        Func<int, CancellationToken, Task<object>> ask,
        CancellationToken caller)
    {
        private readonly Lock _gate = new();
        private readonly List<(int, AnchorFailedException)> _failures = [];

        internal ImmutableArray<int> Order => order;

        internal ImmutableArray<(int Anchor, AnchorFailedException Why)> Failures
        {
            get
            {
                lock (_gate)
                {
                    return [.. _failures];
                }
            }
        }

        internal void Note(int anchor, AnchorFailedException why)
        {
            lock (_gate)
            {
                _failures.Add((anchor, why));
            }
        }

        // One that is ended because another was faster was too slow: its breaker is to know. The attempt's own token
        // tells that from a patience that is over.
        internal async ValueTask<object> OneAsync(
            int anchor, CancellationToken attempt, CancellationToken cancellationToken)
        {
            try
            {
                return await ask(anchor, cancellationToken).ConfigureAwait(false);
            }
            catch (OperationCanceledException e) when (
                attempt.IsCancellationRequested && !caller.IsCancellationRequested)
            {
                throw Silent("another one was faster", e);
            }
        }
    }

    /// <summary>One round: every anchor once.</summary>
    private sealed class Round(Asked asked)
    {
        private int _next = -1;
        private int _verdicts;

        internal Asked Asked => asked;

        /// <summary>Whether all that failed in this round failed in transport.</summary>
        internal bool IsWorthAnother => Volatile.Read(ref _verdicts) < asked.Order.Length;

        internal int? Next() =>
            Interlocked.Increment(ref _next) is var at && at < asked.Order.Length ? asked.Order[at] : null;

        internal AnchorFailedException Note(int anchor, AnchorFailedException why)
        {
            asked.Note(anchor, why);
            if (!why.IsTransport)
            {
                Interlocked.Increment(ref _verdicts);
            }

            return why;
        }
    }
}
