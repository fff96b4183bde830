using System.Globalization;
using Microsoft.AspNetCore.Http;

namespace Fairlead.Rpc;

/// <summary>The headers that carry a call's status.</summary>
internal static class ResponseStatus
{
    public const string AcceptEncoding = "identity,gzip";

    public static void Write(IHeaderDictionary headers, Status status)
    {
        headers["grpc-status"] = ((int)status.StatusCode).ToString(CultureInfo.InvariantCulture);
        if (status.Detail.Length > 0)
        {
            headers["grpc-message"] = StatusMessage.Encode(status.Detail);
        }
    }
}
