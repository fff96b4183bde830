using System.Text.Json;
using Microsoft.AspNetCore.Http;

namespace Fairlead.Sidecar.Admin;

/// <summary>
/// The page <c>/ready</c>: 200 once nothing is awaited, else 503 with what is. <c>stale</c> says how many names are
/// served beyond their time: they are served, so that it is no reason to take the pod out, and it must not look as if
/// all were well.
/// </summary>
internal static class ReadyPage
{
    internal static void Write(Utf8JsonWriter json, HttpContext context, IReadOnlyList<string> pending, int stale)
    {
        context.Response.StatusCode =
            pending.Count == 0 ? StatusCodes.Status200OK : StatusCodes.Status503ServiceUnavailable;
        json.WriteStartObject();
        json.WriteBoolean("ready", pending.Count == 0);
        json.WriteStartArray("pending");
        foreach (var what in pending)
        {
            json.WriteStringValue(what);
        }

        json.WriteEndArray();
        json.WriteNumber("stale", stale);
        json.WriteEndObject();
    }
}
