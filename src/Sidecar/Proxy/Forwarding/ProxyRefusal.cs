using Fairlead.Sidecar.Proxy.Services;
using Microsoft.AspNetCore.Http;

namespace Fairlead.Sidecar.Proxy.Forwarding;

/// <summary>An answer of the proxy's own. Immutable.</summary>
/// <param name="Status">The HTTP status.</param>
/// <param name="Reason">One of <see cref="ProxyReason"/>.</param>
/// <param name="Title">What it means, the same for every occurrence.</param>
/// <param name="Detail">This occurrence: names and numbers, never what a peer said about its inside.</param>
internal sealed record ProxyRefusal(int Status, string Reason, string Title, string Detail)
{
    private const int DeadlineExceeded = 4;
    private const int PermissionDenied = 7;
    private const int Unimplemented = 12;
    private const int Internal = 13;
    private const int Unavailable = 14;

    /// <summary>
    /// The same for a gRPC client. Absence is UNAVAILABLE like every other state of a name: NOT_FOUND belongs to the
    /// called application, and no proxy may speak for it.
    /// </summary>
    internal int GrpcStatus => Reason switch
    {
        ProxyReason.Denied => PermissionDenied,
        ProxyReason.Budget => DeadlineExceeded,
        ProxyReason.ProtocolMismatch or ProxyReason.MethodRefused => Unimplemented,
        ProxyReason.BadHost or ProxyReason.BadRequest => Internal,
        _ => Unavailable,
    };

    /// <summary>A reason with its status and title.</summary>
    internal static ProxyRefusal Of(string reason, string detail) => reason switch
    {
        ProxyReason.BadHost => new(400, reason, "The Host header names no host", detail),
        ProxyReason.BadRequest => new(400, reason, "The request cannot be forwarded safely", detail),
        ProxyReason.MethodRefused => new(405, reason, "The proxy does not do this", detail),
        ProxyReason.NotAService => new(421, reason, "The host is no service of a segment", detail),
        ProxyReason.Absent => new(404, reason, "The service does not exist", detail),
        ProxyReason.NoSuchPort => new(404, reason, "The service has no such port", detail),
        ProxyReason.AmbiguousPort => new(404, reason, "The name alone decides no port", detail),
        ProxyReason.Denied => new(403, reason, "A segment refuses this consumer", detail),
        ProxyReason.Unreachable => new(502, reason, "No answer about the name can be had", detail),
        ProxyReason.Refused => new(502, reason, "What was said about the name did not verify", detail),
        ProxyReason.NoIdentity => new(502, reason, "The anchors do not know this pod", detail),
        ProxyReason.EndpointUnreachable => new(502, reason, "No endpoint could be reached", detail),
        ProxyReason.EndpointRefused => new(502, reason, "The endpoint is not who it must be", detail),
        ProxyReason.NoClientIdentity => new(502, reason, "This pod has no certificate of its own", detail),
        ProxyReason.ProtocolMismatch => new(502, reason, "The port does not speak what the request needs", detail),
        ProxyReason.Loop => new(508, reason, "The request goes in a circle", detail),
        ProxyReason.NotReady => new(503, reason, "No endpoint is ready", detail),
        ProxyReason.TooManyNames => new(503, reason, "Too many names are in use", detail),
        ProxyReason.Pending => new(504, reason, "The name is not resolved yet", detail),
        ProxyReason.Expired => new(504, reason, "The last answer is too old to be used", detail),
        ProxyReason.Budget => new(504, reason, "No response began in time", detail),
        ProxyReason.ClientGone => new(499, reason, "The client went away", detail),
        _ => throw new ArgumentOutOfRangeException(nameof(reason), reason, "no reason of the proxy"),
    };

    /// <summary>Why a name is not served; null where it is.</summary>
    internal static ProxyRefusal? Of(ProxiedService service) => service.Status switch
    {
        ServiceStatus.Served => null,
        ServiceStatus.Pending => Of(ProxyReason.Pending, service.Name),
        ServiceStatus.Absent => Of(ProxyReason.Absent, service.Name),
        ServiceStatus.Denied => Of(ProxyReason.Denied, service.Name),
        ServiceStatus.Unreachable => Of(ProxyReason.Unreachable, service.Name),
        ServiceStatus.Refused => Of(ProxyReason.Refused, service.Name),
        ServiceStatus.TurnedAway => Of(ProxyReason.TooManyNames, service.Name),
        ServiceStatus.Unidentified => Of(ProxyReason.NoIdentity, service.Name),
        ServiceStatus.Expired => Of(ProxyReason.Expired, service.Name),
        _ => throw new InvalidOperationException($"no status {service.Status}"),
    };

    /// <summary>Whether a request is gRPC, so that its errors are gRPC's.</summary>
    internal static bool IsGrpc(HttpRequest request)
    {
        const string Type = "application/grpc";
        return HttpProtocol.IsHttp2(request.Protocol) && request.ContentType is { } type
            && type.StartsWith(Type, StringComparison.OrdinalIgnoreCase)
            && (type.Length == Type.Length || type[Type.Length] is '+' or ';');
    }
}
