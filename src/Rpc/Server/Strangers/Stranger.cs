using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;

namespace Fairlead.Rpc;

/// <summary>One connection as its server's <see cref="StrangerLedger"/> counts it, from before its handshake until
/// somebody on it is accepted. Thread-safe.</summary>
internal sealed class Stranger(StrangerLedger ledger, ConnectionContext connection, long since)
{
    private volatile bool _isCounted = true;

    /// <summary>Whether it counts still: nobody on it was accepted, and it was not dropped.</summary>
    public bool IsCounted
    {
        get => _isCounted;
        set => _isCounted = value;
    }

    public StrangerOrigin Origin { get; } = StrangerOrigin.Of(connection.RemoteEndPoint);

    /// <summary>When it came, as a timestamp.</summary>
    public long Since { get; } = since;

    // The ledger's, under its lock.
    public LinkedListNode<Stranger>? Place { get; set; }

    public long IdleSince { get; set; } = since;

    public long? ClosingSince { get; set; }

    public bool IsDropped { get; set; }

    public int Calls { get; set; }

    public int CallsInAll { get; set; }

    public long Bytes { get; set; }

    /// <summary>A call begins.</summary>
    /// <returns>Why it must not; null where it may, and ends with <see cref="End"/>.</returns>
    public StrangerRefusal? Begin() => _isCounted || IsDropped ? ledger.Begin(this) : null;

    public void End()
    {
        if (_isCounted)
        {
            ledger.End(this);
        }
    }

    /// <summary>So many bytes more are held for it, or fewer.</summary>
    public void Hold(long more)
    {
        if (_isCounted && more != 0)
        {
            ledger.Hold(this, more);
        }
    }

    /// <summary>Somebody on it was accepted.</summary>
    public void Accept()
    {
        if (_isCounted)
        {
            ledger.Remove(this);
        }
    }

    /// <summary>Has it end when its calls have (GOAWAY).</summary>
    public void Close() => connection.Features.Get<IConnectionLifetimeNotificationFeature>()?.RequestClose();

    /// <summary>Cuts it off soon, and not under whatever lock the caller has.</summary>
    public void Abort() => ThreadPool.UnsafeQueueUserWorkItem(
        static connection => connection.Abort(new ConnectionAbortedException("A stranger held too much.")),
        connection, preferLocal: false);
}
