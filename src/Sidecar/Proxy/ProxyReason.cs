namespace Fairlead.Sidecar.Proxy;

/// <summary>
/// Why the proxy answered itself: the value of the header <c>fairlead-reason</c>, of the access log and of metrics.
/// What came from an endpoint is <see cref="Ok"/> or <see cref="Cut"/>.
/// </summary>
internal static class ProxyReason
{
    /// <summary>The header's name.</summary>
    internal const string Header = "fairlead-reason";

    /// <summary>The header that marks an endpoint's response whose name is served beyond its time (V58).</summary>
    internal const string StateHeader = "fairlead-state";

    /// <summary>The value of that header, and the state in the access log.</summary>
    internal const string Stale = "stale";

    /// <summary>In metrics alone: an endpoint answered.</summary>
    internal const string Ok = "ok";

    /// <summary>In the log and metrics alone: an endpoint's response was cut off.</summary>
    internal const string Cut = "cut";

    /// <summary>In the log and metrics alone: something inside broke.</summary>
    internal const string Broken = "broken";

    /// <summary>400: the Host header is missing or none.</summary>
    internal const string BadHost = "bad-host";

    /// <summary>400: the request target, or the framing of the body, is none that may go on.</summary>
    internal const string BadRequest = "bad-request";

    /// <summary>405: CONNECT, unless it opens a WebSocket over HTTP/2, and TRACE.</summary>
    internal const string MethodRefused = "method-refused";

    /// <summary>421: a host that no service of a segment can have; this is no open proxy.</summary>
    internal const string NotAService = "not-a-service";

    /// <summary>404: proven not to exist.</summary>
    internal const string Absent = "absent";

    /// <summary>404: the service has no such port.</summary>
    internal const string NoSuchPort = "no-such-port";

    /// <summary>404: the bare name decides no port.</summary>
    internal const string AmbiguousPort = "ambiguous-port";

    /// <summary>403: a segment on the path refuses this consumer.</summary>
    internal const string Denied = "denied";

    /// <summary>502: no answer about the name can be had.</summary>
    internal const string Unreachable = "unreachable";

    /// <summary>502: what was said about the name did not verify.</summary>
    internal const string Refused = "refused";

    /// <summary>502: the anchors do not know who this pod is.</summary>
    internal const string NoIdentity = "no-identity";

    /// <summary>502: no endpoint that was tried could be connected to, or the connection broke.</summary>
    internal const string EndpointUnreachable = "endpoint-unreachable";

    /// <summary>502: the endpoint's certificate is not that of its identity.</summary>
    internal const string EndpointRefused = "endpoint-refused";

    /// <summary>502: the endpoint wants mutual TLS, and this pod has no certificate of its own.</summary>
    internal const string NoClientIdentity = "no-client-identity";

    /// <summary>502: gRPC to a port that speaks HTTP/1.1.</summary>
    internal const string ProtocolMismatch = "protocol-mismatch";

    /// <summary>508: the request has come through this kind of proxy too often.</summary>
    internal const string Loop = "loop";

    /// <summary>503: there is no endpoint that is ready.</summary>
    internal const string NotReady = "not-ready";

    /// <summary>503: more names are in use than are held.</summary>
    internal const string TooManyNames = "too-many-names";

    /// <summary>504: the name's traversal did not end within the budget.</summary>
    internal const string Pending = "pending";

    /// <summary>504: the answer's time is over, and none newer could be had.</summary>
    internal const string Expired = "expired";

    /// <summary>504: no response began within the request's budget.</summary>
    internal const string Budget = "budget";

    /// <summary>499, in the log alone: the client went away.</summary>
    internal const string ClientGone = "client-gone";
}
