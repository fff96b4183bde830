using System.Text.Json.Nodes;

namespace Fairlead.Cli.Demo;

/// <summary>Reads the sidecar's page of xDS clients.</summary>
internal static class EnvoyClients
{
    /// <summary>The version of the endpoints that Envoy acknowledged last; empty where it acknowledged none.</summary>
    internal static string AcknowledgedEds(JsonNode page) =>
        page.AsArray()
            .Where(client => ((string?)client!["user_agent"])?.StartsWith("envoy", StringComparison.Ordinal) == true)
            .Select(client => (string?)client!["types"]?["eds"]?["acknowledged"])
            .LastOrDefault() ?? "";
}
