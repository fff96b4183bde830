namespace Fairlead.Rpc;

/// <summary>
/// A call of one request and a stream of responses. Disposing it cancels a call that has not ended. Thread-safe.
/// </summary>
public sealed class AsyncServerStreamingCall<TResponse> : IDisposable
{
    private readonly Func<Status> _getStatus;
    private readonly Func<Metadata> _getTrailers;
    private readonly Action _dispose;

    /// <summary>A call made of its parts, as interceptors and test doubles make one.</summary>
    public AsyncServerStreamingCall(
        IAsyncStreamReader<TResponse> responseStream,
        Task<Metadata> responseHeadersAsync,
        Func<Status> getStatusFunc,
        Func<Metadata> getTrailersFunc,
        Action disposeAction)
    {
        ResponseStream = responseStream;
        ResponseHeadersAsync = responseHeadersAsync;
        _getStatus = getStatusFunc;
        _getTrailers = getTrailersFunc;
        _dispose = disposeAction;
    }

    /// <summary>The response stream.</summary>
    public IAsyncStreamReader<TResponse> ResponseStream { get; }

    /// <summary>The response headers, once they have come.</summary>
    public Task<Metadata> ResponseHeadersAsync { get; }

    /// <summary>The status of an ended call; throws before.</summary>
    public Status GetStatus() => _getStatus();

    /// <summary>The trailers of an ended call; throws before.</summary>
    public Metadata GetTrailers() => _getTrailers();

    /// <summary>Cancels the call unless it has ended, and frees what it holds.</summary>
    public void Dispose() => _dispose();
}
