using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Fairlead.Cli.Operating;

/// <summary>JSON for scripts: indented, and as readable as text. Stateless.</summary>
internal static class JsonText
{
    private static readonly JsonWriterOptions Readable = new()
    {
        Indented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    internal static string Object(Action<Utf8JsonWriter> members)
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer, Readable))
        {
            json.WriteStartObject();
            members(json);
            json.WriteEndObject();
        }

        return Encoding.UTF8.GetString(buffer.ToArray());
    }
}
