using Fairlead.Governance;
using Fairlead.Naming;
using Fairlead.Resolver.State;
using Fairlead.Store;
using Microsoft.Extensions.Logging;
using EntryName = Fairlead.Governance.EntryName;

namespace Fairlead.Anchor.Sealing;

/// <summary>
/// Keeps the newest certified state, its entries and the last seals in the store. Writing happens behind sealing and
/// serving: a slow or broken store delays nothing but itself, and several states that come meanwhile are written as
/// one. Thread-safe.
/// </summary>
internal sealed class Archive : IAsyncDisposable
{
    private const int SealsKept = 64;
    private static readonly TimeSpan RetryPause = TimeSpan.FromSeconds(1);

    // Subscribers first: what a seal sets in motion should find processor and disk free. The journal holds it all.
    private static readonly TimeSpan Gathering = TimeSpan.FromMilliseconds(100);

    private readonly Func<CancellationToken, Task<IStore>> _reopen;
    private readonly StoreMark _mark;
    private readonly ArchiveFormat _format;
    private readonly TimeProvider _time;
    private readonly ILogger _log;
    private readonly long _uncompactedBytes;
    private readonly Lock _gate = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly SemaphoreSlim _signal = new(0, 1);
    private readonly HashSet<EntryName> _changed = [];
    private IStore _store;
    private ArchiveWriter _writer;
    private bool _isOver;
    private bool _all;
    private CertifiedState? _waiting;
    private int _writesToPrune;
    private readonly Task _running;
    private volatile string? _alarm;
    private volatile ArchiveFailure? _failure;

    /// <param name="store">The store; owned from now on.</param>
    /// <param name="reopen">Opens it anew, where it says that nothing else helps.</param>
    /// <param name="mark">What is remembered of it.</param>
    /// <param name="genesis">The segment.</param>
    /// <param name="time">The clock.</param>
    /// <param name="log">Hears of failures.</param>
    /// <param name="uncompactedBytes">After so many bytes the store is compacted: what they superseded would fill the
    /// disk.</param>
    internal Archive(
        IStore store,
        Func<CancellationToken, Task<IStore>> reopen,
        StoreMark mark,
        Digest genesis,
        TimeProvider time,
        ILogger log,
        long uncompactedBytes = ArchiveWriter.UncompactedBytes)
    {
        _store = store;
        _reopen = reopen;
        _mark = mark;
        _format = new ArchiveFormat(genesis);
        _writer = new ArchiveWriter(store, _format, uncompactedBytes);
        _time = time;
        _log = log;
        _uncompactedBytes = uncompactedBytes;
        _running = Task.Run(RunAsync);
    }

    /// <summary>Called on the archive's task with each state that is written.</summary>
    internal event Action<CertifiedState>? Written;

    /// <summary>Why the store is believed to have been replaced or restored since this anchor last wrote (V47); null
    /// where it is not. Stays until the anchor ends.</summary>
    internal string? Alarm => _alarm;

    /// <summary>Since when nothing can be written, and why; null while it can. The journal grows meanwhile.</summary>
    internal ArchiveFailure? Failure => _failure;

