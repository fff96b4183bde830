using Fairlead.Naming;
using Fairlead.Naming.Traversal;
using Fairlead.Protocol;
using Fairlead.Protocol.V1;
using Fairlead.Rpc;

namespace Fairlead.Resolver.Anchors;

/// <summary>
/// One anchor of some segment, over TLS with the caller's own key. At first contact any P-256 key of the server is
/// taken; as soon as the segment's epochs are verified, <see cref="Require"/> holds the connection to them (V63), and
/// the channel never takes a second key. Thread-safe.
/// </summary>
public sealed class AnchorClient : IAsyncDisposable
{
    // A busy machine takes seconds for a handshake; who has other anchors to ask does not wait for this one alone.
    private static readonly TimeSpan ConnectPatience = TimeSpan.FromSeconds(10);

    private readonly RpcChannel _channel;
    private readonly CallInvoker _calls;
    private readonly TimeProvider _time;
    private volatile SegmentState? _required;

    /// <summary>Makes the client; it connects with the first call.</summary>
    /// <param name="endpoint">Where the anchor listens.</param>
    /// <param name="identity">The caller's key.</param>
    /// <param name="time">The clock of deadlines.</param>
    /// <param name="required">The segment's verified chain, where it is held already.</param>
    public AnchorClient(IpEndpoint endpoint, TlsIdentity identity, TimeProvider time, SegmentState? required = null)
    {
        ArgumentNullException.ThrowIfNull(endpoint);
        Endpoint = endpoint;
        _time = time;
        _required = required;
        _channel = new RpcChannel($"https://{endpoint.Text}", new RpcChannelOptions
        {
            Identity = identity,
            ServerKeyCheck = IsExpected,
            ConnectTimeout = ConnectPatience,
            MaxReceiveMessageBytes = AnchorMethods.MaxMessageBytes,
            TimeProvider = time,
        });
        _calls = _channel.CreateCallInvoker();
    }

    /// <summary>Where the anchor listens.</summary>
    public IpEndpoint Endpoint { get; }

