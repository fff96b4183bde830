using System.Threading.Channels;
using Fairlead.Controller.Anchors;
using Fairlead.Controller.Documents;
using Fairlead.Naming;
using Microsoft.Extensions.Logging;

namespace Fairlead.Controller.Publishing;

/// <summary>
/// Runs the engine: one loop owns it and takes inputs from a queue; calls to anchors run beside it and put what they
/// hear into that queue. <see cref="Desire"/> and <see cref="StatusAsync"/> may be called from anywhere.
/// </summary>
internal sealed class PublisherShell
{
    // What comes faster than it is taken must not keep what was taken from going out.
    private const int TurnInputs = 1_000;

    private readonly PublisherEngine _engine;
    private readonly IReadOnlyList<IAnchorPublisher> _anchors;
    private readonly Func<SegmentTerms?> _terms;
    private readonly PublicKey _publisher;
    private readonly PublisherShellOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly Channel<Func<long, IReadOnlyList<Send>>> _inputs =
        Channel.CreateUnbounded<Func<long, IReadOnlyList<Send>>>(new() { SingleReader = true });

    private readonly TaskCompletionSource _settled = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly CredentialWatch _credential;

    // When the Credential ends, as each anchor that was ever heard said last; null for none.
    private readonly Dictionary<IAnchorPublisher, long?> _ends = [];
    private bool _hasNamedKey;
    private bool _isReading;
    private int _lacking;
    private long? _lastRead;
    private bool _hadSources;
    private int _sourceFailures;
    private long _sourcesFrom;

    /// <summary>A shell that does nothing until <see cref="RunAsync"/>.</summary>
    /// <param name="engine">What it runs.</param>
    /// <param name="anchors">The anchors, by the engine's indices.</param>
    /// <param name="terms">What the newest epoch that is verified asks of who publishes; null before there is
    /// one.</param>
    /// <param name="publisher">The publisher's key.</param>
    /// <param name="options">Times and names.</param>
    /// <param name="time">The clock.</param>
    /// <param name="logger">Hears of anchors and refusals.</param>
    public PublisherShell(
        PublisherEngine engine,
        IReadOnlyList<IAnchorPublisher> anchors,
        Func<SegmentTerms?> terms,
        PublicKey publisher,
        PublisherShellOptions options,
        TimeProvider time,
        ILogger logger)
    {
        _engine = engine;
        _anchors = anchors;
        _terms = terms;
        _publisher = publisher;
        _options = options;
        _time = time;
        _logger = logger;
        _credential = new(publisher.Kid, options.KeyFile, logger);
    }

    /// <summary>Done when everything that was desired at first is sealed.</summary>
    public Task Settled => _settled.Task;

    /// <summary>All names, and whether anything is on its way, after all inputs so far.</summary>
    public async Task<PublisherStatus> StatusAsync(CancellationToken cancellationToken)
    {
        var answer = new TaskCompletionSource<PublisherStatus>(TaskCreationOptions.RunContinuationsAsynchronously);
        var isTaken = Post(now =>
        {
            answer.TrySetResult(Status(now));
            return [];
        });

        // Once it has ended nobody changes anything any more.
        return isTaken ? await answer.Task.WaitAsync(cancellationToken).ConfigureAwait(false) : Status(Now());
    }

    /// <summary>Takes what should be published from now on.</summary>
    public void Desire(DesiredState desired) => Post(now => _engine.Desire(desired, now));

    /// <summary>Publishes until cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        try
        {
            await LoopAsync(cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            _inputs.Writer.TryComplete();
            while (_inputs.Reader.TryRead(out var input))
            {
                input(Now());
            }
        }
    }

    private async Task LoopAsync(CancellationToken cancellationToken)
    {
        var calls = new HashSet<Task>();
        while (!cancellationToken.IsCancellationRequested)
        {
            var now = Now();
            var sends = new List<Send>(Required(now));
            for (var turn = 0; turn < TurnInputs && _inputs.Reader.TryRead(out var input); turn++)
            {
                sends.AddRange(input(now));
            }

            sends.AddRange(_engine.Tick(now));
            _credential.Warn(_engine.CredentialEnd, now);
            foreach (var send in sends)
            {
                calls.Add(CallAsync(send, cancellationToken));
            }

            if (now >= NextRead())
            {
                _isReading = true;
                calls.Add(ReadStateAsync(IsSourcesTurn(now), cancellationToken));
            }

            if (_engine.IsSettled)
            {
                _settled.TrySetResult();
            }

            foreach (var call in calls.Where(call => call.IsCompleted).ToList())
            {
                calls.Remove(call);
                await call.ConfigureAwait(false);
            }

            await WaitAsync(now, cancellationToken).ConfigureAwait(false);
        }

        await Task.WhenAll(calls).ConfigureAwait(false);
    }

