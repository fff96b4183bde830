using System.Text.Json.Nodes;

namespace Fairlead.Cli.Demo.Checks.Acme;

/// <summary>Reads the sidecar's page of names.</summary>
internal static class NamesView
{
    /// <summary>One name's object.</summary>
    internal static JsonNode Of(JsonNode page, string name) =>
        page.AsArray().FirstOrDefault(one => (string?)one!["name"] == name)
        ?? throw new CheckFailedException($"the sidecar does not hold {name}");

    /// <summary>The state of a name; empty where it is not held.</summary>
    internal static string StateOf(JsonNode page, string name) =>
        (string?)page.AsArray().FirstOrDefault(one => (string?)one!["name"] == name)?["state"] ?? "";

    /// <summary>Whether these names are fresh.</summary>
    internal static bool AreFresh(JsonNode page, params IEnumerable<string> names) =>
        names.All(name => StateOf(page, name) == "fresh");

    /// <summary>Whether every name is fresh, or denied as an earlier check left it.</summary>
    internal static bool AreFresh(JsonNode page) =>
        page.AsArray().Count > 0 && page.AsArray().All(name => (string?)name!["state"] is "fresh" or "denied");

    /// <summary>Waits until every name is fresh, or denied as an earlier check left it.</summary>
    internal static async Task<JsonNode> FreshAsync(DemoWorld world, CancellationToken cancellationToken)
    {
        using var sidecar = new JsonApi(world.SidecarAdmin, world.Time);
        return await sidecar.WaitForAsync("names", AreFresh, cancellationToken).ConfigureAwait(false);
    }
}
