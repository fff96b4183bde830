using Microsoft.Extensions.Logging;

namespace Fairlead.Sidecar.Proxy;

internal static partial class ProxyLog
{
    [LoggerMessage(6100, LogLevel.Information, "The proxy listens on {Http1} for HTTP/1.1 and on {Http2} for HTTP/2")]
    public static partial void Listening(ILogger logger, string http1, string http2);

    [LoggerMessage(6101, LogLevel.Information, "This pod is {Identity} until {Expires:u}")]
    public static partial void SvidRead(ILogger logger, string identity, DateTimeOffset expires);

    [LoggerMessage(6102, LogLevel.Warning, "The SVID {File} cannot be used: {Reason}; the last good one stays in use")]
    public static partial void SvidUnreadable(ILogger logger, string file, string reason);

    [LoggerMessage(
        6103, LogLevel.Warning, "The endpoint {Endpoint} of {Name} showed a certificate that is refused: {Refusal}")]
    public static partial void CertificateRefused(ILogger logger, string endpoint, string name, string refusal);

    [LoggerMessage(6104, LogLevel.Error, "A request for {Name} failed inside the proxy")]
    public static partial void RequestBroke(ILogger logger, Exception exception, string name);

    [LoggerMessage(6110, LogLevel.Information,
        "{Method} {Name} {Path} {Status} reason={Reason} state={State} segment={Segment} epoch={Epoch} seal={Seal} "
        + "endpoint={Endpoint} attempts={Attempts} duration_ms={Duration} protocol={Protocol}")]
    public static partial void Access(
        ILogger logger, string method, string name, string path, int status, string reason, string state,
        string segment,
        long epoch, long seal, string endpoint, int attempts, double duration, string protocol);
}
