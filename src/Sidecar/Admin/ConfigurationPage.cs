using System.Text.Json;
using Fairlead.Sidecar.Hosting.Reloading;

namespace Fairlead.Sidecar.Admin;

/// <summary>The page <c>/config</c>: what came of the newest look at the configuration. No value of it is
/// shown.</summary>
internal static class ConfigurationPage
{
    internal static void Write(Utf8JsonWriter json, ReloadStatus status)
    {
        json.WriteStartObject();
        json.WriteString("file", status.Path);
        json.WriteString("read_at", status.ReadAt?.ToString("O", null));
        json.WriteNumber("applied", status.Applied);
        json.WriteNumber("refused", status.Refused);
        Write(json, "changed", status.Changed);
        Write(json, "restart_needed", status.RestartNeeded);
        Write(json, "errors", status.Errors);
        json.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter json, string name, IEnumerable<string> values)
    {
        json.WriteStartArray(name);
        foreach (var value in values)
        {
            json.WriteStringValue(value);
        }

        json.WriteEndArray();
    }
}