    /// <summary>The longest wait for a unary call.</summary>
    public TimeSpan Patience { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>The key that the server proved; null before the first connection.</summary>
    public PublicKey? ServerKey =>
        _channel.ServerKey is { } point && PublicKey.TryFromPoint(point, out var key, out _) ? key : null;

    /// <summary>
    /// A token that proves the caller (V50), sent with each question; null for none. It goes to a server whose key is
    /// one of a verified chain and to nobody else: who stands in an anchor's place must not learn it.
    /// </summary>
    public string? Token { get; init; }

    /// <summary>
    /// Takes only the tls keys of a verified chain from now on, the key in use included.
    /// </summary>
    /// <returns><c>TransportKeyMismatch</c> where the key in use is none of them; the caller gives the client
    /// up.</returns>
    public Refusal? Require(SegmentState segment)
    {
        ArgumentNullException.ThrowIfNull(segment);
        _required = segment;
        return ServerKey is { } key ? EpochChain.CheckTransport(segment, key) : null;
    }

    /// <summary>One answer.</summary>
    /// <exception cref="RpcException">The call failed; <see cref="RpcFailures.Read"/> tells a named error.</exception>
    public async Task<ResolveResponse> ResolveAsync(ResolveRequest request, CancellationToken cancellationToken)
    {
        using var call = _calls.AsyncUnaryCall(
            AnchorMethods.Resolve, null, Options(cancellationToken, Proof()), request);
        return await call.ResponseAsync.ConfigureAwait(false);
    }

    /// <summary>A stream of answers, open until it is disposed or fails.</summary>
    public AsyncDuplexStreamingCall<SubscribeRequest, SubscribeResponse> Subscribe(
        CancellationToken cancellationToken) =>
        _calls.AsyncDuplexStreamingCall(
            AnchorMethods.Subscribe, null, new CallOptions(Proof(), cancellationToken: cancellationToken));

    /// <summary>The anchor's segment as a hop on the way of the caller's segment to another one (4.9).</summary>
    /// <exception cref="RpcException">The call failed; <see cref="RpcFailures.Read"/> tells a named error.</exception>
    public Task<IntroduceResponse> IntroduceAsync(IntroduceRequest request, CancellationToken cancellationToken) =>
        IntroduceAsync(request, Patience, cancellationToken);

    /// <summary>As the other, by a patience of its own, of which the anchor is told: it may ask on.</summary>
    /// <exception cref="RpcException">The call failed; <see cref="RpcFailures.Read"/> tells a named error.</exception>
    public async Task<IntroduceResponse> IntroduceAsync(
        IntroduceRequest request, TimeSpan patience, CancellationToken cancellationToken)
    {
        var options = new CallOptions(
            deadline: _time.GetUtcNow().UtcDateTime + patience, cancellationToken: cancellationToken);
        using var call = _calls.AsyncUnaryCall(AnchorMethods.Introduce, null, options, request);
        return await call.ResponseAsync.ConfigureAwait(false);
    }

    /// <summary>The newest certified seal with a statement over the nonce (V41).</summary>
    /// <exception cref="RpcException">The call failed.</exception>
    public async Task<HeadResponse> HeadAsync(HeadRequest request, CancellationToken cancellationToken)
    {
        using var call = _calls.AsyncUnaryCall(AnchorMethods.Head, null, Options(cancellationToken), request);
        return await call.ResponseAsync.ConfigureAwait(false);
    }

    /// <summary>A page of epochs, of the anchor's segment or of one that it relays.</summary>
    /// <exception cref="RpcException">The call failed; <see cref="RpcFailures.Read"/> tells a named error.</exception>
    public async Task<EpochsResponse> EpochsAsync(EpochsRequest request, CancellationToken cancellationToken)
    {
        using var call = _calls.AsyncUnaryCall(
            AnchorMethods.Epochs, null, Options(cancellationToken, Proof()), request);
        return await call.ResponseAsync.ConfigureAwait(false);
    }

    /// <summary>Shows a page of the caller's chain, or of a segment's that introduces it.</summary>
    /// <exception cref="RpcException">The call failed; <see cref="RpcFailures.Read"/> tells a named error.</exception>
    public async Task<PresentResponse> PresentAsync(PresentRequest request, CancellationToken cancellationToken)
    {
        using var call = _calls.AsyncUnaryCall(AnchorMethods.Present, null, Options(cancellationToken), request);
        return await call.ResponseAsync.ConfigureAwait(false);
    }

    /// <summary>Tells of evidence (V38).</summary>
    /// <exception cref="RpcException">The call failed; <see cref="RpcFailures.Read"/> tells a named error.</exception>
    public async Task ReportAsync(Contradiction evidence, CancellationToken cancellationToken)
    {
        var request = new ReportRequest { Evidence = WireWriter.ToMessage(evidence) };
        using var call = _calls.AsyncUnaryCall(
            AnchorMethods.Report, null, Options(cancellationToken, Proof()), request);
        await call.ResponseAsync.ConfigureAwait(false);
    }

    /// <summary>Slices of a record by digest.</summary>
    /// <exception cref="RpcException">The call failed; <see cref="RpcFailures.Read"/> tells a named error.</exception>
    public async Task<SlicesResponse> SlicesAsync(SlicesRequest request, CancellationToken cancellationToken)
    {
        using var call = _calls.AsyncUnaryCall(AnchorMethods.Slices, null, Options(cancellationToken, Proof()), request);
        return await call.ResponseAsync.ConfigureAwait(false);
    }

    /// <summary>A page of published leaves.</summary>
    /// <exception cref="RpcException">The call failed.</exception>
    public async Task<StateResponse> StateAsync(StateRequest request, CancellationToken cancellationToken)
    {
        using var call = _calls.AsyncUnaryCall(AnchorMethods.State, null, Options(cancellationToken), request);
        return await call.ResponseAsync.ConfigureAwait(false);
    }

    /// <summary>Offers entries; what becomes of each comes on the stream.</summary>
    public AsyncServerStreamingCall<PublishEvent> Publish(
        PublishRequest request, CancellationToken cancellationToken) =>
        _calls.AsyncServerStreamingCall(
            AnchorMethods.Publish, null, new CallOptions(cancellationToken: cancellationToken), request);

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => _channel.DisposeAsync();

    private bool IsExpected(ReadOnlyMemory<byte> point) =>
        PublicKey.TryFromPoint(point.Span, out var key, out _)
        && (_required is not { } segment || segment.HasTransportKey(key));

    private Metadata? Proof() =>
        Token is { } token && _required is { } segment
        && (ServerKey is not { } key || segment.HasTransportKey(key))
            ? new Metadata { { "authorization", $"Bearer {token}" } }
            : null;

    private CallOptions Options(CancellationToken cancellationToken, Metadata? headers = null) =>
        new(headers, deadline: _time.GetUtcNow().UtcDateTime + Patience, cancellationToken: cancellationToken);
}
