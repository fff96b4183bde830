namespace Fairlead.Rpc;

/// <summary>Defaults shared by both sides.</summary>
public static class RpcDefaults
{
    /// <summary>Bytes of the largest message: 4 MiB, as every gRPC library has it.</summary>
    public const int MaxMessageBytes = 4 * 1024 * 1024;

    /// <summary>Bytes of one call's responses that may wait for its reader: 16 KiB, for a thousand callers that come back
    /// at once are told a lot at once.</summary>
    public const int BufferedBytes = 16 * 1024;
}
