namespace Fairlead.Sidecar.Translation;

/// <summary>
/// Whom resources are for. gRPC refuses a response over fields that Envoy needs, so each gets a view of its own.
/// </summary>
internal enum ClientKind
{
    Envoy,
    Grpc,
}
