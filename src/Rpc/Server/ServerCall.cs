using System.IO.Pipelines;
using System.Net;
using System.Runtime.CompilerServices;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Fairlead.Rpc;

/// <summary>One call on the server: its messages, headers and trailers over an HTTP/2 stream.</summary>
internal sealed class ServerCall : ServerCallContext, IMessageWatch, IDisposable
{
    // Longer than a reader takes that reads at all, and no time to hold a stream.
    private static readonly TimeSpan ReaderGrace = TimeSpan.FromMilliseconds(100);

    private readonly HttpContext _http;
    private readonly TimeProvider _time;
    private readonly CallHold? _hold;
    private readonly bool _isSingle;
    private readonly CallLifetime _lifetime;
    private readonly MessageReader _reader;
    private readonly MessageWriter _writer;
    private Task<FlushResult>? _unread;
    private long _unreadSince;
    private Metadata? _requestHeaders;
    private Metadata? _responseTrailers;
    private bool _isReading;

    public ServerCall(
        HttpContext http,
        IMethod method,
        byte[]? peerKey,
        bool gzip,
        RpcServiceOptions options,
        CancellationToken stopping)
    {
        _http = http;
        _time = options.TimeProvider;
        Method = method.FullName;
        PeerKey = peerKey;
        _lifetime = new CallLifetime(http, options, stopping);
        _hold = CallHold.Of(http);
        _isSingle = method.Type is MethodType.Unary or MethodType.ServerStreaming;
        _reader = new MessageReader(
            http.Request.BodyReader, method.MaxRequestBytes ?? options.MaxReceiveMessageBytes, gzip, this);
        _writer = new MessageWriter(http.Response.BodyWriter, method.MaxResponseBytes ?? options.MaxSendMessageBytes);
    }

    public override string Method { get; }

    public override string Host => _http.Request.Host.Value ?? "";

    public override string Peer => Describe(_http);

    public override object Connection => (object?)_http.Features.Get<IConnectionItemsFeature>() ?? this;

    public override byte[]? PeerKey { get; }

    public override IReadOnlyList<ReadOnlyMemory<byte>> PeerCertificates => PeerKeys.Certificates(_http);

    public override DateTime Deadline => DeadlineUtc;

    public override Metadata RequestHeaders => _requestHeaders ??= ReadHeaders(_http.Request.Headers);

    public override CancellationToken CancellationToken => _lifetime.Token;

    public override Metadata ResponseTrailers => _responseTrailers ??= [];

    /// <summary>Whether anything of the response is on its way, so that the status must go into trailers.</summary>
    public bool HasWritten { get; private set; }

    public CallEnd End => _lifetime.End;

    private DateTime DeadlineUtc { get; set; } = DateTime.MaxValue;

    public void StartDeadline(TimeSpan timeout, DateTimeOffset now)
    {
        DeadlineUtc = timeout < DateTimeOffset.MaxValue - now ? (now + timeout).UtcDateTime : DateTime.MaxValue;
        _lifetime.StartDeadline(timeout);
    }

    public override async Task WriteResponseHeadersAsync(Metadata responseHeaders)
    {
        ArgumentNullException.ThrowIfNull(responseHeaders);
        if (HasWritten || _http.Response.HasStarted)
        {
            throw new InvalidOperationException("The response headers have been sent.");
        }

        foreach (var entry in responseHeaders.Where(entry => MetadataHeaders.IsCustom(entry.Key)))
        {
            _http.Response.Headers.Append(entry.Key, MetadataHeaders.Format(entry));
        }

        HasWritten = true;
        await FlushAsync(CancellationToken.None).ConfigureAwait(false);
    }

    /// <summary>The one request of a call that has one. Throws for none or a second.</summary>
    public async Task<T> ReadSingleAsync<T>(Marshaller<T> marshaller)
        where T : class
    {
        var request = await WholeAsync(marshaller).ConfigureAwait(false)
            ?? throw new RpcException(new Status(StatusCode.Internal, "BadMessage: the request is missing"));
        var more = await WholeAsync(marshaller).ConfigureAwait(false);
        _lifetime.ReadEnded();
        return more is null
            ? request
            : throw new RpcException(new Status(StatusCode.Internal, "BadMessage: more than one request"));
    }

    /// <summary>The next request, or null when the caller has half-closed.</summary>
    public ValueTask<T?> ReadAsync<T>(Marshaller<T> marshaller, CancellationToken cancellationToken)
        where T : class => ReadAsync(marshaller, isOnly: false, cancellationToken);

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<T?> ReadAsync<T>(
        Marshaller<T> marshaller, bool isOnly, CancellationToken cancellationToken)
        where T : class
    {
        using var linked = Link(cancellationToken);
        try
        {
            return await _reader.ReadAsync(marshaller, linked?.Token ?? _lifetime.Token, isOnly)
                .ConfigureAwait(false);
        }
        catch (IOException exception)
        {
            throw new OperationCanceledException("The caller is gone.", exception, _lifetime.Token);
        }
    }

