using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core.Features;
using Microsoft.Extensions.Logging;

namespace Fairlead.Rpc;

/// <summary>
/// Turns an HTTP/2 request into a call of a handler, and what the handler does into a status. Thread-safe.
/// </summary>
internal sealed class CallDispatcher(RpcServiceOptions options, ILogger logger, CancellationToken stopping)
{
    private const string ContentType = "application/grpc";

    /// <summary>Serves one request; a null handler is an unknown method.</summary>
    public Task InvokeAsync(HttpContext http, MethodHandler? handler) =>
        http.Features.Get<Stranger>() is { } stranger
            ? InvokeAsync(http, handler, stranger)
            : ServeAsync(http, handler);

    private async Task InvokeAsync(HttpContext http, MethodHandler? handler, Stranger stranger)
    {
        if (stranger.Begin() is { } excess)
        {
            PrepareStream(http);
            ResponseStatus.Write(
                http.Response.Headers,
                new Status(StatusCode.ResourceExhausted, $"{excess}: of one who was not accepted here"));
            return;
        }

        try
        {
            await ServeAsync(http, handler).ConfigureAwait(false);
        }
        finally
        {
            stranger.End();
        }
    }

    // Awaits nothing itself: each layer that waits is memory for as long as a call lasts, which may be days.
    private Task ServeAsync(HttpContext http, MethodHandler? handler)
    {
        if (RefuseHttp(http) is { } code)
        {
            http.Response.StatusCode = code;
            return Task.CompletedTask;
        }

        PrepareStream(http);
        var refusal = Inspect(http, handler, out var peerKey, out var timeout);
        if (refusal is { } status)
        {
            ResponseStatus.Write(http.Response.Headers, status);
            return Task.CompletedTask;
        }

        return RunAsync(http, handler!, peerKey, timeout);
    }

    private static int? RefuseHttp(HttpContext http)
    {
        var type = http.Request.ContentType ?? "";
        var isGrpc = type.StartsWith(ContentType, StringComparison.OrdinalIgnoreCase)
            && (type.Length == ContentType.Length || type[ContentType.Length] is '+' or ';' or ' ');
        return !isGrpc ? StatusCodes.Status415UnsupportedMediaType
            : !HttpMethods.IsPost(http.Request.Method) ? StatusCodes.Status405MethodNotAllowed
            : !HttpProtocol.IsHttp2(http.Request.Protocol) ? StatusCodes.Status426UpgradeRequired
            : null;
    }

    private static void PrepareStream(HttpContext http)
    {
        // Without these Kestrel ends an idle stream after seconds and a long one after 30 MB.
        if (http.Features.Get<IHttpMinRequestBodyDataRateFeature>() is { } rate)
        {
            rate.MinDataRate = null;
        }

        if (http.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } size)
        {
            size.MaxRequestBodySize = null;
        }

        http.Response.ContentType = ContentType;
        http.Response.Headers["grpc-accept-encoding"] = ResponseStatus.AcceptEncoding;
    }

    private Status? Inspect(HttpContext http, MethodHandler? handler, out byte[]? peerKey, out TimeSpan? timeout)
    {
        peerKey = null;
        timeout = null;
        if (PeerKeys.IsBad(http, out peerKey))
        {
            RpcLog.BadKey(logger, http.Connection.RemoteIpAddress);
            return new Status(StatusCode.Unauthenticated, "BadKey: the client certificate holds no P-256 key");
        }

        if (handler is null)
        {
            return new Status(StatusCode.Unimplemented, $"unknown method {http.Request.Path.Value}");
        }

        string? encoding = http.Request.Headers["grpc-encoding"];
        if (encoding is not (null or "" or "identity" or "gzip"))
        {
            return new Status(StatusCode.Unimplemented, "unknown grpc-encoding");
        }

        string? text = http.Request.Headers["grpc-timeout"];
        if (text is not null)
        {
            if (!GrpcTimeout.TryParse(text, out var given))
            {
                return new Status(StatusCode.Internal, "bad grpc-timeout");
            }

            timeout = given;
        }

        return null;
    }

    private async Task RunAsync(HttpContext http, MethodHandler handler, byte[]? peerKey, TimeSpan? timeout)
    {
        var gzip = http.Request.Headers["grpc-encoding"] == "gzip";
        using var call = new ServerCall(http, handler.Method, peerKey, gzip, options, stopping);
        if (timeout is { } given)
        {
            call.StartDeadline(given, options.TimeProvider.GetUtcNow());
        }

        using var span = RpcTracing.StartServer(
            handler.Method.Type, handler.Method.FullName, http.Request.Headers[RpcTracing.Header]);
        Status status;
        Metadata? trailers = null;
        try
        {
            await handler.InvokeAsync(call).ConfigureAwait(false);
            status = call.Status;
        }
        catch (RpcException exception)
        {
            status = exception.Status;
            trailers = exception.Trailers;
        }
        catch (OperationCanceledException) when (call.CancellationToken.IsCancellationRequested)
        {
            status = Status.DefaultCancelled;
        }
        catch (Exception exception)
        {
            // What went wrong inside is nobody else's business.
            RpcLog.HandlerThrew(logger, call.Method, exception);
            status = new Status(StatusCode.Unknown, "Exception was thrown by handler.");
        }

        RpcTracing.End(span, status);
        await FinishAsync(call, status, trailers).ConfigureAwait(false);
    }

    private async Task FinishAsync(ServerCall call, Status status, Metadata? trailers)
    {
        if (call is { IsBehind: true, End: not (CallEnd.Gone or CallEnd.StalledReader) })
        {
            await call.CatchUpAsync().ConfigureAwait(false);
        }

        var failed = status.StatusCode != StatusCode.OK;
        switch (call.End)
        {
            case CallEnd.Gone:
                return;
            case CallEnd.StalledReader:
                RpcLog.StalledReader(logger, call.Method, options.WriteTimeout);
                call.CutOff();
                return;
            case var _ when call.IsBehind:
                call.CutOff();
                return;
            case CallEnd.Deadline when failed:
                call.Finish(new Status(StatusCode.DeadlineExceeded, "Deadline Exceeded"), null);
                return;
            case CallEnd.SlowRequest:
                call.Finish(
                    new Status(
                        StatusCode.DeadlineExceeded, $"the request was not there after {options.ReadTimeout:g}"), null);
                return;
            case CallEnd.Stopping when status.StatusCode == StatusCode.Cancelled:
                call.Finish(new Status(StatusCode.Unavailable, "the server is stopping"), null);
                return;
            default:
                call.Finish(status, trailers);
                return;
        }
    }
}
