using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Http;

namespace Fairlead.Sidecar.Proxy.Forwarding;

/// <summary>Writes the proxy's own answers: problem details (RFC 9457), or a gRPC status without a message. Stateless.
/// </summary>
internal static class RefusalResponse
{
    private const string TypePrefix = "tag:fairlead.dev,2026:proxy:";

    /// <summary>Answers a request of which nothing was sent back yet.</summary>
    internal static async Task WriteAsync(HttpContext context, ProxyRefusal refusal)
    {
        var response = context.Response;
        response.Clear();
        response.Headers[ProxyReason.Header] = refusal.Reason;
        response.Headers.CacheControl = "no-store";
        if (ProxyRefusal.IsGrpc(context.Request))
        {
            // Headers that end the stream: to a client these are trailers (gRPC over HTTP/2, Trailers-Only).
            response.StatusCode = StatusCodes.Status200OK;
            response.ContentType = "application/grpc";
            response.Headers["grpc-status"] = refusal.GrpcStatus.ToString(CultureInfo.InvariantCulture);
            response.Headers["grpc-message"] = PercentEncode($"{refusal.Title} ({refusal.Reason}): {refusal.Detail}");
            await response.CompleteAsync().ConfigureAwait(false);
            return;
        }

        response.StatusCode = refusal.Status;
        response.ContentType = "application/problem+json";
        if (refusal.Reason == ProxyReason.MethodRefused)
        {
            response.Headers.Allow = "DELETE, GET, HEAD, OPTIONS, PATCH, POST, PUT";
        }

        var body = Body(refusal);
        response.ContentLength = body.WrittenCount;
        if (!HttpMethods.IsHead(context.Request.Method))
        {
            await response.Body.WriteAsync(body.WrittenMemory, context.RequestAborted).ConfigureAwait(false);
        }
    }

    private static ArrayBufferWriter<byte> Body(ProxyRefusal refusal)
    {
        var buffer = new ArrayBufferWriter<byte>(512);
        using var json = new Utf8JsonWriter(buffer);
        json.WriteStartObject();
        json.WriteString("type", TypePrefix + refusal.Reason);
        json.WriteString("title", refusal.Title);
        json.WriteNumber("status", refusal.Status);
        json.WriteString("detail", refusal.Detail);
        json.WriteString("reason", refusal.Reason);
        json.WriteEndObject();
        json.Flush();
        return buffer;
    }

    private static string PercentEncode(string text)
    {
        var encoded = new StringBuilder(text.Length);
        foreach (var octet in Encoding.UTF8.GetBytes(text))
        {
            if (octet is >= 0x20 and <= 0x7E && octet != '%')
            {
                encoded.Append((char)octet);
            }
            else
            {
                encoded.Append(CultureInfo.InvariantCulture, $"%{octet:X2}");
            }
        }

        return encoded.ToString();
    }
}