    public async ValueTask WriteAsync<T>(
        Marshaller<T> marshaller, T message, bool flush, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        Write(marshaller, message);
        if (flush)
        {
            await FlushAsync(cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>The single response. It leaves together with the trailers, but for one that the transport would not
    /// take at once: its reader has as long as one of a stream.</summary>
    public async ValueTask WriteLastAsync<T>(Marshaller<T> marshaller, T message)
    {
        // A handler that set another status than OK has no response to give.
        if (Status.StatusCode == StatusCode.OK)
        {
            Write(marshaller, message);
            if (_writer.Length > RpcDefaults.BufferedBytes)
            {
                await FlushAsync(CancellationToken.None).ConfigureAwait(false);
            }
        }
    }

    /// <summary>Whether a write was given up, or is not waited for any more, that the reader has not taken.</summary>
    public bool IsBehind { get; private set; }

    /// <summary>Waits until a reader that is behind has been so for a moment: one that reads at all has its status, and
    /// trailers would wait for one that does not, and the stream with all that it holds for them.</summary>
    public async Task CatchUpAsync()
    {
        var left = ReaderGrace - _time.GetElapsedTime(_unreadSince);
        if (left <= TimeSpan.Zero)
        {
            return;
        }

        try
        {
            IsBehind = await _unread!.WaitAsync(left, _time).ConfigureAwait(false) is not
                { IsCompleted: false, IsCanceled: false };
        }
        catch (Exception exception) when (exception is TimeoutException or IOException or OperationCanceledException)
        {
            // It stays behind, or is gone.
        }
    }

    /// <summary>Ends it without a word (RST_STREAM).</summary>
    public void CutOff() => _lifetime.CutOff();

    /// <summary>Writes the status: as trailers, or as the only headers if nothing went before.</summary>
    public void Finish(Status status, Metadata? more)
    {
        var headers = HasWritten || _http.Response.HasStarted
            ? _http.Features.GetRequiredFeature<IHttpResponseTrailersFeature>().Trailers
            : _http.Response.Headers;
        foreach (var entry in (_responseTrailers ?? Metadata.Empty).Concat(more ?? Metadata.Empty))
        {
            if (MetadataHeaders.IsCustom(entry.Key))
            {
                headers.Append(entry.Key, MetadataHeaders.Format(entry));
            }
        }

        ResponseStatus.Write(headers, status);
    }

    public override void Accept() => _hold?.Accept();

    public void Dispose()
    {
        _lifetime.Dispose();
        _hold?.Dispose();
    }

    void IMessageWatch.IsPart()
    {
        // The time of a request that is the only one began with the call.
        if (!_isSingle)
        {
            StartRead();
        }
    }

    void IMessageWatch.IsPiece()
    {
        if (!_isSingle)
        {
            _isReading = false;
            StartRead();
        }
    }

    void IMessageWatch.IsWhole(long bytes)
    {
        _hold?.HasRead(bytes);
        if (_isReading && !_isSingle)
        {
            _isReading = false;
            _lifetime.ReadEnded();
        }
    }

    private static Metadata ReadHeaders(IHeaderDictionary headers)
    {
        var metadata = new Metadata();
        foreach (var (name, values) in headers)
        {
            foreach (var value in values)
            {
                MetadataHeaders.Read(metadata, name, value);
            }
        }

        return metadata;
    }

    private static string Describe(HttpContext http)
    {
        var connection = http.Connection;
        if (connection.RemoteIpAddress is not { } address)
        {
            var endPoint = http.Features.Get<IConnectionEndPointFeature>()?.LocalEndPoint;
            return $"unix:{endPoint}";
        }

        var port = connection.RemotePort;
        return address.AddressFamily == System.Net.Sockets.AddressFamily.InterNetworkV6 && !address.IsIPv4MappedToIPv6
            ? $"ipv6:{new IPEndPoint(address, port)}"
            : $"ipv4:{new IPEndPoint(address.MapToIPv4(), port)}";
    }

    // The only request, or the end behind it, each of which a caller may leave out.
    private ValueTask<T?> WholeAsync<T>(Marshaller<T> marshaller)
        where T : class
    {
        var read = ReadAsync(marshaller, isOnly: true, CancellationToken.None);
        if (!read.IsCompleted)
        {
            StartRead();
        }

        return read;
    }

    private void StartRead()
    {
        if (!_isReading)
        {
            _isReading = true;
            _lifetime.ReadStarts();
        }
    }

    private void Write<T>(Marshaller<T> marshaller, T message)
    {
        _lifetime.Token.ThrowIfCancellationRequested();
        _writer.Write(marshaller, message);
        HasWritten = true;
    }

    // The flush itself is not cancelled: one that was says nothing of the reader any more.
    private async ValueTask FlushAsync(CancellationToken cancellationToken)
    {
        using var linked = Link(cancellationToken);
        var flush = _http.Response.BodyWriter.FlushAsync(CancellationToken.None);
        var result = flush.IsCompleted
            ? await flush.ConfigureAwait(false)
            : await AwaitReaderAsync(flush.AsTask(), linked?.Token ?? _lifetime.Token).ConfigureAwait(false);
        if (result.IsCompleted || result.IsCanceled)
        {
            throw new OperationCanceledException("The caller is gone.", _lifetime.Token);
        }
    }

    private async ValueTask<FlushResult> AwaitReaderAsync(Task<FlushResult> flush, CancellationToken cancellationToken)
    {
        (_unread, _unreadSince) = (flush, _time.GetTimestamp());
        IsBehind = true;
        _lifetime.WriteStarts();
        try
        {
            var result = await flush.WaitAsync(cancellationToken).ConfigureAwait(false);
            IsBehind = false;
            return result;
        }
        finally
        {
            _lifetime.WriteEnded();
        }
    }

    private CancellationTokenSource? Link(CancellationToken cancellationToken) =>
        cancellationToken.CanBeCanceled && cancellationToken != _lifetime.Token
            ? CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, _lifetime.Token)
            : null;
}
