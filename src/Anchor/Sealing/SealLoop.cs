using System.Collections.Concurrent;
using System.Threading.Channels;
using Fairlead.Anchor.Governing;
using Fairlead.Anchor.Journal;
using Fairlead.Governance;
using Fairlead.Naming;
using Fairlead.Resolver.State;
using Microsoft.Extensions.Logging;

namespace Fairlead.Anchor.Sealing;

/// <summary>
/// Drives a segment's engine, seals and epochs alike: one task owns it, takes inputs in the order in which they come,
/// and does what it asks for in the order in which it asks. What is to be journaled is on the disk before anything
/// after it leaves (V43). Posting is thread-safe.
/// </summary>
internal sealed class SealLoop : IAsyncDisposable
{
    private const int InputsMax = 65_536;

    // However much waits, the clock and the journals' ends are looked at in between.
    private const int InputsPerTurn = 64;

    // Wakes the loop and is nothing to do.
    private static readonly LoopWork Wake = new(null, null);

    private readonly SegmentEngine _engine;
    private readonly CountedSigner _seal;
    private readonly CountedSigner _gov;
    private readonly JournalFile _journal;
    private readonly JournalFile _govJournal;
    private readonly OperationBook _operations;
    private readonly ISealShell _shell;
    private readonly TimeProvider _time;
    private readonly ILogger _log;
    private readonly Channel<LoopWork> _inputs = Channel.CreateBounded<LoopWork>(
        new BoundedChannelOptions(InputsMax) { SingleReader = true, FullMode = BoundedChannelFullMode.Wait });

    private readonly PeerShares _shares = new();
    private readonly ConcurrentDictionary<long, Action<SealOutput>> _publishers = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly Lock _statusGate = new();
    private (long Term, string Leader, int Pending) _status;
    private CertifiedState? _archived;
    private CertifiedState? _base;
    private long _tokens;
    private long _dropped;
    private long _rotations;
    private long _govRotations;
    private readonly ITimer _alarm;
    private long? _timer;
    private long _stepped;
    private long _armed = long.MaxValue;
    private Task _running = Task.CompletedTask;

