using Google.Protobuf;

namespace Fairlead.Rpc;

/// <summary>The rich error model: a <c>google.rpc.Status</c> in the trailer <c>grpc-status-details-bin</c>.</summary>
public static class RpcStatusExtensions
{
    /// <summary>The trailer's key.</summary>
    public const string TrailerKey = "grpc-status-details-bin";

    /// <summary>The details of a failed call; null if it has none or they do not parse.</summary>
    public static Protobuf.Status? GetRpcStatus(this RpcException exception)
    {
        ArgumentNullException.ThrowIfNull(exception);
        if (exception.Trailers.Get(TrailerKey) is not { IsBinary: true } entry)
        {
            return null;
        }

        try
        {
            return Protobuf.Status.Parser.ParseFrom(entry.ValueBytes);
        }
        catch (InvalidProtocolBufferException)
        {
            return null;
        }
    }

    /// <summary>The exception by which a handler answers with these details.</summary>
    public static RpcException ToRpcException(this Protobuf.Status status)
    {
        ArgumentNullException.ThrowIfNull(status);
        return new RpcException(
            new Status((StatusCode)status.Code, status.Message), new Metadata { { TrailerKey, status.ToByteArray() } });
    }
}
