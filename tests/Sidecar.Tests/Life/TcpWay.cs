namespace Fairlead.Sidecar.Tests.Life;

/// <summary>How an Envoy comes to the clusters to which it leads TCP.</summary>
public enum TcpWay
{
    /// <summary>It is the sidecar's own: all on one stream.</summary>
    Aggregated,

    /// <summary>It is the sidecar's own: each type on a stream.</summary>
    ByType,

    /// <summary>It is another control plane's: our collection, and a stream for the endpoints of each
    /// cluster.</summary>
    Streams,

    /// <summary>The same, with the stream of our authority for all endpoints.</summary>
    Authority,

    /// <summary>The same: the listener asks for its cluster by its plain name.</summary>
    Named,
}
