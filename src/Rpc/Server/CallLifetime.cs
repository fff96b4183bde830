using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Fairlead.Rpc;

/// <summary>
/// Cancels a call from outside its handler: the caller is gone, the deadline passes, the server stops, a request does
/// not come in whole, or a write makes no progress. A handler that runs on after that is cut off (RST_STREAM) when its
/// grace is over. Thread-safe.
/// </summary>
internal sealed class CallLifetime : IDisposable
{
    // RFC 9113, section 7: CANCEL.
    private const int ResetCancel = 8;

    private readonly Lock _gate = new();
    private readonly RpcServiceOptions _options;
    private readonly IHttpResetFeature? _reset;
    private readonly CancellationTokenSource _source = new();
    private readonly CancellationTokenRegistration _gone;
    private readonly CancellationTokenRegistration _stopping;
    private ITimer? _deadlineTimer;
    private ITimer? _graceTimer;
    private ITimer? _readTimer;
    private ITimer? _writeTimer;
    private bool _disposed;

    public CallLifetime(HttpContext http, RpcServiceOptions options, CancellationToken stopping)
    {
        _options = options;
        _reset = http.Features.Get<IHttpResetFeature>();
        Token = _source.Token;
        _gone = http.RequestAborted.UnsafeRegister(static self => ((CallLifetime)self!).Cancel(CallEnd.Gone), this);
        _stopping = stopping.UnsafeRegister(static self => ((CallLifetime)self!).Cancel(CallEnd.Stopping), this);
    }

    public CancellationToken Token { get; }

    public CallEnd End { get; private set; }

    public void StartDeadline(TimeSpan timeout) => _deadlineTimer = _options.TimeProvider.CreateTimer(
        static self => ((CallLifetime)self!).Cancel(CallEnd.Deadline),
        this,
        GrpcTimeout.ForTimer(timeout),
        Timeout.InfiniteTimeSpan);

    /// <summary>A request has to be waited for.</summary>
    public void ReadStarts() => Start(
        ref _readTimer, static self => ((CallLifetime)self!).Cancel(CallEnd.SlowRequest), _options.ReadTimeout);

    public void ReadEnded() => _readTimer?.Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);

    /// <summary>A write has to wait for the reader.</summary>
    public void WriteStarts() => Start(
        ref _writeTimer, static self => ((CallLifetime)self!).OnStalled(), _options.WriteTimeout);

    public void WriteEnded() => _writeTimer?.Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);

    /// <summary>Ends the stream at once (RST_STREAM), whatever of it has not been read.</summary>
    public void CutOff()
    {
        lock (_gate)
        {
            if (!_disposed)
            {
                _reset?.Reset(ResetCancel);
            }
        }
    }

    /// <summary>After this no timer touches the stream, which may be another call's by then.</summary>
    public void Dispose()
    {
        lock (_gate)
        {
            _disposed = true;
        }

        _gone.Dispose();
        _stopping.Dispose();
        _deadlineTimer?.Dispose();
        _graceTimer?.Dispose();
        _readTimer?.Dispose();
        _writeTimer?.Dispose();
        _source.Dispose();
    }

    private void Start(ref ITimer? timer, TimerCallback ended, TimeSpan after)
    {
        if (after != Timeout.InfiniteTimeSpan)
        {
            timer ??= _options.TimeProvider.CreateTimer(
                ended, this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
            timer.Change(after, Timeout.InfiniteTimeSpan);
        }
    }

    private void OnStalled()
    {
        Cancel(CallEnd.StalledReader);
        CutOff();
    }

    private void Cancel(CallEnd end)
    {
        lock (_gate)
        {
            if (_disposed || End != CallEnd.None)
            {
                return;
            }

            End = end;
            if (end is CallEnd.Deadline or CallEnd.Stopping or CallEnd.SlowRequest)
            {
                _graceTimer = _options.TimeProvider.CreateTimer(
                    static self => ((CallLifetime)self!).CutOff(),
                    this,
                    _options.HandlerGrace,
                    Timeout.InfiniteTimeSpan);
            }
        }

        try
        {
            _source.Cancel();
        }
        catch (ObjectDisposedException)
        {
            // The call ended between the lock and here.
        }
    }
}
