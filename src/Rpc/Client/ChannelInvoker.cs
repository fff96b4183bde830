namespace Fairlead.Rpc;

/// <summary>Starts the calls of a channel. Thread-safe.</summary>
internal sealed class ChannelInvoker(ChannelCore channel) : CallInvoker
{
    public override TResponse BlockingUnaryCall<TRequest, TResponse>(
        Method<TRequest, TResponse> method, string? host, CallOptions options, TRequest request)
    {
        using var call = AsyncUnaryCall(method, host, options, request);
        return call.ResponseAsync.GetAwaiter().GetResult();
    }

    public override AsyncUnaryCall<TResponse> AsyncUnaryCall<TRequest, TResponse>(
        Method<TRequest, TResponse> method, string? host, CallOptions options, TRequest request)
    {
        var call = StartSingle(method, host, options, request);
        return new AsyncUnaryCall<TResponse>(
            Observed(call.ReadSingleAsync()), call.HeadersAsync, call.GetStatus, call.GetTrailers, call.Dispose);
    }

    public override AsyncServerStreamingCall<TResponse> AsyncServerStreamingCall<TRequest, TResponse>(
        Method<TRequest, TResponse> method, string? host, CallOptions options, TRequest request)
    {
        var call = StartSingle(method, host, options, request);
        return new AsyncServerStreamingCall<TResponse>(
            call, call.HeadersAsync, call.GetStatus, call.GetTrailers, call.Dispose);
    }

    public override AsyncClientStreamingCall<TRequest, TResponse> AsyncClientStreamingCall<TRequest, TResponse>(
        Method<TRequest, TResponse> method, string? host, CallOptions options)
    {
        var (call, requests) = StartStream(method, host, options);
        return new AsyncClientStreamingCall<TRequest, TResponse>(
            requests,
            Observed(call.ReadSingleAsync()),
            call.HeadersAsync,
            call.GetStatus,
            call.GetTrailers,
            call.Dispose);
    }

    public override AsyncDuplexStreamingCall<TRequest, TResponse> AsyncDuplexStreamingCall<TRequest, TResponse>(
        Method<TRequest, TResponse> method, string? host, CallOptions options)
    {
        var (call, requests) = StartStream(method, host, options);
        return new AsyncDuplexStreamingCall<TRequest, TResponse>(
            requests, call, call.HeadersAsync, call.GetStatus, call.GetTrailers, call.Dispose);
    }

    private static Task<T> Observed<T>(Task<T> task)
    {
        // A caller who disposes a call does not look at its response any more.
        _ = task.ContinueWith(
            static failed => _ = failed.Exception,
            CancellationToken.None,
            TaskContinuationOptions.OnlyOnFaulted,
            TaskScheduler.Default);
        return task;
    }

    private ClientCall<TRequest, TResponse> StartSingle<TRequest, TResponse>(
        Method<TRequest, TResponse> method, string? host, CallOptions options, TRequest request)
        where TRequest : class
        where TResponse : class
    {
        ArgumentNullException.ThrowIfNull(method);
        ArgumentNullException.ThrowIfNull(request);
        var call = new ClientCall<TRequest, TResponse>(channel, method, options);
        call.Start(host, async (stream, cancellationToken) =>
        {
            var buffer = new PooledBuffer();
            try
            {
                new MessageWriter(buffer, channel.Options.MaxSendMessageBytes).Write(method.RequestMarshaller, request);
                await stream.WriteAsync(buffer.Written, cancellationToken).ConfigureAwait(false);
            }
            finally
            {
                buffer.Release();
            }
        });
        return call;
    }

    private (ClientCall<TRequest, TResponse> Call, RequestStream<TRequest> Requests) StartStream<TRequest, TResponse>(
        Method<TRequest, TResponse> method, string? host, CallOptions options)
        where TRequest : class
        where TResponse : class
    {
        ArgumentNullException.ThrowIfNull(method);
        var call = new ClientCall<TRequest, TResponse>(channel, method, options);
        var requests = new RequestStream<TRequest>(method.RequestMarshaller, channel.Options.MaxSendMessageBytes, call)
        {
            WriteOptions = options.WriteOptions,
        };
        call.Start(host, requests.PushAsync);
        return (call, requests);
    }
}
