using System.Net;
using Fairlead.Resolver.State;

namespace Fairlead.Sidecar.Dns;

/// <summary>
/// The table of addresses with its file: an address is on the disk, and listened at, before anybody is told of it.
/// When each was last told is saved once in an hour in which one was. Thread-safe.
/// </summary>
internal sealed class VipBook : IDisposable
{
    private static readonly TimeSpan UsesSavedEvery = TimeSpan.FromHours(1);

    private readonly VipTable _table;
    private readonly DurableFile? _file;
    private readonly VipReady _ready;
    private readonly TimeProvider _time;
    private readonly SemaphoreSlim _saving = new(1, 1);
    private long _usesSavedAt;

    private VipBook(VipTable table, DurableFile? file, VipReady ready, TimeProvider time)
    {
        _table = table;
        _file = file;
        _ready = ready;
        _time = time;
        _usesSavedAt = time.GetTimestamp();
    }

    internal VipTable Table => _table;

    /// <summary>Opens the book.</summary>
    /// <param name="range">The addresses to give.</param>
    /// <param name="path">The file; null to remember nothing.</param>
    /// <param name="ready">Makes an address work before it is told.</param>
    /// <exception cref="StateException">The file cannot be read, or is damaged.</exception>
    internal static VipBook Open(VipRange range, string? path, VipReady ready, TimeProvider time)
    {
        var file = path is null ? null : new DurableFile(path);
        try
        {
            var saved = file?.Load() is { } bytes ? VipState.Read(bytes) : [];
            return new VipBook(new VipTable(range, saved), file, ready, time);
        }
        catch (FormatException e)
        {
            throw new StateException(StateError.StateCorrupt, $"{path} is {e.Message}; move it away", e);
        }
    }

    /// <summary>What <see cref="GetAsync"/> says, where it is there without a wait: the address is on the disk, and
    /// what makes it work has nothing to do.</summary>
    internal bool TryGet(string name, ServiceView service, out (IPAddress? Address, string? Trouble) vip)
    {
        vip = default;
        if (AreUsesDue || _table.TryUse(name, Now) is not { } address)
        {
            return false;
        }

        var ready = _ready(name, address, service, CancellationToken.None);
        if (!ready.IsCompletedSuccessfully)
        {
            return false;
        }

        vip = Told(address, ready.Result);
        return true;
    }

    /// <summary>The address of a service, or why it has none now.</summary>
    internal async ValueTask<(IPAddress? Address, string? Trouble)> GetAsync(
        string name, ServiceView service, CancellationToken cancellationToken)
    {
        try
        {
            // One at a time: whoever finds an entry made by another must not tell it before it is saved.
            await _saving.WaitAsync(cancellationToken).ConfigureAwait(false);
            IPAddress address;
            try
            {
                address = _table.Assign(name, Now);
                if (_table.IsUnsaved)
                {
                    Save();
                }
                else if (AreUsesDue)
                {
                    SaveUses();
                }
            }
            finally
            {
                _saving.Release();
            }

            return Told(address, await _ready(name, address, service, cancellationToken).ConfigureAwait(false));
        }
        catch (Exception e) when (e is VipExhaustedException or StateException)
        {
            return (null, e.Message);
        }
    }

    /// <summary>Makes the address of a service work that was given before, without giving it to anybody.</summary>
    /// <returns>Why it does not work; null where it does, or where the service has none any more.</returns>
    internal async Task<VipTrouble?> ReopenAsync(
        string name, ServiceView service, CancellationToken cancellationToken) =>
        _table.AddressOf(name) is { } address
            ? await _ready(name, address, service, cancellationToken).ConfigureAwait(false)
            : null;

    private long Now => _time.GetUtcNow().ToUnixTimeMilliseconds();

    private bool AreUsesDue => _time.GetElapsedTime(Volatile.Read(ref _usesSavedAt)) >= UsesSavedEvery;

    private static (IPAddress? Address, string? Trouble) Told(IPAddress address, VipTrouble? trouble) =>
        trouble is null ? (address, null) : (null, trouble.Text);

    private void Save()
    {
        Volatile.Write(ref _usesSavedAt, _time.GetTimestamp());
        var entries = _table.Snapshot();
        _file?.Save(VipState.Write(entries));
        _table.Saved(entries);
    }

    // Without this a name whose address never changes looks unused for as long as the process has run: another would
    // get its address, and a restart would reopen others before it.
    private void SaveUses()
    {
        try
        {
            Save();
        }
        catch (StateException)
        {
            // The address itself is on the disk, so that it may be told; the next hour tries again.
        }
    }

    public void Dispose() => _saving.Dispose();
}

/// <summary>
/// Makes an address work for a service: whoever proxies listens on each of the service's ports there. Called at each
/// answer, so it must be quick where nothing is to do; thread-safe.
/// </summary>
/// <returns>Null when connections are taken; else why not, for people.</returns>
internal delegate ValueTask<VipTrouble?> VipReady(
    string name, IPAddress address, ServiceView service, CancellationToken cancellationToken);

/// <summary>Why nobody listens at an address. Immutable.</summary>
/// <param name="Text">For people.</param>
/// <param name="IsLasting">Whether it stays so until the name changes.</param>
internal sealed record VipTrouble(string Text, bool IsLasting = false);
