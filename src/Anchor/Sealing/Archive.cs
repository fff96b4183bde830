using System.Globalization;
using Fairlead.Anchor.Peers;
using Fairlead.Governance;
using Fairlead.Naming;
using Fairlead.Protocol;
using Fairlead.Protocol.V1;
using Fairlead.Store;
using Google.Protobuf;
using Microsoft.Extensions.Logging;
using EntryName = Fairlead.Governance.EntryName;

namespace Fairlead.Anchor.Sealing;

/// <summary>
/// Keeps the newest certified state, its entries and the last seals in the store. Writing happens behind sealing and
/// serving: a slow or broken store delays nothing but itself, and several states that come meanwhile are written as one.
/// Thread-safe.
/// </summary>
internal sealed class Archive : IAsyncDisposable
{
    private const int SealsKept = 64;
    private const int OperationsMax = 500;
    private static readonly TimeSpan RetryPause = TimeSpan.FromSeconds(1);

    private readonly IStore _store;
    private readonly string _prefix;
    private readonly TimeProvider _time;
    private readonly ILogger _log;
    private readonly Lock _gate = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly SemaphoreSlim _signal = new(0, 1);
    private readonly HashSet<EntryName> _changed = [];
    private bool _all;
    private CertifiedState? _waiting;
    private readonly Task _running;

    internal Archive(IStore store, Digest genesis, TimeProvider time, ILogger log)
    {
        _store = store;
        _prefix = $"s/{genesis}/";
        _time = time;
        _log = log;
        _running = Task.Run(RunAsync);
    }

    /// <summary>The newest certified state as it was last written; null where none was.</summary>
    internal static async Task<(Envelope Seal, IReadOnlyList<SignedEntry> Entries)?> LoadAsync(
        IStore store, Digest genesis, CancellationToken cancellationToken)
    {
        var prefix = $"s/{genesis}/";
        var newest = await store.RangeAsync(new RangeRequest(KeyRange.Single(Key(prefix + "newest"))), cancellationToken)
            .ConfigureAwait(false);
        if (newest.Entries is not [var seal] || !WireReader.TryRead(Signed.Parser.ParseFrom(seal.Value.Span), out var envelope, out _))
        {
            return null;
        }

        var entries = new List<SignedEntry>();
        var range = KeyRange.Prefix(prefix + "entry/");
        var page = await store.RangeAsync(new RangeRequest(range), cancellationToken).ConfigureAwait(false);
        foreach (var stored in page.Entries)
        {
            if (EntryWire.Read(Protocol.V1.Entry.Parser.ParseFrom(stored.Value.Span)) is { } entry)
            {
                entries.Add(entry);
            }
        }

        return (envelope, entries);
    }

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
        await WriteAsync(CancellationToken.None).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await _store.DisposeAsync().ConfigureAwait(false);
        _stop.Dispose();
        _signal.Dispose();
    }

    private async Task RunAsync()
    {
        while (!_stop.IsCancellationRequested)
        {
            await _signal.WaitAsync(_stop.Token).ConfigureAwait(false);
            try
            {
                await WriteAsync(_stop.Token).ConfigureAwait(false);
            }
            catch (StoreException e)
            {
                SealLog.NotArchived(_log, e);
                lock (_gate)
                {
                    _all = true;
                    if (_waiting is not null && _signal.CurrentCount == 0)
                    {
                        _signal.Release();
                    }
                }

                await Task.Delay(RetryPause, _time, _stop.Token).ConfigureAwait(false);
            }
        }
    }

    // The seal is written last: until it is, a start finds the state before, and learns the rest from the other anchors.
    private async Task WriteAsync(CancellationToken cancellationToken)
    {
        CertifiedState? state;
        List<EntryName> changed;
        lock (_gate)
        {
            state = _waiting;
            changed = [.. _all && state is not null ? state.State.Entries.Select(entry => entry.Name) : _changed];
        }

        if (state is null)
        {
            return;
        }

        foreach (var chunk in changed.Chunk(OperationsMax))
        {
            await CommitAsync([.. chunk.Select(name => Write(state.State, name))], cancellationToken).ConfigureAwait(false);
        }

        var certificate = WireWriter.ToMessage(state.Certificate).ToByteArray();
        var number = string.Create(CultureInfo.InvariantCulture, $"seal/{state.Seal.Epoch:D16}/{state.Seal.Seq:D16}");
        await CommitAsync(
            [new Operation.Put(Key(_prefix + "newest"), certificate), new Operation.Put(Key(_prefix + number), certificate)],
            cancellationToken).ConfigureAwait(false);
        lock (_gate)
        {
            if (ReferenceEquals(_waiting, state))
            {
                _waiting = null;
                _changed.Clear();
                _all = false;
            }
        }

        await PruneAsync(cancellationToken).ConfigureAwait(false);
    }

    private async Task PruneAsync(CancellationToken cancellationToken)
    {
        var range = KeyRange.Prefix(_prefix + "seal/");
        var seals = await _store.RangeAsync(new RangeRequest(range) { KeysOnly = true }, cancellationToken).ConfigureAwait(false);
        if (seals.Entries.Count > 2 * SealsKept)
        {
            var end = seals.Entries[^SealsKept].Key;
            await CommitAsync([new Operation.Delete(KeyRange.Between(Key(_prefix + "seal/"), end))], cancellationToken)
                .ConfigureAwait(false);
            await _store.CompactAsync(seals.Revision, cancellationToken).ConfigureAwait(false);
        }
    }

    private Operation Write(LeafState state, EntryName name)
    {
        var key = Key(string.Create(CultureInfo.InvariantCulture, $"{_prefix}entry/{(int)name.Class:x2}/{name.Name}"));
        return state.Find(name) is { } entry
            ? new Operation.Put(key, EntryWire.Write(entry.Source).ToByteArray())
            : new Operation.Delete(KeyRange.Single(key));
    }

    private async Task CommitAsync(IReadOnlyList<Operation> operations, CancellationToken cancellationToken) =>
        await _store.CommitAsync(new Transaction { Success = operations }, cancellationToken).ConfigureAwait(false);

    private static StoreKey Key(string text) => StoreKey.FromText(text);
}
