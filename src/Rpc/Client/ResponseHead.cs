using System.Globalization;
using System.Net.Http.Headers;

namespace Fairlead.Rpc;

/// <summary>Reads what surrounds the messages of a response.</summary>
internal static class ResponseHead
{
    /// <summary>The status a header block carries, or null if it has none.</summary>
    public static Status? StatusOf(HttpHeaders headers)
    {
        if (First(headers, "grpc-status") is not { } text)
        {
            return null;
        }

        var known = int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number <= 16;
        var detail = StatusMessage.Decode(First(headers, "grpc-message") ?? "");
        return new Status(known ? (StatusCode)number : StatusCode.Unknown, detail);
    }

    public static Metadata MetadataOf(HttpHeaders headers)
    {
        var metadata = new Metadata();
        foreach (var (name, values) in headers.NonValidated)
        {
            foreach (var value in values)
            {
                MetadataHeaders.Read(metadata, name, value);
            }
        }

        return metadata;
    }

    /// <summary>Why a response is no gRPC response, or null if it is one.</summary>
    public static Status? Refuse(HttpResponseMessage response)
    {
        if ((int)response.StatusCode != 200)
        {
            return StatusOf(response.Headers) ?? TransportErrors.FromHttp((int)response.StatusCode);
        }

        var type = response.Content.Headers.ContentType?.MediaType ?? "";
        if (!type.StartsWith("application/grpc", StringComparison.OrdinalIgnoreCase))
        {
            return new Status(StatusCode.Unknown, $"the content type is {type}, not application/grpc");
        }

        return First(response.Headers, "grpc-encoding") is null or "identity" or "gzip"
            ? null
            : new Status(StatusCode.Internal, "unknown grpc-encoding");
    }

    public static string? First(HttpHeaders headers, string name) =>
        headers.NonValidated.TryGetValues(name, out var values) ? values.ToString() : null;
}
