namespace Fairlead.Kubernetes.Reconciling;

/// <summary>What is spoken over a port of a record.</summary>
public enum PortProtocol
{
    /// <summary>HTTP/1.1.</summary>
    Http,

    /// <summary>HTTP/2 in clear text.</summary>
    Http2,

    /// <summary>gRPC.</summary>
    Grpc,

    /// <summary>Bytes: anything else.</summary>
    Tcp,
}
