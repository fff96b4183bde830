using Fairlead.Sidecar.Proxy.Forwarding;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Fairlead.Sidecar.Proxy;

/// <summary>
/// One line for a request, with the evidence by which it went where it went. No header, no query, no credential is in
/// it. Thread-safe.
/// </summary>
internal sealed class AccessLog(LiveProxyOptions live, Random random, ILogger logger)
{
    private const int PathMax = 256;

    private readonly Lock _gate = new();

    /// <summary>Writes the line, where this request is one that is logged.</summary>
    internal void Write(HttpContext context, Exchange exchange, TimeSpan duration)
    {
        var options = live.Now;
        var status = context.Response.StatusCode;
        var outcome = exchange.Outcome(context);
        if (options.AccessLog == AccessLogMode.Off || (outcome == ProxyReason.Ok && !IsSampled(options)))
        {
            return;
        }

        var service = exchange.Service;
        var from = exchange.Provenance ?? service?.Provenance;
        ProxyLog.Access(
            logger,
            Method(context.Request.Method),
            exchange.Authority.Text is { Length: > 0 } name ? name : "-",
            options.AccessLogPaths ? Path(exchange.Target) : "-",
            exchange.Reason == ProxyReason.ClientGone ? StatusCodes.Status499ClientClosedRequest : status,
            outcome == ProxyReason.Ok ? "-" : outcome,
            service?.State ?? "-",
            from?.Segment ?? "-",
            from?.Epoch ?? 0,
            from?.Seal ?? 0,
            exchange.Endpoint.Length > 0 ? exchange.Endpoint : "-",
            exchange.Attempts,
            Math.Round(duration.TotalMilliseconds, 3),
            context.Request.Protocol);
    }

    private bool IsSampled(ProxyOptions options)
    {
        if (options.AccessLog != AccessLogMode.Sampled)
        {
            return false;
        }

        if (options.AccessLogShare >= 1)
        {
            return true;
        }

        lock (_gate)
        {
            return random.NextDouble() < options.AccessLogShare;
        }
    }

    private static string Path(string target)
    {
        var query = target.IndexOf('?', StringComparison.Ordinal);
        var path = query >= 0 ? target[..query] : target;
        return path.Length switch
        {
            0 => "-",
            > PathMax => path[..PathMax] + "...",
            _ => path,
        };
    }

    // The client's own word: a token by the server's parser, and of any length.
    private static string Method(string method) => method.Length <= 16 ? method : method[..16];
}
