namespace Fairlead.Sidecar.Tests.Grpc;

/// <summary>An implementation of gRPC's own xDS client.</summary>
public enum GrpcLibrary
{
    /// <summary>The C core, in Python.</summary>
    Core,

    /// <summary>grpc-js.</summary>
    Js,

    /// <summary>grpc-go.</summary>
    Go,
}
