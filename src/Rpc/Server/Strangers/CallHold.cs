using Microsoft.AspNetCore.Http;

namespace Fairlead.Rpc;

/// <summary>
/// The bytes that a server holds for one call of a stranger beside the pages of its connection
/// (<see cref="StrangerPages"/>): its headers, and all requests as long as the call lasts, for its handler may keep
/// them. Thread-safe.
/// </summary>
internal sealed class CallHold : IDisposable
{
    // What a call takes that says nothing yet.
    private const int BaseBytes = 8 << 10;

    private readonly Lock _gate = new();
    private readonly Stranger _stranger;
    private long _held;
    private bool _isOver;

    private CallHold(Stranger stranger, IHeaderDictionary headers)
    {
        _stranger = stranger;
        var bytes = BaseBytes;
        foreach (var (name, values) in headers)
        {
            bytes += name.Length + values.Sum(value => value?.Length ?? 0);
        }

        Add(bytes);
    }

    /// <summary>Begins to count for a call; null where the caller is no stranger.</summary>
    public static CallHold? Of(HttpContext http) => http.Features.Get<Stranger>() is { IsCounted: true } stranger
        ? new CallHold(stranger, http.Request.Headers)
        : null;

    /// <summary>A request of this size is whole.</summary>
    public void HasRead(long bytes)
    {
        lock (_gate)
        {
            Add(bytes);
        }
    }

    public void Accept() => _stranger.Accept();

    /// <summary>The call is over: what comes of it yet is not counted.</summary>
    public void Dispose()
    {
        lock (_gate)
        {
            Add(-_held);
            _isOver = true;
        }
    }

    private void Add(long bytes)
    {
        if (!_isOver)
        {
            _held += bytes;
            _stranger.Hold(bytes);
        }
    }
}
