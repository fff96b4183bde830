using System.Runtime.CompilerServices;

namespace Fairlead.Rpc;

/// <summary>
/// A call of a stream of requests and one response. Disposing it cancels a call that has not ended. Thread-safe.
/// </summary>
public sealed class AsyncClientStreamingCall<TRequest, TResponse> : IDisposable
{
    private readonly Func<Status> _getStatus;
    private readonly Func<Metadata> _getTrailers;
    private readonly Action _dispose;

    /// <summary>A call made of its parts, as interceptors and test doubles make one.</summary>
    public AsyncClientStreamingCall(
        IClientStreamWriter<TRequest> requestStream,
        Task<TResponse> responseAsync,
        Task<Metadata> responseHeadersAsync,
        Func<Status> getStatusFunc,
        Func<Metadata> getTrailersFunc,
        Action disposeAction)
    {
        RequestStream = requestStream;
        ResponseAsync = responseAsync;
        ResponseHeadersAsync = responseHeadersAsync;
        _getStatus = getStatusFunc;
        _getTrailers = getTrailersFunc;
        _dispose = disposeAction;
    }

    /// <summary>The request stream.</summary>
    public IClientStreamWriter<TRequest> RequestStream { get; }

    /// <summary>The response; fails with <see cref="RpcException"/> if the call does.</summary>
    public Task<TResponse> ResponseAsync { get; }

    /// <summary>The response headers, once they have come.</summary>
    public Task<Metadata> ResponseHeadersAsync { get; }

    /// <summary>Awaits the response.</summary>
    public TaskAwaiter<TResponse> GetAwaiter() => ResponseAsync.GetAwaiter();

    /// <summary>Awaits the response with or without the caller's context.</summary>
    public ConfiguredTaskAwaitable<TResponse> ConfigureAwait(bool continueOnCapturedContext) =>
        ResponseAsync.ConfigureAwait(continueOnCapturedContext);

    /// <summary>The status of an ended call; throws before.</summary>
    public Status GetStatus() => _getStatus();

    /// <summary>The trailers of an ended call; throws before.</summary>
    public Metadata GetTrailers() => _getTrailers();

    /// <summary>Cancels the call unless it has ended, and frees what it holds.</summary>
    public void Dispose() => _dispose();
}
