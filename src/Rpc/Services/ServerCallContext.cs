namespace Fairlead.Rpc;

/// <summary>
/// What a handler knows of its call and says beside its responses. Valid until the handler ends; not thread-safe except
/// <see cref="CancellationToken"/>.
/// </summary>
public abstract class ServerCallContext
{
    /// <summary>The path of the method, <c>/package.Service/Method</c>.</summary>
    public abstract string Method { get; }

    /// <summary>The authority the caller named.</summary>
    public abstract string Host { get; }

    /// <summary>The caller's address: <c>ipv4:1.2.3.4:5</c>, <c>ipv6:[::1]:5</c> or <c>unix:</c>.</summary>
    public abstract string Peer { get; }

    /// <summary>
    /// The P-256 point (65 bytes, <c>04||X||Y</c>) of the caller's client certificate, proven by the TLS handshake;
    /// null without one (V63). Only a key of the right form ever gets here: others are refused as <c>BadKey</c>.
    /// </summary>
    public abstract byte[]? PeerKey { get; }

    /// <summary>
    /// The caller's client certificate in DER and behind it the others that the handshake brought, in no order that
    /// counts; empty without one. Nothing of them is checked but that the caller has the key of the first.
    /// </summary>
    public abstract IReadOnlyList<ReadOnlyMemory<byte>> PeerCertificates { get; }

    /// <summary>UTC; <see cref="DateTime.MaxValue"/> without a deadline.</summary>
    public abstract DateTime Deadline { get; }

    /// <summary>The caller's metadata.</summary>
    public abstract Metadata RequestHeaders { get; }

    /// <summary>Cancelled when the caller is gone or cancels, the deadline passes, or the server stops.</summary>
    public abstract CancellationToken CancellationToken { get; }

    /// <summary>Metadata sent with the status.</summary>
    public abstract Metadata ResponseTrailers { get; }

    /// <summary>The status of the call if the handler returns; OK by default.</summary>
    public Status Status { get; set; } = Status.DefaultSuccess;

    /// <summary>Says that the caller is known for one who may call here: its connection is no stranger's any more, and
    /// what it holds is not counted with theirs (<see cref="StrangerLimits"/>).</summary>
    public abstract void Accept();

    /// <summary>How the response is written.</summary>
    public WriteOptions? WriteOptions { get; set; }

    /// <summary>For the handler's own use.</summary>
    public IDictionary<object, object> UserState => field ??= new Dictionary<object, object>();

    /// <summary>Sends the response headers now. Throws if they are sent already.</summary>
    public abstract Task WriteResponseHeadersAsync(Metadata responseHeaders);
}
