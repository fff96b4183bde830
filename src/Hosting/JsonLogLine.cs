using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.Logging;

namespace Fairlead.Hosting;

/// <summary>
/// One event as a JSON object on a line of its own. What the words are made of stands in <c>fields</c> as well, by the
/// names that the event gives it, in snake case. All that is not ASCII and every control is escaped, so that words of
/// others end no line and steer no terminal. Without reflection. Stateless.
/// </summary>
internal static class JsonLogLine
{
    // What the words were made from; the words themselves are there.
    private const string Template = "{OriginalFormat}";

    internal static string Of(
        string at, string level, string category, EventId number, string message, object? state, Exception? exception)
    {
        var buffer = new ArrayBufferWriter<byte>(256);
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteString("time", at);
            json.WriteString("level", level);
            json.WriteString("category", category);
            if (number.Id != 0)
            {
                json.WriteNumber("event", number.Id);
            }

            if (number.Name is { Length: > 0 } name)
            {
                json.WriteString("name", name);
            }

            json.WriteString("message", message);
            if (state is IEnumerable<KeyValuePair<string, object?>> fields)
            {
                Write(json, fields);
            }

            if (exception is not null)
            {
                json.WriteString("exception", exception.ToString());
            }

            json.WriteEndObject();
        }

        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }

    private static void Write(Utf8JsonWriter json, IEnumerable<KeyValuePair<string, object?>> fields)
    {
        var hasAny = false;
        foreach (var (name, value) in fields)
        {
            if (name == Template)
            {
                continue;
            }

            if (!hasAny)
            {
                json.WriteStartObject("fields");
                hasAny = true;
            }

            json.WritePropertyName(JsonNamingPolicy.SnakeCaseLower.ConvertName(name));
            Write(json, value);
        }

        if (hasAny)
        {
            json.WriteEndObject();
        }
    }

    private static void Write(Utf8JsonWriter json, object? value)
    {
        switch (value)
        {
            case null:
                json.WriteNullValue();
                break;
            case bool flag:
                json.WriteBooleanValue(flag);
                break;
            case byte or sbyte or short or ushort or int or uint or long:
                json.WriteNumberValue(Convert.ToInt64(value, CultureInfo.InvariantCulture));
                break;
            case ulong number:
                json.WriteNumberValue(number);
                break;
            case double number when double.IsFinite(number):
                json.WriteNumberValue(number);
                break;
            case DateTimeOffset moment:
                json.WriteStringValue(moment);
                break;
            default:
                json.WriteStringValue(Convert.ToString(value, CultureInfo.InvariantCulture));
                break;
        }
    }
}
