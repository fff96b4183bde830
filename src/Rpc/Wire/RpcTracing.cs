using System.Diagnostics;

namespace Fairlead.Rpc;

/// <summary>
/// The spans of calls, by OpenTelemetry's conventions for RPC, and their context on the wire: the header
/// <c>traceparent</c> (W3C Trace Context, 2.2). Only calls with one answer have one: a stream lives for days, and what
/// it carries is traced by those who carry it. Where nobody listens there are no spans and no header. Thread-safe.
/// </summary>
internal static class RpcTracing
{
    /// <summary>The header.</summary>
    internal const string Header = "traceparent";

    private const string SourceName = "Fairlead.Rpc";

    private static readonly ActivitySource Source = new(SourceName);

    /// <summary>A client's span under the caller's; the caller's stays the current one.</summary>
    internal static Activity? StartClient<TRequest, TResponse>(Method<TRequest, TResponse> method, Uri address)
        where TRequest : class
        where TResponse : class
    {
        if (method.Type != MethodType.Unary || !Source.HasListeners())
        {
            return null;
        }

        var caller = Activity.Current;
        var span = Source.StartActivity(NameOf(method.FullName), ActivityKind.Client);
        Activity.Current = caller;
        span?.SetTag("server.address", address.Host).SetTag("server.port", address.Port);
        return Describe(span, method.FullName);
    }

    /// <summary>A server's span under the client's, where it says so; it is the current one from here on.</summary>
    internal static Activity? StartServer(MethodType type, string method, string? header)
    {
        if (type != MethodType.Unary || !Source.HasListeners())
        {
            return null;
        }

        // The web server's own is of a source that nobody asked for.
        Activity.Current = null;
        _ = ActivityContext.TryParse(header, null, isRemote: true, out var parent);
        return Describe(Source.StartActivity(NameOf(method), ActivityKind.Server, parent), method);
    }

    /// <summary>Ends a span with what became of the call.</summary>
    internal static void End(Activity? span, Status status)
    {
        if (span is null)
        {
            return;
        }

        span.SetTag("rpc.grpc.status_code", (int)status.StatusCode);
        if (status.StatusCode != StatusCode.OK)
        {
            span.SetStatus(ActivityStatusCode.Error, status.StatusCode.ToString());
        }

        span.Stop();
    }

    private static Activity? Describe(Activity? span, string method)
    {
        if (span is { IsAllDataRequested: true })
        {
            var slash = method.LastIndexOf('/');
            span.SetTag("rpc.system", "grpc")
                .SetTag("rpc.service", method[1..slash])
                .SetTag("rpc.method", method[(slash + 1)..]);
        }

        return span;
    }

    private static string NameOf(string method) => method[1..];
}
