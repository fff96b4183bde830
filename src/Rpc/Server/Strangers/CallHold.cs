using Microsoft.AspNetCore.Http;

namespace Fairlead.Rpc;

/// <summary>
/// The bytes that a server holds for one call of a stranger: its headers, all requests as long as the call lasts, for
/// its handler may keep them, and responses until they are read. Thread-safe.
/// </summary>
internal sealed class CallHold : IDisposable
{
    // What a call takes that says nothing yet.
    private const int BaseBytes = 8 << 10;

    private readonly Lock _gate = new();
    private readonly Stranger _stranger;
    private long _held;
    private long _part;
    private long _unsent;
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

    /// <summary>So much of a request is there.</summary>
    public void Reads(long bytes)
    {
        lock (_gate)
        {
            Add(bytes - _part);
            _part = bytes;
        }
    }

    /// <summary>A request of this size is whole.</summary>
    public void HasRead(long bytes)
    {
        lock (_gate)
        {
            Add(bytes - _part);
            _part = 0;
        }
    }

    /// <summary>A response of this size was written.</summary>
    public void Wrote(long bytes)
    {
        lock (_gate)
        {
            Add(bytes);
            _unsent += bytes;
        }
    }

    /// <summary>What was written is read, but for what the transport may keep of it.</summary>
    public void Flushed()
    {
        lock (_gate)
        {
            var kept = Math.Min(_unsent, RpcDefaults.BufferedBytes);
            Add(kept - _unsent);
            _unsent = kept;
        }
    }

    public void Accept() => _stranger.Accept();

    /// <summary>The call is over: what comes of it yet is not counted. Nobody says when the last of its response is
    /// read, and so that counts for as long as the connection does.</summary>
    public void Dispose()
    {
        lock (_gate)
        {
            Add(Math.Min(_unsent, RpcDefaults.BufferedBytes) - _held);
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
