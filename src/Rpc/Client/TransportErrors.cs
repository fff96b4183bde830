using System.Net.Sockets;

namespace Fairlead.Rpc;

/// <summary>
/// What a failure below gRPC means as a status (gRPC over HTTP/2, "HTTP2 Transport Mapping", "Errors").
/// </summary>
internal static class TransportErrors
{
    public static Status ToStatus(Exception exception)
    {
        for (var inner = exception; inner is not null; inner = inner.InnerException)
        {
            switch (inner)
            {
                case RpcException rpc:
                    return rpc.Status;
                case TransportRefusedException refused:
                    return new Status(StatusCode.Unavailable, refused.Message, refused);
                case HttpProtocolException protocol:
                    return FromReset(protocol, exception);
                case SocketException socket:
                    return new Status(StatusCode.Unavailable, $"no connection: {socket.Message}", exception);
                // Only as the whole failure: inside another one it is a connection that broke while it was set up.
                case ObjectDisposedException when inner == exception:
                    return new Status(StatusCode.Cancelled, "the call or its channel was disposed", exception);
                default:
                    break;
            }
        }

        return new Status(StatusCode.Unavailable, $"the connection failed: {exception.Message}", exception);
    }

    public static Status FromHttp(int code) => new(
        code switch
        {
            400 => StatusCode.Internal,
            401 => StatusCode.Unauthenticated,
            403 => StatusCode.PermissionDenied,
            404 => StatusCode.Unimplemented,
            429 or 502 or 503 or 504 => StatusCode.Unavailable,
            _ => StatusCode.Unknown,
        },
        $"HTTP status {code} without a gRPC status");

    // RFC 9113, section 7, by the table of the gRPC protocol.
    private static Status FromReset(HttpProtocolException protocol, Exception exception)
    {
        var code = protocol.ErrorCode switch
        {
            // The table's INTERNAL would call two ends of a connection a bug: a server that goes away may close its
            // streams with NO_ERROR, and a ping without an answer is reported by .NET as PROTOCOL_ERROR.
            0x0 or 0x1 or 0x7 => StatusCode.Unavailable,
            0x8 => StatusCode.Cancelled,
            0xB => StatusCode.ResourceExhausted,
            0xC => StatusCode.PermissionDenied,
            _ => StatusCode.Internal,
        };
        return new Status(code, $"HTTP/2 error {protocol.ErrorCode}: {protocol.Message}", exception);
    }
}
