namespace Fairlead.Rpc;

/// <summary>A stream of messages being read. One reader at a time.</summary>
public interface IAsyncStreamReader<out T>
{
    /// <summary>The message the last <see cref="MoveNext"/> has read.</summary>
    T Current { get; }

    /// <summary>
    /// Reads the next message; false when the other side has ended the stream well. A client gets the call's status as
    /// an <see cref="RpcException"/> if it is not OK.
    /// </summary>
    Task<bool> MoveNext(CancellationToken cancellationToken);
}
