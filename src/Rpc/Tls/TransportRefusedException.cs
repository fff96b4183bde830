namespace Fairlead.Rpc;

/// <summary>
/// This side refused the other's key. A caller finds it as the <see cref="Status.DebugException"/> of an
/// <see cref="RpcException"/> with <see cref="StatusCode.Unavailable"/>.
/// </summary>
public sealed class TransportRefusedException : IOException
{
    /// <summary>A refusal by its name.</summary>
    public TransportRefusedException(TransportFailure failure, string message)
        : base($"{failure}: {message}") => Failure = failure;

    /// <summary>The closed reason.</summary>
    public TransportFailure Failure { get; }
}