    private long Now() => _time.GetUtcNow().ToUnixTimeMilliseconds();

    // An epoch that is learned on the way may tolerate more anchors, or fewer, and allow another life.
    private IReadOnlyList<Send> Required(long now)
    {
        if (_terms() is not { } terms)
        {
            return [];
        }

        if (terms.Copies > _anchors.Count && terms.Copies != _lacking)
        {
            _lacking = terms.Copies;
            _logger.TooFewAnchors(_anchors.Count, terms.Copies);
        }

        return _engine.Require(terms.Copies, terms.RecordLife, now);
    }

    private PublisherStatus Status(long now) =>
        new([.. _engine.Names(now)], _engine.IsSettled, _engine.CredentialEnd);

    private bool Post(Func<long, IReadOnlyList<Send>> input) => _inputs.Writer.TryWrite(input);

    // What an older anchor refuses must not keep the rest from moving on; and what is refused until the sources were
    // read, which has the State read each time, must not keep them from that.
    private bool IsSourcesTurn(long now) =>
        _engine.NeedsSources && (!_engine.NeedsState || (!_hadSources && now >= _sourcesFrom));

    private long NextRead()
    {
        if (_isReading)
        {
            return long.MaxValue;
        }

        if (_lastRead is not { } last)
        {
            return 0;
        }

        var retry = last + (long)_options.StateRetry.TotalMilliseconds;
        return _engine.NeedsState ? retry
            : _engine.NeedsSources ? Math.Max(retry, _sourcesFrom)
            : last + (long)_options.StateInterval.TotalMilliseconds;
    }

    // Until an input comes, or something falls due: then a timer puts in an input that says nothing.
    private async Task WaitAsync(long now, CancellationToken cancellationToken)
    {
        var due = Math.Min(_engine.NextTick(now) ?? long.MaxValue, NextRead());
        using var timer = due == long.MaxValue ? null : _time.CreateTimer(
            _ => Post(static _ => []),
            null,
            TimeSpan.FromMilliseconds(Math.Clamp(due - now, 0, int.MaxValue)),
            Timeout.InfiniteTimeSpan);
        try
        {
            await _inputs.Reader.WaitToReadAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
        }
    }

    // The first F+1 answers count: one of them is honest. How many that is, the chain says that the first of them
    // brings. Some more are heard of the Credential, as long as that takes no time.
    private async Task ReadStateAsync(bool withSources, CancellationToken cancellationToken)
    {
        using var deadline = new CancellationTokenSource(_options.StateTimeout, _time);
        using var linked = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token, cancellationToken);
        var (states, isRead) = (new List<IReadOnlyList<StateLeaf>>(), false);
        var reads = _anchors.Select(anchor => ReadStateAsync(anchor, withSources, linked.Token)).ToList();
        await foreach (var read in Task.WhenEach(reads).ConfigureAwait(false))
        {
            if (await read.ConfigureAwait(false) is not { } state)
            {
                continue;
            }

            states.Add(state);
            var (anchor, end) = (_anchors[reads.IndexOf(read)], KnownLeaves.CredentialEnd(state, _publisher));
            Post(now => Heard(anchor, end, now));
            if (!isRead && IsEnough(states.Count))
            {
                isRead = true;
                Finish(states, withSources);
                deadline.CancelAfter(_options.StateRest);
            }

            if (isRead && states.Count >= (2 * _terms()?.Copies) - 1)
            {
                await linked.CancelAsync().ConfigureAwait(false);
            }
        }