    internal SealLoop(
        SegmentEngineOptions options,
        (JournalFile Seal, JournalFile Gov) journals,
        OperationBook operations,
        ISealShell shell,
        TimeProvider time,
        ILogger log)
    {
        (_journal, _govJournal) = journals;
        _operations = operations;
        _shell = shell;
        _time = time;
        _log = log;
        _alarm = time.CreateTimer(
            _ => _inputs.Writer.TryWrite(Wake), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        (_seal, _gov) = (new CountedSigner(options.Seal), new CountedSigner(options.Gov));
        _engine = new SegmentEngine(options with { Seal = _seal, Gov = _gov }, Now());
        _status = (_engine.Seals.Term, _engine.Seals.Leader, 0);
    }

    /// <summary>Term, leader, and how many entries wait to be sealed.</summary>
    internal (long Term, string Leader, int Pending) Status
    {
        get
        {
            lock (_statusGate)
            {
                return _status;
            }
        }
    }

    /// <summary>How often the journal was started anew.</summary>
    internal long Rotations => Interlocked.Read(ref _rotations);

    /// <summary>How often the gov key's journal was started anew.</summary>
    internal long GovRotations => Interlocked.Read(ref _govRotations);

    /// <summary>Starts the task; a state that the archive kept is served at once.</summary>
    internal void Start()
    {
        if (_engine.Seals.Newest is { } newest)
        {
            _shell.OnCertified(newest);
        }
        else if (_engine.LastOfBefore is { } last)
        {
            _shell.OnHeldBefore(last);
        }

        _running = Task.Run(RunAsync);
    }

    /// <summary>The archive holds this state: a new file of the journal may start at it. Returns at once.</summary>
    internal void OnArchived(CertifiedState state) => Interlocked.Exchange(ref _archived, state);

    /// <summary>How many inputs were dropped because the loop was too far behind.</summary>
    internal long Dropped => Interlocked.Read(ref _dropped);

    /// <summary>Gives an input; false where the loop is so far behind that it is dropped.</summary>
    internal bool Post(SegmentInput input) => Post(new LoopWork(input, null));

    /// <summary>Takes what another anchor says. Returns once there is room for it in that anchor's share of what waits
    /// here, so that whoever says too much is read more slowly, and nobody else is.</summary>
    /// <param name="from">The other anchor, as its connection's key proves it.</param>
    /// <param name="message">What it says.</param>
    /// <param name="bytes">Bytes of the message.</param>
    /// <param name="cancellationToken">Ends the waiting; the message is lost then.</param>
    internal async ValueTask HearAsync(
        string from, SegmentMessage message, int bytes, CancellationToken cancellationToken)
    {
        var handled = await _shares.TakeAsync(from, bytes, cancellationToken).ConfigureAwait(false);
        if (!Post(new LoopWork(new SegmentInput.Receive(from, message), null, handled)))
        {
            handled();
        }
    }

    private bool Post(LoopWork work)
    {
        if (_inputs.Writer.TryWrite(work))
        {
            return true;
        }

        Interlocked.Increment(ref _dropped);
        return false;
    }

    /// <summary>Asks the engine something on the loop's task; a question that throws is its asker's alone.</summary>
    /// <exception cref="OperationCanceledException">The loop ended, or is too far behind.</exception>
    internal Task<T> AskAsync<T>(Func<SegmentEngine, T> question)
    {
        var done = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        var asked = new LoopWork(null, engine => Answer(done, question, engine));
        if (!_inputs.Writer.TryWrite(asked))
        {
            done.TrySetCanceled();
        }

        return done.Task.WaitAsync(_stop.Token);
    }

    /// <summary>Offers an entry; <paramref name="heard"/> is called on the loop's task with what becomes of it, and
    /// before this returns with <c>RateLimited</c> where the loop is so far behind that it takes none.</summary>
    /// <returns>The token to forget it by.</returns>
    internal long Publish(SignedEntry entry, Action<SealOutput> heard)
    {
        var token = Interlocked.Increment(ref _tokens);
        _publishers[token] = heard;
        if (!Post(new SegmentInput.OfPublisher(new SealInput.Publish(token, entry))))
        {
            Tell(token, new SealOutput.Refused(token, new Refusal(
                VerificationFailure.RateLimited, "entry", $"{InputsMax} inputs wait")), isLast: true);
        }

        return token;
    }

    /// <summary>Stops reporting on an entry.</summary>
    internal void Forget(long token)
    {
        if (_publishers.TryRemove(token, out _))
        {
            Post(new SegmentInput.OfPublisher(new SealInput.Forget(token)));
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync().ConfigureAwait(false);
        await _running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await _alarm.DisposeAsync().ConfigureAwait(false);
        _journal.Dispose();
        _govJournal.Dispose();
        _stop.Dispose();
    }

    private async Task RunAsync()
    {
        try
        {
            Do(_engine.Step(new SegmentInput.Tick(), _stepped = Now()));
            while (!_stop.IsCancellationRequested)
            {
                Arm();
                await _inputs.Reader.WaitToReadAsync(_stop.Token).ConfigureAwait(false);
                for (var left = InputsPerTurn; left > 0 && _inputs.Reader.TryRead(out var work); left--)
                {
                    if (work == Wake)
                    {
                        _armed = long.MaxValue;
                    }

                    Do(work);
                }

                Tick();
                Rotate();
                RotateGov();
            }
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
            // Stopped, as asked.
        }
        catch (Exception e)
        {
            // A journal that cannot be written, or a bug: either way this key must not sign any more.
            SealLog.Ended(_log, e);
            _shell.OnBroken(e);
        }
    }

    // Where the wall clock was set back, the time that the engine asked for is the old clock's: it is stepped, and says
    // anew what it waits for.
    private void Tick()
    {
        var now = Now();
        if (_timer is { } due && (due <= now || now < _stepped))
        {
            _timer = null;
            Do(_engine.Step(new SegmentInput.Tick(), _stepped = now));
        }
    }

    // The engine asks for another time at nearly every step, and mostly for a later one: an alarm that comes too early
    // is set anew then, which costs less than setting it each time. A clock set back since the step that asked changes
    // nothing of how long that is.
    private void Arm()
    {
        var now = Math.Max(Now(), _stepped);
        if (_timer is { } due && (due < _armed || _armed <= now))
        {
            _armed = due;
            _alarm.Change(TimeSpan.FromMilliseconds(Math.Max(0, due - now)), Timeout.InfiniteTimeSpan);
        }
    }

    // 4.11: a new file starts at a certified seal whose state is archived, with what was signed above it.
    private void Rotate()
    {
        if (Interlocked.Exchange(ref _archived, null) is { } archived)
        {
            _engine.Archived(archived.Seal.Epoch, archived.Seal.Seq);
            _base = archived;
        }

        if (!_journal.IsDue || _base is not { } state
            || _engine.SignedAbove(state.Seal.Epoch, state.Seal.Seq) is not { } signed)
        {
            return;
        }

        _base = null;
        var before = _journal.End;
        _journal.Rotate(
            state.Seal.Epoch, state.Seal.Seq, state.Seal.Root.ToString(),
            [.. signed.SelectMany(body => JournalParts.Split(body)).Select(part => part.ToArray())]);
        Interlocked.Increment(ref _rotations);
        SealLog.Rotated(_log, state.Seal.Epoch, state.Seal.Seq, before, _journal.End);
    }

    // The same for votes: the chain that they led to is on the disk before the engine's next input is taken.
    private void RotateGov()
    {
        var epoch = _engine.Ground.Epoch.Value.Number;
        if (!_govJournal.IsDue || epoch <= _govJournal.Header.BaseEpoch
            || _engine is not { VotesOfSlot: { } votes, StartRoot: { } root })
        {
            return;
        }

        var before = _govJournal.End;
        _govJournal.Rotate(
            epoch, 0, root.ToString(),
            [.. votes.SelectMany(body => JournalParts.Split(body)).Select(part => part.ToArray())]);
        Interlocked.Increment(ref _govRotations);
        GovernLog.Rotated(_log, epoch, before, _govJournal.End);
    }

    private static void Append(JournalFile journal, ReadOnlyMemory<byte> body)
    {
        foreach (var part in JournalParts.Split(body))
        {
            journal.Append(part.Span);
        }
    }

    private void Do(LoopWork work)
    {
        if (work.Input is { } input)
        {
            Do(Step(input));
        }

        work.Question?.Invoke(_engine);
        work.Handled?.Invoke();
    }

    // What others say may meet a bug. It ends this anchor's signing only where it may have left something unsaid that
    // must not be: a signature that is not journaled, an epoch or a seal that nobody keeps. Else one message would end
    // all anchors that it is sent to, after each start anew.
    private IReadOnlyList<SegmentOutput> Step(SegmentInput input)
    {
        var (signed, ground, newest) = (_seal.Count + _gov.Count, _engine.Ground, _engine.Seals.Newest?.Digest);
        try
        {
            return _engine.Step(input, _stepped = Now());
        }
        catch (Exception e) when (SourceOf(input) is not null
            && signed == _seal.Count + _gov.Count && ground == _engine.Ground
            && newest == _engine.Seals.Newest?.Digest)
        {
            SealLog.Unforeseen(_log, e, SourceOf(input)!);
            if (input is SegmentInput.OfPublisher { Input: SealInput.Publish publish })
            {
                Tell(publish.Token, new SealOutput.Refused(
                    publish.Token, Refusal.Unforeseen("entry", e)), isLast: true);
            }

            return [];
        }
    }

    private static string? SourceOf(SegmentInput input) => input switch
    {
        SegmentInput.Receive receive => receive.From,
        SegmentInput.OfPublisher => "a publisher",
        _ => null,
    };

    private static void Answer<T>(
        TaskCompletionSource<T> done, Func<SegmentEngine, T> question, SegmentEngine engine)
    {
        try
        {
            done.TrySetResult(question(engine));
        }
        catch (Exception e) when (e is not StateException)
        {
            done.TrySetException(e);
        }
    }

    private void Do(IReadOnlyList<SegmentOutput> outputs)
    {
        foreach (var output in outputs)
        {
            Do(output);
        }

        lock (_statusGate)
        {
            _status = (_engine.Seals.Term, _engine.Seals.Leader, _engine.Seals.Pending);
        }

        _operations.Settle(_engine);
    }

    private void Do(SegmentOutput output)
    {
        switch (output)
        {
            case SegmentOutput.SealJournal journal:
                Append(_journal, journal.Body);
                break;
            case SegmentOutput.GovJournal journal:
                Append(_govJournal, journal.Body);
                break;
            case SegmentOutput.Send send:
                _shell.Send(send.To, send.Message);
                break;
            case SegmentOutput.Broadcast broadcast:
                _shell.Broadcast(broadcast.Message);
                break;
            case SegmentOutput.OfSeals seals:
                Do(seals.Output);
                break;
            case SegmentOutput.OfEpochs epochs:
                _operations.Hear(epochs.Output);
                if (epochs.Output is EpochOutput.Evidence votes)
                {
                    _shell.OnEvidence(EngineEvidence.Of(_engine.Ground.Genesis, votes));
                }

                break;
            case SegmentOutput.Rebased rebased:
                _operations.Hear(rebased);
                break;
            case SegmentOutput.Moved moved:
                _shell.OnMoved(moved);
                break;
            case SegmentOutput.Published published:
                _shell.OnPublished(published);
                break;
            case SegmentOutput.SetTimer timer:
                _timer = timer.At;
                break;
            default:
                throw new InvalidOperationException($"nothing does {output.GetType().Name}");
        }
    }

    private void Do(SealOutput output)
    {
        switch (output)
        {
            case SealOutput.Certified certified:
                _shell.OnCertified(certified.State);
                break;
            case SealOutput.Accepted accepted:
                Tell(accepted.Token, output, isLast: false);
                break;
            case SealOutput.Refused refused:
                Tell(refused.Token, output, isLast: true);
                break;
            case SealOutput.Sealed done:
                Tell(done.Token, output, isLast: true);
                break;
            case SealOutput.Superseded superseded:
                Tell(superseded.Token, output, isLast: true);
                break;
            case SealOutput.Evidence evidence:
                SealLog.Evidence(_log, evidence.Failure);
                if (EngineEvidence.Of(_engine.Ground.Genesis, evidence) is { } proof)
                {
                    _shell.OnEvidence(proof);
                }

                break;
            case SealOutput.Halted halted:
                SealLog.Halted(_log, halted.Refusal.Failure, halted.Refusal.Detail);
                break;
            case SealOutput.Ignored ignored:
                SealLog.Ignored(_log, ignored.From, ignored.Refusal.Failure, ignored.Refusal.Detail);
                break;
            default:
                throw new InvalidOperationException($"nothing does {output.GetType().Name}");
        }
    }

    private void Tell(long token, SealOutput output, bool isLast)
    {
        var found = isLast ? _publishers.TryRemove(token, out var heard) : _publishers.TryGetValue(token, out heard);
        if (found)
        {
            heard!(output);
        }
    }

    private long Now() => _time.GetUtcNow().ToUnixTimeMilliseconds();
}
