using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Net.Http.Headers;

namespace Fairlead.Sidecar.Proxy.Forwarding;

/// <summary>
/// What a request must be to be forwarded. The server has parsed it by then: no byte of a request is passed on that was
/// not understood, and the message that goes on is written anew. Stateless.
/// </summary>
internal static class RequestCheck
{
    private const int SelfMax = 8;

    /// <summary>Checks a request and notes what it asks for.</summary>
    /// <returns>Null, or why it is not forwarded.</returns>
    internal static ProxyRefusal? Check(HttpContext context, Exchange exchange)
    {
        var request = context.Request;
        if (IsRefusedMethod(context))
        {
            return ProxyRefusal.Of(ProxyReason.MethodRefused, request.Method);
        }

        if (TargetOf(context.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget) is not var (named, target))
        {
            return ProxyRefusal.Of(ProxyReason.BadRequest, "the request target is no path of an http URI");
        }

        // A host in the target stands above the field (RFC 9112 3.2.2); the endpoint gets no other than what is read
        // here.
        var host = named ?? request.Headers.Host.ToString();
        if (Authority.TryParse(host, out var authority) is { } reason)
        {
            return ProxyRefusal.Of(reason, Shown(host));
        }

        (exchange.Authority, exchange.Target) = (authority, target);

        // The server takes a length beside a transfer coding away, and keeps it under this name (RFC 9112 6.3).
        if (!StringValuesAreEmpty(request, HeaderNames.TransferEncoding)
            && (request.ContentLength is not null || !StringValuesAreEmpty(request, "X-Content-Length")))
        {
            context.Response.Headers.Connection = "close";
            return ProxyRefusal.Of(ProxyReason.BadRequest, "the body has a length and a transfer coding");
        }

        return request.Headers.Via.Sum(CountOfSelf) >= SelfMax
            ? ProxyRefusal.Of(ProxyReason.Loop, $"it came through {SelfMax} proxies like this one")
            : null;
    }

    /// <summary>
    /// Path and query of a request target in origin or absolute form, byte for byte, and the host of the latter; null
    /// where it is neither, or holds what a target cannot.
    /// </summary>
    internal static (string? Host, string Target)? TargetOf(string raw)
    {
        foreach (var letter in raw)
        {
            if (letter is <= ' ' or > '~' or '#')
            {
                return null;
            }
        }

        if (raw.StartsWith('/'))
        {
            return (null, raw);
        }

        const string Scheme = "http://";
        if (!raw.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase))
        {
            return null;
        }

        var end = raw.AsSpan(Scheme.Length).IndexOfAny('/', '?');
        var host = end < 0 ? raw[Scheme.Length..] : raw.Substring(Scheme.Length, end);
        var rest = end < 0 ? "/" : raw[(Scheme.Length + end)..];
        return host.Contains('@', StringComparison.Ordinal) ? null : (host, rest[0] == '/' ? rest : "/" + rest);
    }

    private static bool IsRefusedMethod(HttpContext context)
    {
        var method = context.Request.Method;
        if (HttpMethods.IsConnect(method))
        {
            var connect = context.Features.Get<IHttpExtendedConnectFeature>();
            return connect is not { IsExtendedConnect: true, Protocol: "websocket" };
        }

        return HttpMethods.IsTrace(method);
    }

    private static bool StringValuesAreEmpty(HttpRequest request, string header) => request.Headers[header].Count == 0;

    private static int CountOfSelf(string? via)
    {
        var count = 0;
        for (var at = 0; via is not null
            && (at = via.IndexOf(ForwardTransformer.Self, at, StringComparison.Ordinal)) >= 0; at++)
        {
            count++;
        }

        return count;
    }

    // It goes into an answer and a log: short, and nothing but letters that a host can have.
    private static string Shown(string host) =>
        string.Concat(
            host.Take(100).Select(one => char.IsAsciiLetterOrDigit(one) || one is '.' or '-' or ':' ? one : '?'));
}
