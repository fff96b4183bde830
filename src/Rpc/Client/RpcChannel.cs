namespace Fairlead.Rpc;

/// <summary>
/// A client of one server, over HTTP/2: <c>http://host:port</c> (h2c with prior knowledge), <c>https://ip:port</c>
/// (TLS 1.3 with pinned keys) or <c>unix:/path</c> (h2c). Connects with the first call and again after a loss;
/// thread-safe. Disposing it ends its calls.
/// </summary>
public sealed class RpcChannel : IAsyncDisposable
{
    private const string UnixPrefix = "unix:";

    private readonly CancellationTokenSource _closing = new();
    private readonly HttpMessageInvoker _invoker;
    private readonly ChannelCore _core;
    private readonly ServerKeyGate? _keys;
    private int _disposed;

    /// <summary>
    /// Makes the channel; nothing is connected yet. Throws <see cref="ArgumentException"/> for a bad target.
    /// </summary>
    public RpcChannel(string target, RpcChannelOptions? options = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(target);
        Target = target;
        var own = Copy(options ?? new RpcChannelOptions());
        var socketPath = target.StartsWith(UnixPrefix, StringComparison.Ordinal) ? target[UnixPrefix.Length..] : null;
        var address = socketPath is not null ? new Uri("http://localhost") : ParseAddress(target);
        if (address.Scheme == Uri.UriSchemeHttps)
        {
            _keys = new ServerKeyGate(target, own.ServerKeyCheck
                ?? throw new ArgumentException("A channel over TLS needs a ServerKeyCheck.", nameof(options)));
        }

        _invoker = new HttpMessageInvoker(ChannelHandler.Create(own, socketPath, _keys), disposeHandler: true);
        _core = new ChannelCore(address, _invoker, own, _closing.Token);
    }

    /// <summary>The target as given.</summary>
    public string Target { get; }

    /// <summary>
    /// The P-256 point of the server (65 bytes) once a TLS connection has been accepted, else null. It never changes: a
    /// server that comes back with another key is refused as <see cref="TransportFailure.TransportKeyMismatch"/>.
    /// </summary>
    public byte[]? ServerKey => _keys?.Key;

    /// <summary>Starts calls on this channel.</summary>
    public CallInvoker CreateCallInvoker() => new ChannelInvoker(_core);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) == 0)
        {
            await _closing.CancelAsync().ConfigureAwait(false);
            _invoker.Dispose();
            _closing.Dispose();
        }
    }

    private static Uri ParseAddress(string target) =>
        Uri.TryCreate(target, UriKind.Absolute, out var uri)
        && (uri.Scheme == Uri.UriSchemeHttp || uri.Scheme == Uri.UriSchemeHttps)
        && uri.AbsolutePath == "/"
            ? uri
            : throw new ArgumentException(
                $"{target} is none of http://host:port, https://ip:port, unix:/path.", nameof(target));

    private static RpcChannelOptions Copy(RpcChannelOptions options) => new()
    {
        Identity = options.Identity,
        ServerKeyCheck = options.ServerKeyCheck,
        ConnectTimeout = options.ConnectTimeout,
        MaxReceiveMessageBytes = options.MaxReceiveMessageBytes,
        MaxSendMessageBytes = options.MaxSendMessageBytes,
        KeepAlivePeriod = options.KeepAlivePeriod,
        KeepAliveTimeout = options.KeepAliveTimeout,
        Authority = options.Authority,
        TimeProvider = options.TimeProvider,
    };
}
