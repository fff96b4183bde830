using System.Text.Json;
using Fairlead.Xds;

namespace Fairlead.Sidecar.Admin;

/// <summary>The page <c>/clients</c>: the open xDS streams, and what each was sent, acknowledged and refused.</summary>
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
        json.WriteString("sent", type.SentVersion);
        json.WriteString("acknowledged", type.AckedVersion);
        if (type.AckedAt is { } at)
        {
            json.WriteString("acknowledged_at", at);
        }

        if (type.Refused is { } refused)
        {
            json.WriteString("refused", refused.ToString());
        }

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
