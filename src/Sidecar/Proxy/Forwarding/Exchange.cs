using Fairlead.Sidecar.Proxy.Balancing;
using Fairlead.Sidecar.Proxy.Services;
using Microsoft.AspNetCore.Http;
using Yarp.ReverseProxy.Forwarder;

namespace Fairlead.Sidecar.Proxy.Forwarding;

/// <summary>What the proxy knows of one request on its way. Belongs to that request.</summary>
internal sealed class Exchange
{
    /// <summary>What its Host header means.</summary>
    internal Authority Authority { get; set; }

    /// <summary>Path and query, byte for byte as the client sent them.</summary>
    internal string Target { get; set; } = "";

    /// <summary>Whether it is gRPC.</summary>
    internal bool IsGrpc { get; init; }

    /// <summary>The service as it was when the request was forwarded.</summary>
    internal ProxiedService? Service { get; set; }

    /// <summary>The attempt under way.</summary>
    internal Lease? Lease { get; set; }

    /// <summary>The endpoint of the last attempt.</summary>
    internal string Endpoint { get; set; } = "";

    /// <summary>Where that endpoint comes from, in a name that several segments serve; else null.</summary>
    internal ProxyProvenance? Provenance { get; set; }

    /// <summary>How many endpoints were tried.</summary>
    internal int Attempts { get; set; }

    /// <summary>Why the proxy answered itself; null where an endpoint did.</summary>
    internal string? Reason { get; set; }

    /// <summary>What came of it, as log and metrics say.</summary>
    internal string Outcome(HttpContext context) => Reason
        ?? (context.Features.Get<IForwarderErrorFeature>() is null ? ProxyReason.Ok : ProxyReason.Cut);

    /// <summary>The time that is left.</summary>
    internal RequestBudget? Budget { get; set; }

    /// <summary>The body; null for a request that can have none.</summary>
    internal WatchedBody? Body { get; set; }

    /// <summary>Whether the endpoint's response has begun.</summary>
    internal bool HasResponse { get; private set; }

    /// <summary>The endpoint's response has begun: the budget ends, and the endpoint is judged.</summary>
    internal void Responded(int status)
    {
        HasResponse = true;
        Budget?.End();
        if (status is StatusCodes.Status502BadGateway or StatusCodes.Status503ServiceUnavailable
            or StatusCodes.Status504GatewayTimeout)
        {
            Lease?.Failed();
        }
        else
        {
            Lease?.Succeeded();
        }
    }
}
