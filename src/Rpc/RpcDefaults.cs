namespace Fairlead.Rpc;

/// <summary>Defaults shared by both sides.</summary>
public static class RpcDefaults
{
    /// <summary>Bytes of the largest message: 4 MiB, as every gRPC library has it.</summary>
    public const int MaxMessageBytes = 4 * 1024 * 1024;
}