        if (!isRead && !cancellationToken.IsCancellationRequested)
        {
            Finish(states, withSources);
        }
    }

    private IReadOnlyList<Send> Heard(IAnchorPublisher anchor, long? end, long now)
    {
        _ends[anchor] = end;
        return IsEnough(_ends.Count)
            ? _engine.Until(KnownLeaves.CredentialEnd(_ends.Values, _terms()!.Value.Copies), now)
            : [];
    }

    private void Finish(List<IReadOnlyList<StateLeaf>> states, bool withSources)
    {
        var leaves = IsEnough(states.Count) ? KnownLeaves.Join(states, _publisher, withSources) : null;
        if (leaves is null && withSources)
        {
            _logger.SourcesMissing(
                states.Count, _terms()?.Copies ?? 1, _options.SourcesPause(_sourceFailures + 1));
        }
        else if (leaves is null)
        {
            _logger.StateMissing(states.Count, _terms()?.Copies ?? 1, _options.StateRetry);
        }
        else
        {
            _logger.StateRead(leaves.Count, states.Count);
        }

        Post(now =>
        {
            _isReading = false;
            _lastRead = now;
            _hadSources = withSources;
            if (withSources)
            {
                _sourceFailures = leaves is null ? _sourceFailures + 1 : 0;
                _sourcesFrom = now + (long)_options.SourcesPause(_sourceFailures).TotalMilliseconds;
            }

            return leaves is null ? [] : _engine.Load(leaves, now, withSources);
        });
    }

    private bool IsEnough(int anchors) => anchors > 0 && _terms()?.Copies is { } copies && anchors >= copies;

    private async Task<IReadOnlyList<StateLeaf>?> ReadStateAsync(
        IAnchorPublisher anchor, bool withSources, CancellationToken cancellationToken)
    {
        await Task.Yield();
        try
        {
            return await anchor.ReadStateAsync(withSources, cancellationToken).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            return null;
        }
        catch (AnchorFailureException failure)
        {
            Failed(anchor, failure);
            return null;
        }
    }

    private async Task CallAsync(Send send, CancellationToken cancellationToken)
    {
        await Task.Yield();
        var anchor = _anchors[send.Anchor];
        using var deadline = new CancellationTokenSource(_options.CallTimeout, _time);
        using var linked = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token, cancellationToken);
        var isFailure = true;
        try
        {
            var entries = send.Publications.Select(publication => publication.Entry).ToList();
            await foreach (var report in anchor.PublishAsync(entries, linked.Token).ConfigureAwait(false))
            {
                Take(send, anchor, report);
                isFailure = false;
            }

            isFailure = false;
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            return;
        }
        catch (OperationCanceledException)
        {
            // An anchor that said something is alive: what it did not get sealed is the segment's trouble, not its own.
            if (isFailure)
            {
                _logger.AnchorFailed(anchor.Address, $"no answer within {_options.CallTimeout}");
            }
        }
        catch (AnchorFailureException failure)
        {
            isFailure = true;
            Failed(anchor, failure);
        }

        Post(now => _engine.End(send.Anchor, send.Publications, isFailure, now));
    }

    // Anchors talk with nobody whose key they do not know: then the key file is what is wrong, said once.
    private void Failed(IAnchorPublisher anchor, AnchorFailureException failure)
    {
        _logger.AnchorFailed(anchor.Address, failure.Message);
        if (failure.Message.StartsWith(nameof(VerificationFailure.SubjectUnknown), StringComparison.Ordinal)
            && !Interlocked.Exchange(ref _hasNamedKey, true))
        {
            _logger.KeyNotAdmitted(_options.KeyFile, "anything");
        }
    }

    private void Take(Send send, IAnchorPublisher anchor, PublishReport report)
    {
        if (report.Index < 0 || report.Index >= send.Publications.Count || report.Fate == AnchorFate.Sent)
        {
            throw new AnchorFailureException("it answered for an entry that it was not sent");
        }

        var publication = send.Publications[report.Index];
        if (report.Refusal is { } refusal)
        {
            _logger.Refused(anchor.Address, publication.Plan.Name, refusal);
            if (refusal.StartsWith(nameof(VerificationFailure.PublisherOutOfScope), StringComparison.Ordinal)
                || refusal.StartsWith(nameof(VerificationFailure.PublisherRevoked), StringComparison.Ordinal))
            {
                _logger.KeyNotAdmitted(_options.KeyFile, publication.Plan.Name);
            }
        }
        else
        {
            _logger.Reported(anchor.Address, publication.Plan.Name, publication.Plan.Version, report.Fate.ToString());
        }

        Post(now => _engine.Answer(send.Anchor, publication, report.Fate, report.Refusal, now));
    }
}
