using System.Text.Json;
using Fairlead.Resolver.Home;

namespace Fairlead.Sidecar.Admin;

/// <summary>The page <c>/refusals</c>: what anchors were refused or failed for lately, oldest first.</summary>
internal static class RefusalsPage
{
    internal static void Write(Utf8JsonWriter json, IEnumerable<AnchorTrouble> troubles)
    {
        json.WriteStartArray();
        foreach (var trouble in troubles)
        {
            json.WriteStartObject();
            json.WriteString("time", trouble.Time);
            json.WriteString("anchor", trouble.Anchor);
            json.WriteString("name", trouble.Name);
            json.WriteString("failure", trouble.Refusal.Failure.ToString());
            json.WriteString("where", trouble.Refusal.Where);
            json.WriteString("detail", trouble.Refusal.Detail);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }
}
