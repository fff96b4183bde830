using System.Buffers;
using System.Text;
using System.Text.Json;

namespace Fairlead.Hosting;

/// <summary>One page as it is answered. Immutable.</summary>
/// <param name="Status">The HTTP status.</param>
/// <param name="ContentType">The media type.</param>
/// <param name="Body">The content.</param>
public sealed record Page(int Status, string ContentType, ReadOnlyMemory<byte> Body)
{
    /// <summary>A page of JSON.</summary>
    /// <param name="status">The HTTP status.</param>
    /// <param name="write">Writes the one value.</param>
    public static Page Json(int status, Action<Utf8JsonWriter> write)
    {
        ArgumentNullException.ThrowIfNull(write);
        var buffer = new ArrayBufferWriter<byte>(1024);
        using (var json = new Utf8JsonWriter(buffer))
        {
            write(json);
        }

        return new Page(status, "application/json", buffer.WrittenMemory);
    }

    /// <summary>A page of text.</summary>
    /// <param name="status">The HTTP status.</param>
    /// <param name="text">The text.</param>
    /// <param name="contentType">The media type.</param>
    public static Page Plain(int status, string text, string contentType = "text/plain; charset=utf-8") =>
        new(status, contentType, Encoding.UTF8.GetBytes(text));

    /// <summary>The page <c>/ready</c>: 200 with <c>ready</c>, or 503 with what is missing.</summary>
    /// <param name="missing">What is missing; null where nothing is.</param>
    public static Page Readiness(string? missing) =>
        missing is null ? Plain(200, "ready\n") : Plain(503, $"not ready: {missing}\n");
}
