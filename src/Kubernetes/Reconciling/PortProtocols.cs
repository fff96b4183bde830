using Fairlead.Kubernetes.Objects;

namespace Fairlead.Kubernetes.Reconciling;

/// <summary>
/// What is spoken over a Service's port: <c>appProtocol</c> where given, else the port name up to its first <c>-</c>,
/// else bytes. A stated <c>appProtocol</c> that is none of ours means bytes as well: its author spoke, so the name is
/// not asked.
/// </summary>
internal static class PortProtocols
{
    /// <summary>The protocol of <paramref name="port"/>.</summary>
    public static PortProtocol Of(ServicePort port) => port.AppProtocol is { } stated
        ? OfAppProtocol(stated)
        : OfPrefix(port.Name ?? string.Empty);

    // kubernetes.io/ws is an HTTP upgrade; its TLS twin and https are bytes to a proxy that does not end TLS.
    private static PortProtocol OfAppProtocol(string stated) => stated switch
    {
        "kubernetes.io/h2c" => PortProtocol.Http2,
        "kubernetes.io/ws" => PortProtocol.Http,
        _ => OfWord(stated),
    };

    private static PortProtocol OfPrefix(string name)
    {
        if (name == "grpc-web" || name.StartsWith("grpc-web-", StringComparison.Ordinal))
        {
            return PortProtocol.Http;
        }

        var dash = name.IndexOf('-', StringComparison.Ordinal);
        return OfWord(dash < 0 ? name : name[..dash]);
    }

    private static PortProtocol OfWord(string word) => word switch
    {
        "http" or "grpc-web" => PortProtocol.Http,
        "http2" or "h2c" => PortProtocol.Http2,
        "grpc" => PortProtocol.Grpc,
        _ => PortProtocol.Tcp,
    };
}
