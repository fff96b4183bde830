namespace Fairlead.Rpc;

/// <summary>
/// Reads one message that is larger than the receiver's limit as it comes, and keeps of it what the receiver wants, in
/// bounded memory whatever its length. For senders that come back with the same message for ever where it is refused.
/// Not thread-safe.
/// </summary>
public abstract class LargeMessage
{
    /// <summary>Takes the next bytes; keeps nothing of the span.</summary>
    /// <exception cref="RpcException">It is refused after all.</exception>
    public abstract void Take(ReadOnlySpan<byte> bytes);

    /// <summary>The message that is left, when all of it was taken.</summary>
    /// <exception cref="RpcException">It is refused after all.</exception>
    public abstract ReadOnlyMemory<byte> End();
}
