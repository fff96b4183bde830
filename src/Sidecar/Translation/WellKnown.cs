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

    /// <summary>The terminal HTTP filter.</summary>
    internal const string Router = "envoy.filters.http.router";
}
