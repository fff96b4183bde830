using System.IO.Pipelines;

namespace Fairlead.Rpc;

/// <summary>
/// One call of a client over one HTTP/2 stream. Responses are read by one reader at a time; everything else is
/// thread-safe. The first thing that ends the call decides its status.
/// </summary>
internal sealed class ClientCall<TRequest, TResponse> : ICallState, IAsyncStreamReader<TResponse>, IDisposable
    where TRequest : class
    where TResponse : class
{
    private const int ReadBufferBytes = 16 * 1024;

    private readonly Lock _gate = new();
    private readonly CancellationTokenSource _source = new();
    private readonly Method<TRequest, TResponse> _method;
    private readonly ChannelCore _channel;
    private readonly CallOptions _options;
    private readonly TaskCompletionSource<Metadata> _headers = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private CancellationTokenRegistration _callerToken;
    private CancellationTokenRegistration _channelToken;
    private ITimer? _deadline;
    private Task<MessageReader?> _response = null!;
    private HttpResponseMessage? _message;
    private TResponse? _current;
    private Status? _early;
    private bool _open;
    private (Status Status, Metadata Trailers)? _end;
    private System.Diagnostics.Activity? _span;

    public ClientCall(ChannelCore channel, Method<TRequest, TResponse> method, CallOptions options)
    {
        _channel = channel;
        _method = method;
        _options = options;
        Token = _source.Token;
        _headers.Task.ContinueWith(
            static task => _ = task.Exception,
            CancellationToken.None,
            TaskContinuationOptions.OnlyOnFaulted,
            TaskScheduler.Default);
    }

    public CancellationToken Token { get; }

    public Task<Metadata> HeadersAsync => _headers.Task;

    public TResponse Current => _current ?? throw new InvalidOperationException("There is no current message.");

    public RpcException? Ended
    {
        get
        {
            lock (_gate)
            {
                return _end is { } end && end.Status.StatusCode != StatusCode.OK ? Fail(end) : null;
            }
        }
    }

    /// <summary>Sends the request headers and lets <paramref name="push"/> write the body.</summary>
    public void Start(string? host, Func<Stream, CancellationToken, Task> push)
    {
        var now = _channel.Options.TimeProvider.GetUtcNow();
        TimeSpan? timeout = _options.Deadline is { } deadline && deadline != DateTime.MaxValue
            ? deadline.ToUniversalTime() - now.UtcDateTime
            : null;
        _callerToken = _options.CancellationToken.UnsafeRegister(static self => ((ICallState)self!).Cancel(), this);
        _channelToken = _channel.Closing.UnsafeRegister(static self => ((ICallState)self!).Cancel(), this);
        if (timeout <= TimeSpan.Zero)
        {
            EndEarly(new Status(StatusCode.DeadlineExceeded, "Deadline Exceeded"));
        }
        else if (timeout is { } given)
        {
            _deadline = _channel.Options.TimeProvider.CreateTimer(
                static self => ((ClientCall<TRequest, TResponse>)self!).EndEarly(
                    new Status(StatusCode.DeadlineExceeded, "Deadline Exceeded")),
                this,
                GrpcTimeout.ForTimer(given),
                Timeout.InfiniteTimeSpan);
        }

        _span = RpcTracing.StartClient(_method, _channel.Address);
        var request = _channel.CreateRequest(_method.FullName, host, _options.Headers, timeout, push);
        if (_span?.Id is { } trace)
        {
            request.Headers.Remove(RpcTracing.Header);
            request.Headers.TryAddWithoutValidation(RpcTracing.Header, trace);
        }

        _response = SendAsync(request);
    }

    /// <summary>The single response of a call that has one.</summary>
    public async Task<TResponse> ReadSingleAsync()
    {
        var response = await ReadAsync(CancellationToken.None).ConfigureAwait(false);
        if (response is null)
        {
            throw End(new Status(StatusCode.Internal, "BadMessage: the response is missing"), Metadata.Empty, true);
        }

        return await ReadAsync(CancellationToken.None).ConfigureAwait(false) is null
            ? response
            : throw End(new Status(StatusCode.Internal, "BadMessage: more than one response"), Metadata.Empty, true);
    }

    public async Task<bool> MoveNext(CancellationToken cancellationToken)
    {
        _current = null;
        _current = await ReadAsync(cancellationToken).ConfigureAwait(false);
        return _current is not null;
    }

    public Status GetStatus() => End().Status;

    public Metadata GetTrailers() => End().Trailers;

    public void Cancel() => EndEarly(new Status(StatusCode.Cancelled, "Call canceled by the client."));

    public RpcException Describe(Exception exception)
    {
        lock (_gate)
        {
            return new RpcException(_early ?? TransportErrors.ToStatus(exception));
        }
    }

    /// <summary>Ends the call; RST_STREAM tells the server.</summary>
    public void Dispose()
    {
        Cancel();
        Release();
    }

    private static RpcException Fail((Status Status, Metadata Trailers) end) => new(end.Status, end.Trailers);

    private async Task<MessageReader?> SendAsync(HttpRequestMessage request)
    {
        try
        {
            _message = await _channel.Invoker.SendAsync(request, Token).ConfigureAwait(false);
            if (ResponseHead.Refuse(_message) is { } refusal)
            {
                throw new RpcException(refusal);
            }

            if (ResponseHead.StatusOf(_message.Headers) is { } only)
            {
                // Trailers-only: the metadata of such a response are trailers.
                _headers.TrySetResult(Metadata.Empty);
                End(only, ResponseHead.MetadataOf(_message.Headers), false);
                return null;
            }

            _headers.TrySetResult(ResponseHead.MetadataOf(_message.Headers));
            var stream = await _message.Content.ReadAsStreamAsync(Token).ConfigureAwait(false);
            var pipe = PipeReader.Create(stream, new StreamPipeReaderOptions(
                bufferSize: ReadBufferBytes, leaveOpen: true, useZeroByteReads: true));
            var gzip = ResponseHead.First(_message.Headers, "grpc-encoding") == "gzip";
            lock (_gate)
            {
                if (_early is { } early)
                {
                    throw new RpcException(early);
                }

                _open = true;
            }

            var most = _channel.Options.MaxReceiveMessageBytes;
            return new MessageReader(pipe, Math.Min(most, _method.MaxResponseBytes ?? most), gzip);
        }
        catch (Exception exception)
        {
            End(Describe(exception).Status, Metadata.Empty, true);
            return null;
        }
    }

    private async ValueTask<TResponse?> ReadAsync(CancellationToken cancellationToken)
    {
        using var registration = cancellationToken.UnsafeRegister(static self => ((ICallState)self!).Cancel(), this);
        var reader = await _response.ConfigureAwait(false);
        if (reader is not null && _end is null)
        {
            try
            {
                var response = await reader.ReadAsync(_method.ResponseMarshaller, Token).ConfigureAwait(false);
                if (response is not null)
                {
                    return response;
                }

                var trailers = _message!.TrailingHeaders;
                var status = ResponseHead.StatusOf(trailers)
                    ?? new Status(StatusCode.Internal, "the response ends without a status");
                End(status, ResponseHead.MetadataOf(trailers), false);
            }
            catch (Exception exception)
            {
                End(Describe(exception).Status, Metadata.Empty, true);
            }
        }

        return Ended is { } failure ? throw failure : null;
    }

    private void EndEarly(Status status)
    {
        bool open;
        lock (_gate)
        {
            if (_end is not null || _early is not null)
            {
                return;
            }

            _early = status;
            open = _open;
        }

        try
        {
            _source.Cancel();
        }
        catch (ObjectDisposedException)
        {
            return;
        }

        // A response that nobody is reading must be reset here. A call without one ends by the token.
        if (open)
        {
            End(status, Metadata.Empty, true);
        }
    }

    /// <summary>Fixes the end of the call unless it is fixed, and returns it as a failure.</summary>
    private RpcException End(Status status, Metadata trailers, bool reset)
    {
        (Status, Metadata) end;
        lock (_gate)
        {
            if (_end is { } before && !(reset && before.Status.StatusCode == StatusCode.OK))
            {
                return Fail(before);
            }

            _end = end = (status, trailers);
        }

        if (status.StatusCode != StatusCode.OK)
        {
            // A write may wait for a connection that will never be.
            _ = _source.CancelAsync();
        }

        RpcTracing.End(_span, status);
        _headers.TrySetException(Fail(end));
        Release();
        return Fail(end);
    }

    private (Status Status, Metadata Trailers) End()
    {
        lock (_gate)
        {
            return _end ?? throw new InvalidOperationException("The call has not ended.");
        }
    }

    private void Release()
    {
        _deadline?.Dispose();
        _callerToken.Dispose();
        _channelToken.Dispose();
        _message?.Dispose();
    }
}
