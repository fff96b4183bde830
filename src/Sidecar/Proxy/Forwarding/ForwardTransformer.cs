using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Primitives;
using Microsoft.Net.Http.Headers;
using Yarp.ReverseProxy.Forwarder;

namespace Fairlead.Sidecar.Proxy.Forwarding;

/// <summary>
/// What changes between the message that came and the one that goes: hop-by-hop fields go, by their names and by the
/// Connection field (RFC 9110 7.6.1); Via is added (7.6.3); the host is spelled canonically; target and all other
/// fields stay as they are. <c>X-Forwarded-*</c> and <c>Forwarded</c> are the application's own statements and are
/// neither believed, added nor removed: the proxy's client is the pod itself, whose loopback address tells an endpoint
/// nothing. Stateless.
/// </summary>
internal sealed class ForwardTransformer : HttpTransformer
{
    /// <summary>The pseudonym in Via.</summary>
    internal const string Self = "fairlead-proxy";

    private static readonly UriCreationOptions AsItIs = new() { DangerousDisablePathAndQueryCanonicalization = true };

    /// <inheritdoc/>
    public override async ValueTask TransformRequestAsync(
        HttpContext httpContext, HttpRequestMessage proxyRequest, string destinationPrefix,
        CancellationToken cancellationToken)
    {
        await base.TransformRequestAsync(httpContext, proxyRequest, destinationPrefix, cancellationToken)
            .ConfigureAwait(false);
        var exchange = httpContext.Features.GetRequiredFeature<Exchange>();
        var request = httpContext.Request;

        // Only now is it known that the target holds nothing but visible letters (RequestCheck).
        proxyRequest.RequestUri = new Uri(destinationPrefix + exchange.Target, in AsItIs);
        foreach (var name in Nominated(request.Headers.Connection))
        {
            if (!IsMessageField(name))
            {
                proxyRequest.Headers.Remove(name);
                proxyRequest.Content?.Headers.Remove(name);
            }
        }

        proxyRequest.Headers.Host = exchange.Authority.Text;
        proxyRequest.Headers.TryAddWithoutValidation(HeaderNames.Via, ViaOf(request.Protocol));
    }

    /// <inheritdoc/>
    public override async ValueTask<bool> TransformResponseAsync(
        HttpContext httpContext, HttpResponseMessage? proxyResponse, CancellationToken cancellationToken)
    {
        if (proxyResponse is null)
        {
            return false;
        }

        httpContext.Features.GetRequiredFeature<Exchange>().Responded((int)proxyResponse.StatusCode);
        await base.TransformResponseAsync(httpContext, proxyResponse, cancellationToken).ConfigureAwait(false);
        var headers = httpContext.Response.Headers;
        foreach (var name in proxyResponse.Headers.Connection)
        {
            if (IsToken(name) && !IsMessageField(name) && !IsUpgrade(name))
            {
                headers.Remove(name);
            }
        }

        // Only the proxy says why the proxy answered.
        headers.Remove(ProxyReason.Header);
        headers.Remove(ProxyReason.StateHeader);
        if (httpContext.Features.GetRequiredFeature<Exchange>().Service?.State == ProxyReason.Stale)
        {
            headers.Append(ProxyReason.StateHeader, ProxyReason.Stale);
        }

        headers.Append(
            HeaderNames.Via, $"{proxyResponse.Version.ToString(proxyResponse.Version.Major == 1 ? 2 : 1)} {Self}");
        return true;
    }

    private static string ViaOf(string protocol) => (HttpProtocol.IsHttp2(protocol) ? "2 " : "1.1 ") + Self;

    private static IEnumerable<string> Nominated(StringValues connection) =>
        from value in connection
        from name in (value ?? "").Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)
        where IsToken(name) && !IsUpgrade(name)
        select name;

    private static bool IsUpgrade(string name) => name.Equals(HeaderNames.Upgrade, StringComparison.OrdinalIgnoreCase);

    // Fields that frame and address the message are no hop's to drop, whoever names them.
    private static bool IsMessageField(string name) =>
        name.Equals(HeaderNames.Host, StringComparison.OrdinalIgnoreCase)
        || name.Equals(HeaderNames.ContentLength, StringComparison.OrdinalIgnoreCase)
        || name.Equals(HeaderNames.ContentType, StringComparison.OrdinalIgnoreCase);

    private static bool IsToken(string name) =>
        name.Length > 0 && name.All(
            one => char.IsAsciiLetterOrDigit(one) || "!#$%&'*+-.^_`|~".Contains(one, StringComparison.Ordinal));
}
