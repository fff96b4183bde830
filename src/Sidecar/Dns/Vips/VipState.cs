using System.Buffers;
using System.Collections.Immutable;
using System.Text.Json;
using Fairlead.Naming;

namespace Fairlead.Sidecar.Dns;

/// <summary>
/// The addresses of names as bytes for the state folder: a JSON object with <c>format</c> and <c>vips</c>, a list of
/// {address, name, used}. Pure, thread-safe.
/// </summary>
internal static class VipState
{
    private const string Format = "fairlead-vips/1";

    /// <summary>The bytes of a snapshot.</summary>
    internal static byte[] Write(ImmutableArray<VipEntry> entries)
    {
        var buffer = new ArrayBufferWriter<byte>(256);
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteString("format", Format);
            json.WriteStartArray("vips");
            foreach (var entry in entries)
            {
                json.WriteStartObject();
                json.WriteString("address", entry.Address.ToString());
                json.WriteString("name", entry.Name);
                json.WriteNumber("used", entry.UsedAt);
                json.WriteEndObject();
            }

            json.WriteEndArray();
            json.WriteEndObject();
        }

        return buffer.WrittenSpan.ToArray();
    }

    /// <summary>Reads a snapshot.</summary>
    /// <exception cref="FormatException">It is none; a single wrong entry makes the whole wrong.</exception>
    internal static ImmutableArray<VipEntry> Read(ReadOnlyMemory<byte> bytes)
    {
        try
        {
            using var json = JsonDocument.Parse(bytes, new JsonDocumentOptions { MaxDepth = 4 });
            var root = json.RootElement;
            return root.GetProperty("format").GetString() == Format
                ? [.. root.GetProperty("vips").EnumerateArray().Select(ReadEntry)]
                : throw new FormatException($"not of the format {Format}");
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException)
        {
            throw new FormatException($"not a list of addresses: {e.Message}", e);
        }
    }

    private static VipEntry ReadEntry(JsonElement entry)
    {
        var name = FullName.Parse(entry.GetProperty("name").GetString() ?? "");
        return name.Service is { Host: null }
            ? new VipEntry(
                name.Text,
                IpAddress.Parse(entry.GetProperty("address").GetString() ?? ""),
                entry.GetProperty("used").GetInt64())
            : throw new FormatException($"{name.Text} is not the name of a service");
    }
}
