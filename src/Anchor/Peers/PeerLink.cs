using System.Threading.Channels;
using Fairlead.Governance;
using Fairlead.Naming;
using Fairlead.Naming.Traversal;
using Fairlead.Protocol;
using Fairlead.Protocol.V1;
using Fairlead.Rpc;
using Microsoft.Extensions.Logging;

namespace Fairlead.Anchor.Peers;

/// <summary>
/// The outgoing connection to one other anchor of the segment, held to its tls key of the newest epoch (V63). What
/// cannot be sent soon is dropped, oldest first: the engine repeats what matters. Thread-safe.
/// </summary>
internal sealed class PeerLink : IAsyncDisposable
{
    private const int QueueMax = 1024;
    private static readonly TimeSpan PauseMin = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan PauseMax = TimeSpan.FromSeconds(1);
    private static readonly WriteOptions Gathered = new(WriteFlags.BufferHint);

    // An anchor without a processor for a moment is slow, not gone: a new connection would cost both of them more.
    private static readonly TimeSpan Silence = TimeSpan.FromSeconds(5);

    // Nothing waits for a connection to break: a silent leader is given up by its turn (4.3.2). A ping each second to
    // each other anchor was a third of what an idle anchor did.
    private static readonly TimeSpan Quiet = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan ConnectPatience = TimeSpan.FromSeconds(10);

    private readonly EpochAnchor _anchor;
    private readonly TlsIdentity _identity;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly Action<bool> _connected;
    private readonly CancellationTokenSource _stop = new();
    private readonly Channel<SegmentMessage> _queue = Channel.CreateBounded<SegmentMessage>(
        new BoundedChannelOptions(QueueMax) { SingleReader = true, FullMode = BoundedChannelFullMode.DropOldest });

    private readonly Task _running;
    private volatile bool _isConnected;
    private volatile RpcChannel? _channel;

    /// <summary>Starts connecting.</summary>
    /// <param name="anchor">The other anchor.</param>
    /// <param name="identity">The own tls key.</param>
    /// <param name="time">Times the pauses between attempts.</param>
    /// <param name="logger">Hears of the first attempt that fails, and of the one that works.</param>
    /// <param name="connected">Told when the connection works and when it breaks.</param>
    internal PeerLink(
        EpochAnchor anchor, TlsIdentity identity, TimeProvider time, ILogger logger, Action<bool> connected)
    {
        _anchor = anchor;
        _identity = identity;
        _time = time;
        _logger = logger;
        _connected = connected;
        _running = Task.Run(RunAsync);
    }

    /// <summary>The other anchor's id.</summary>
    internal string Id => _anchor.Id;

    /// <summary>Whether a newer epoch says of this anchor what the link goes by.</summary>
    internal bool Serves(EpochAnchor anchor) =>
        anchor.Id == _anchor.Id && anchor.Tls.Equals(_anchor.Tls) && anchor.Endpoints.SequenceEqual(_anchor.Endpoints);

    /// <summary>Whether the connection works.</summary>
    internal bool IsConnected => _isConnected;

    /// <summary>Queues a message; one that finds no connection is dropped.</summary>
    internal void Send(SegmentMessage message)
    {
        if (_isConnected)
        {
            _queue.Writer.TryWrite(message);
        }
    }

    /// <summary>Asks for the other anchor's decision.</summary>
    /// <exception cref="RpcException">There is no connection, or the other anchor refuses.</exception>
    internal async Task<AttestResponse> AttestAsync(AttestRequest request, CancellationToken cancellationToken)
    {
        var channel = _channel ?? throw new RpcException(new Status(StatusCode.Unavailable, $"{Id} is not connected"));
        using var call = channel.CreateCallInvoker().AsyncUnaryCall(
            PeerMethods.Attest, null, new CallOptions(cancellationToken: cancellationToken), request);
        return await call.ResponseAsync.ConfigureAwait(false);
    }