    /// <summary>Takes a state to be written; returns at once.</summary>
    internal void Enqueue(CertifiedState state)
    {
        lock (_gate)
        {
            _waiting = state;
            _all |= state.Changed is null;
            foreach (var name in state.Changed ?? [])
            {
                _changed.Add(name);
            }

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
        await WriteAsync(CancellationToken.None, isLast: true).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await _store.DisposeAsync().ConfigureAwait(false);
        _stop.Dispose();
        _signal.Dispose();
    }

    private async Task RunAsync()
    {
        var isChecked = false;
        while (!_stop.IsCancellationRequested)
        {
            if (isChecked)
            {
                await _signal.WaitAsync(_stop.Token).ConfigureAwait(false);
                await Task.Delay(Gathering, _time, _stop.Token).ConfigureAwait(false);
            }

            try
            {
                await ReopenAsync(_stop.Token).ConfigureAwait(false);

                // Before the first write: what a restore took away is written anew with it, and could not be told
                // after.
                if (!isChecked)
                {
                    await CheckAsync(false, _stop.Token).ConfigureAwait(false);
                    isChecked = true;
                    continue;
                }

                await MakeRoomAsync(_stop.Token).ConfigureAwait(false);
                await WriteAsync(_stop.Token).ConfigureAwait(false);
                Archived();
            }
            catch (Exception e) when (e is not OperationCanceledException)
            {
                Failed(e);
                lock (_gate)
                {
                    if (_waiting is not null && _signal.CurrentCount == 0)
                    {
                        _signal.Release();
                    }
                }

                await Task.Delay(RetryPause, _time, _stop.Token).ConfigureAwait(false);
            }
        }
    }

    // Said once as long as the reason stays.
    private void Failed(Exception error)
    {
        _isOver |= error is not (StateException or StoreException { NeedsReopening: false });
        if (_failure?.Reason != error.Message)
        {
            SealLog.NotArchived(_log, error);
        }

        _failure = new ArchiveFailure(
            _failure?.Since ?? _time.GetUtcNow().ToUnixTimeMilliseconds(), error.Message);
    }

    private void Archived()
    {
        if (_failure is { } failure)
        {
            SealLog.ArchivedAgain(_log, failure.Since);
            _failure = null;
        }
    }

    // After a failure: what was left unfinished, and what was superseded before, may be what fills the disk. Where
    // nothing can be freed, the write that follows tells why.
    private async Task MakeRoomAsync(CancellationToken cancellationToken)
    {
        _writer.IsTight = _failure is not null;
        if (!_writer.IsTight)
        {
            return;
        }

        try
        {
            await _writer.CompactAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (StoreException)
        {
        }
    }

    // Closed before it is opened: it is held by one opening at a time.
    private async Task ReopenAsync(CancellationToken cancellationToken)
    {
        if (!_isOver)
        {
            return;
        }

        await _store.DisposeAsync().ConfigureAwait(false);
        _store = await _reopen(cancellationToken).ConfigureAwait(false);
        _writer = new ArchiveWriter(_store, _format, _uncompactedBytes);
        _isOver = false;
    }

    private async Task WriteAsync(CancellationToken cancellationToken, bool isLast = false)
    {
        await CheckAsync(isLast, cancellationToken).ConfigureAwait(false);
        CertifiedState? state;
        List<EntryName>? changed;
        lock (_gate)
        {
            (state, _waiting) = (_waiting, null);
            changed = _all ? null : [.. _changed];
            if (state is not null)
            {
                _all = false;
                _changed.Clear();
            }
        }

        if (state is null)
        {
            return;
        }

        try
        {
            await _writer.WriteAsync(state, changed, cancellationToken).ConfigureAwait(false);
        }
        catch
        {
            // How much of it is written is unknown: the next try writes all of it.
            lock (_gate)
            {
                _waiting ??= state;
                _all |= changed is null;
                _changed.UnionWith(changed ?? []);
            }

            throw;
        }

        Written?.Invoke(state);
        await CheckAsync(isLast, cancellationToken).ConfigureAwait(false);
        await PruneAsync(cancellationToken).ConfigureAwait(false);
    }

    // V47: whatever happened to the store, it is written anew from what is held here.
    private async Task CheckAsync(bool isLast, CancellationToken cancellationToken)
    {
        if (_mark.Check(await _store.GetStatusAsync(cancellationToken).ConfigureAwait(false), isLast) is { } alarm)
        {
            _alarm = alarm;
            SealLog.StoreRolledBack(_log, alarm);
            lock (_gate)
            {
                _all = true;
            }
        }
    }

    // Listing the seals after each of them would cost more than what is written.
    private async Task PruneAsync(CancellationToken cancellationToken)
    {
        if (--_writesToPrune > 0 && !_writer.IsDue)
        {
            return;
        }

        _writesToPrune = SealsKept;
        var range = KeyRange.Prefix(_format.Seals);
        var seals = await _store.RangeAsync(new RangeRequest(range) { KeysOnly = true }, cancellationToken)
            .ConfigureAwait(false);
        if (seals.Entries.Count > 2 * SealsKept)
        {
            var end = seals.Entries[^SealsKept].Key;
            await CommitAsync(
                [new Operation.Delete(KeyRange.Between(StoreKey.FromText(_format.Seals), end))], cancellationToken)
                .ConfigureAwait(false);
        }

        await _writer.CompactAsync(cancellationToken).ConfigureAwait(false);
    }

    private async Task CommitAsync(IReadOnlyList<Operation> operations, CancellationToken cancellationToken) =>
        await _store.CommitAsync(new Transaction { Success = operations }, cancellationToken).ConfigureAwait(false);
}
