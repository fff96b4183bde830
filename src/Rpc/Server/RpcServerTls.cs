namespace Fairlead.Rpc;

/// <summary>TLS 1.3 of one endpoint (V63). Immutable.</summary>
/// <param name="Identity">The server's key.</param>
/// <param name="ClientKey">Whether callers must show a key.</param>
public sealed record RpcServerTls(TlsIdentity Identity, ClientKeyMode ClientKey = ClientKeyMode.Required);
