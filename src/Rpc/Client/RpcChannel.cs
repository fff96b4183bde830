namespace Fairlead.Rpc;

/// <summary>
/// A client of one server, over HTTP/2: <c>http://host:port</c> (h2c with prior knowledge), <c>https://ip:port</c> (TLS 1.3
/// with pinned keys) or <c>unix:/path</c> (h2c). Connects with the first call and again after a loss; thread-safe. Disposing
/// it ends its calls.
/// </summary>
public sealed class RpcChannel : IAsyncDisposable
{
    /// <summary>Makes the channel; nothing is connected yet. Throws <see cref="ArgumentException"/> for a bad target.</summary>
    public RpcChannel(string target, RpcChannelOptions? options = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(target);
        Target = target;
        _ = options;
    }

    /// <summary>The target as given.</summary>
    public string Target { get; }

    /// <summary>
    /// The P-256 point of the server (65 bytes) once a TLS connection has been accepted, else null. It never changes: a
    /// server that comes back with another key is refused as <see cref="TransportFailure.TransportKeyMismatch"/>.
    /// </summary>
    public byte[]? ServerKey { get; private set; }

    /// <summary>Starts calls on this channel.</summary>
    public CallInvoker CreateCallInvoker() => throw new NotImplementedException(Target);

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
