namespace Fairlead.Rpc;

/// <summary>A stream of messages being written. One write at a time: a second one throws.</summary>
public interface IAsyncStreamWriter<in T>
{
    /// <summary>How the next message is written; null for <see cref="WriteOptions.Default"/>.</summary>
    WriteOptions? WriteOptions { get; set; }

    /// <summary>Writes a message; ends when the transport has taken it.</summary>
    Task WriteAsync(T message);

    /// <summary>Writes a message; cancelling it cancels the call.</summary>
    Task WriteAsync(T message, CancellationToken cancellationToken);
}
