namespace Fairlead.Sidecar.Translation;

/// <summary>Names of extensions and metadata that appear in resources.</summary>
internal static class WellKnown
{
    /// <summary>The metadata namespace of everything that Fairlead says.</summary>
    internal const string Metadata = "fairlead";

    /// <summary>The route configuration that a standalone Envoy's listener asks for.</summary>
    internal const string Routes = "fairlead";

    /// <summary>The response header that tells why a local reply was given.</summary>
    internal const string ReasonHeader = "fairlead-reason";

    /// <summary>The key of the HTTP options of a cluster (Envoy: the message's full name).</summary>
    internal const string HttpOptions = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions";

    /// <summary>The socket of TLS.</summary>
    internal const string Tls = "envoy.transport_sockets.tls";

    /// <summary>The socket of connections in the clear.</summary>
    internal const string RawBuffer = "envoy.transport_sockets.raw_buffer";

    /// <summary>The validator of SPIFFE ids.</summary>
    internal const string SpiffeValidator = "envoy.tls.cert_validator.spiffe";

    /// <summary>The metadata namespace by which a cluster chooses an endpoint's socket.</summary>
    internal const string SocketMatch = "envoy.transport_socket_match";

    /// <summary>The field in it.</summary>
    internal const string Peer = "fairlead_peer";

    /// <summary>The field of an endpoint without an identity.</summary>
    internal const string NoPeer = "none";

    /// <summary>The field of the sidecar itself, where it is asked about endpoints.</summary>
    internal const string Responder = "responder";

    /// <summary>The secret that holds Envoy's own certificate.</summary>
    internal const string Secret = "fairlead-svid";

    /// <summary>What the names of secrets with bundles begin with.</summary>
    internal const string Bundle = "fairlead-bundle";

    /// <summary>The endpoints of a cluster of gRPC of which nothing is known: no service has this name, and an
    /// assignment without any is all that is ever told under it.</summary>
    internal const string Nowhere = "nowhere";

    /// <summary>The terminal HTTP filter.</summary>
    internal const string Router = "envoy.filters.http.router";
}
