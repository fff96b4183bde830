namespace Fairlead.Rpc;

/// <summary>An <see cref="RpcServer"/> cannot listen; the message names the endpoint and the remedy.</summary>
public sealed class RpcEndpointException : IOException
{
    /// <summary>An endpoint that failed.</summary>
    public RpcEndpointException(RpcEndpoint endpoint, string message, Exception? innerException = null)
        : base(message, innerException) => Endpoint = endpoint;

    /// <summary>The endpoint.</summary>
    public RpcEndpoint Endpoint { get; }
}
