namespace Fairlead.Naming;

/// <summary>What a port speaks (4.1 "Sources").</summary>
public static class PortProtocol
{
    /// <summary>gRPC.</summary>
    public const string Grpc = "grpc";

    /// <summary>HTTP/1.1.</summary>
    public const string Http = "http";

    /// <summary>HTTP/2.</summary>
    public const string Http2 = "http2";

    /// <summary>Anything over TCP.</summary>
    public const string Tcp = "tcp";

    internal static string[] All => [Grpc, Http, Http2, Tcp];
}
