using System.Collections.Concurrent;
using System.Threading.Channels;
using Fairlead.Anchor.Journal;
using Fairlead.Governance;
using Microsoft.Extensions.Logging;

namespace Fairlead.Anchor.Sealing;

/// <summary>
/// Drives the seal engine: one task owns it, takes inputs in the order in which they come, and does what it asks for in
/// the order in which it asks. What is to be journaled is on the disk before anything after it leaves (V43). Posting is
/// thread-safe.
/// </summary>
internal sealed class SealLoop : IAsyncDisposable
{
    private const int InputsMax = 65_536;

    // Wakes the loop and is no input of the engine.
    private static readonly SealInput Wake = new SealInput.Tick();

    private readonly SealEngine _engine;
    private readonly JournalFile _journal;
    private readonly SignedTail _tail = new();
    private readonly ISealShell _shell;
    private readonly TimeProvider _time;
    private readonly ILogger _log;
    private readonly Channel<SealInput> _inputs = Channel.CreateBounded<SealInput>(
        new BoundedChannelOptions(InputsMax) { SingleReader = true, FullMode = BoundedChannelFullMode.Wait });

    private readonly ConcurrentDictionary<long, Action<SealOutput>> _publishers = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly Lock _statusGate = new();
    private (long Term, string Leader, int Pending) _status;
    private CertifiedState? _archived;
    private long _tokens;
    private long _rotations;
    private readonly ITimer _alarm;
    private long? _timer;
    private long _armed = long.MaxValue;
    private Task _running = Task.CompletedTask;

    internal SealLoop(SealEngineOptions options, JournalFile journal, ISealShell shell, TimeProvider time, ILogger log)
    {
        _journal = journal;
        _shell = shell;
        _time = time;
        _log = log;
        _alarm = time.CreateTimer(
            _ => _inputs.Writer.TryWrite(Wake), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        _engine = new SealEngine(options, Now());
        _status = (_engine.Term, _engine.Leader, 0);
        if (!_engine.IsHalted)
        {
            _tail.Start(options.Journal, options.Epoch.Value.Number, _engine.Newest?.Seal.Seq ?? -1);
        }
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

    /// <summary>Starts the task; a state that the archive kept is served at once.</summary>
    internal void Start()
    {
        if (_engine.Newest is { } newest)
        {
            _shell.OnCertified(newest);
        }

        _running = Task.Run(RunAsync);
    }

    /// <summary>The archive holds this state: a new file of the journal may start at it. Returns at once.</summary>
    internal void OnArchived(CertifiedState state) => Interlocked.Exchange(ref _archived, state);

    /// <summary>Gives an input; false where the loop is so far behind that it is dropped.</summary>
    internal bool Post(SealInput input) => _inputs.Writer.TryWrite(input);

    /// <summary>Offers an entry; <paramref name="heard"/> is called on the loop's task with what becomes of
    /// it.</summary>
    /// <returns>The token to forget it by.</returns>
    internal long Publish(SignedEntry entry, Action<SealOutput> heard)
    {
        var token = Interlocked.Increment(ref _tokens);
        _publishers[token] = heard;
        Post(new SealInput.Publish(token, entry));
        return token;
    }

    /// <summary>Stops reporting on an entry.</summary>
    internal void Forget(long token)
    {
        if (_publishers.TryRemove(token, out _))
        {
            Post(new SealInput.Forget(token));
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync().ConfigureAwait(false);
        await _running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await _alarm.DisposeAsync().ConfigureAwait(false);
        _journal.Dispose();
        _stop.Dispose();
    }

    private async Task RunAsync()
    {
        try
        {
            Do(_engine.Step(new SealInput.Tick(), Now()));
            while (!_stop.IsCancellationRequested)
            {
                Arm();
                await _inputs.Reader.WaitToReadAsync(_stop.Token).ConfigureAwait(false);
                while (_inputs.Reader.TryRead(out var input))
                {
                    if (ReferenceEquals(input, Wake))
                    {
                        _armed = long.MaxValue;
                    }
                    else
                    {
                        Do(_engine.Step(input, Now()));
                    }
                }

                if (_timer is { } due && due <= Now())
                {
                    _timer = null;
                    Do(_engine.Step(new SealInput.Tick(), Now()));
                }

                Rotate();
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

    // The engine asks for another time at nearly every step, and mostly for a later one: an alarm that comes too early
    // is set anew then, which costs less than setting it each time.
    private void Arm()
    {
        var now = Now();
        if (_timer is { } due && (due < _armed || _armed <= now))
        {
            _armed = due;
            _alarm.Change(TimeSpan.FromMilliseconds(Math.Max(0, due - now)), Timeout.InfiniteTimeSpan);
        }
    }

    // 4.11: a new file starts at a certified seal whose state is archived, with what was signed above it.
    private void Rotate()
    {
        if (!_journal.IsDue || Interlocked.Exchange(ref _archived, null) is not { } state)
        {
            return;
        }

        var before = _journal.End;
        var carried = _tail.Above(state.Seal.Epoch, state.Seal.Seq)
            .SelectMany(body => JournalParts.Split(body)).Select(part => part.ToArray()).ToList();
        _journal.Rotate(state.Seal.Epoch, state.Seal.Seq, state.Seal.Root.ToString(), carried);
        Interlocked.Increment(ref _rotations);
        SealLog.Rotated(_log, state.Seal.Epoch, state.Seal.Seq, before, _journal.End);
    }

    private void Journal(ReadOnlyMemory<byte> body)
    {
        foreach (var part in JournalParts.Split(body))
        {
            _journal.Append(part.Span);
        }

        _tail.Add(body);
    }

    private void Do(IReadOnlyList<SealOutput> outputs)
    {
        foreach (var output in outputs)
        {
            Do(output);
        }

        lock (_statusGate)
        {
            _status = (_engine.Term, _engine.Leader, _engine.Pending);
        }
    }

    private void Do(SealOutput output)
    {
        switch (output)
        {
            case SealOutput.Journal journal:
                Journal(journal.Body);
                break;
            case SealOutput.Send send:
                _shell.Send(send.To, send.Message);
                break;
            case SealOutput.Broadcast broadcast:
                _shell.Broadcast(broadcast.Message);
                break;
            case SealOutput.Certified certified:
                _tail.Settle(certified.State.Seal.Epoch, certified.State.Seal.Seq);
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
            case SealOutput.SetTimer timer:
                _timer = timer.At;
                break;
            case SealOutput.Evidence evidence:
                SealLog.Evidence(_log, evidence.Failure);
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
