using System.Text.Json;
using Fairlead.Xds;

namespace Fairlead.Sidecar.Admin;

/// <summary>
/// The page <c>/clients</c>: the open xDS streams, and of each type what the client asks for, how much it holds by the
/// sidecar (<c>resources</c>), the version it was sent last and acknowledged last with their times, whether it has said
/// nothing to the last response yet, and its last refusal: its words, when they came, and the names of what it refused
/// and has taken nothing of since.
/// </summary>
internal static class ClientsPage
{
    internal static void Write(Utf8JsonWriter json, IEnumerable<StreamStatus> streams)
    {
        json.WriteStartArray();
        foreach (var stream in streams)
        {
            json.WriteStartObject();
            json.WriteString("node", stream.Node.Id);
            json.WriteString("service", stream.Service);
            json.WriteString("user_agent", stream.Node.UserAgent);
            json.WriteString("version", stream.Node.UserAgentVersion);
            json.WriteString("connected_at", stream.ConnectedAt);
            json.WriteStartObject("types");
            foreach (var type in stream.Types)
            {
                Write(json, type);
            }

            json.WriteEndObject();
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private static void Write(Utf8JsonWriter json, TypeStatus type)
    {
        json.WriteStartObject(type.Type.ShortName);
        json.WriteBoolean("wildcard", type.Wildcard);
        json.WriteStartArray("subscribed");
        foreach (var name in type.Names)
        {
            json.WriteStringValue(name);
        }

        json.WriteEndArray();
        json.WriteNumber("resources", type.Resources);
        json.WriteString("sent", type.SentVersion);
        if (type.SentAt is { } sentAt)
        {
            json.WriteString("sent_at", sentAt);
        }

        json.WriteBoolean("waiting", type.Waiting);
        json.WriteString("acknowledged", type.AckedVersion);
        if (type.AckedAt is { } at)
        {
            json.WriteString("acknowledged_at", at);
        }

        if (type.Refused is { } refused)
        {
            json.WriteStartObject("refused");
            json.WriteString("version", refused.Version);
            json.WriteNumber("code", refused.Code);
            json.WriteString("message", refused.Message);
            json.WriteString("at", type.RefusedAt ?? default);
            json.WriteEndObject();
        }

        json.WriteStartArray("refused_names");
        foreach (var name in type.RefusedNames)
        {
            json.WriteStringValue(name);
        }

        json.WriteEndArray();

        if (!type.Withheld.IsEmpty)
        {
            json.WriteStartObject("withheld");
            foreach (var (name, reason) in type.Withheld)
            {
                json.WriteString(name, reason);
            }

            json.WriteEndObject();
        }

        json.WriteEndObject();
    }
}