    /// <summary>Tells the other anchor of evidence (V38).</summary>
    /// <exception cref="RpcException">There is no connection, or the other anchor refuses.</exception>
    internal async Task ReportAsync(Contradiction evidence, CancellationToken cancellationToken)
    {
        var channel = _channel ?? throw new RpcException(new Status(StatusCode.Unavailable, $"{Id} is not connected"));
        using var call = channel.CreateCallInvoker().AsyncUnaryCall(
            AnchorMethods.Report, null, new CallOptions(cancellationToken: cancellationToken),
            new ReportRequest { Evidence = WireWriter.ToMessage(evidence) });
        await call.ResponseAsync.ConfigureAwait(false);
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync().ConfigureAwait(false);
        await _running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _stop.Dispose();
    }

    private async Task RunAsync()
    {
        var pause = PauseMin;
        var isReported = false;
        for (var attempt = 0; !_stop.IsCancellationRequested; attempt++)
        {
            var endpoint = _anchor.Endpoints[attempt % _anchor.Endpoints.Length];
            var (worked, reason) = await OnceAsync(endpoint).ConfigureAwait(false);
            if (worked)
            {
                (pause, isReported) = (PauseMin, false);
            }

            // Once for each time it goes, however often it is tried.
            if (!isReported && !_stop.IsCancellationRequested)
            {
                PeerLog.Unreachable(_logger, Id, endpoint.Text, reason);
                isReported = true;
            }

            await Task.Delay(pause, _time, _stop.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            pause = pause * 2 < PauseMax ? pause * 2 : PauseMax;
        }
    }

    // One connection until it breaks; whether it worked at all, and what ended it.
    private async Task<(bool Worked, string Reason)> OnceAsync(IpEndpoint endpoint)
    {
        var channel = new RpcChannel($"https://{endpoint.Text}", new RpcChannelOptions
        {
            Identity = _identity,
            ServerKeyCheck = point => _anchor.Tls.Point.SequenceEqual(point.Span),
            ConnectTimeout = ConnectPatience,
            MaxSendMessageBytes = PeerMethods.MaxMessageBytes,
            KeepAlivePeriod = Quiet,
            KeepAliveTimeout = Silence,
            TimeProvider = _time,
        });
        await using (channel.ConfigureAwait(false))
        {
            var worked = false;
            var reason = "the other side ended the connection";
            try
            {
                using var call = channel.CreateCallInvoker().AsyncClientStreamingCall(
                    PeerMethods.Gossip, null, new CallOptions(cancellationToken: _stop.Token));
                await call.ResponseHeadersAsync.ConfigureAwait(false);
                worked = true;
                PeerLog.Reached(_logger, Id, endpoint.Text);
                _channel = channel;
                Report(true);
                await PumpAsync(call).ConfigureAwait(false);
            }
            catch (Exception e) when (e is RpcException or OperationCanceledException or IOException)
            {
                // Broken, or stopped; the next attempt tells which.
                reason = e is RpcException rpc ? $"{rpc.StatusCode}: {rpc.Status.Detail}" : e.Message;
            }

            _channel = null;
            if (worked)
            {
                Report(false);
            }

            return (worked, reason);
        }
    }

    private async Task PumpAsync(AsyncClientStreamingCall<PeerMessage, GossipClosed> call)
    {
        using var over = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token);
        var ended = EndAsync(call.ResponseAsync, over);
        try
        {
            while (await _queue.Reader.WaitToReadAsync(over.Token).ConfigureAwait(false))
            {
                while (_queue.Reader.TryRead(out var message))
                {
                    // What is queued goes out together; the last of it sends it all.
                    call.RequestStream.WriteOptions = _queue.Reader.Count > 0 ? Gathered : null;
                    await call.RequestStream.WriteAsync(SegmentWire.Write(message)).ConfigureAwait(false);
                }
            }
        }
        finally
        {
            call.Dispose();
            await ended.ConfigureAwait(false);
        }
    }

    // Whoever ends the call, nothing more is sent over it.
    private static async Task EndAsync(Task<GossipClosed> ended, CancellationTokenSource over)
    {
        await ((Task)ended).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await over.CancelAsync().ConfigureAwait(false);
    }

    private void Report(bool isConnected)
    {
        _isConnected = isConnected;
        while (!isConnected && _queue.Reader.TryRead(out _))
        {
            // What was queued for the broken connection is stale by the time of the next one.
        }

        _connected(isConnected);
    }
}
