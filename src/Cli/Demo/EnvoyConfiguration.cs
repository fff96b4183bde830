using System.Globalization;

namespace Fairlead.Cli.Demo;

/// <summary>
/// The sample bootstrap with this run's socket and ports in place of the sample's, and an access log that shows flags.
/// </summary>
internal static class EnvoyConfiguration
{
    private const string SampleSocket = "/var/run/fairlead/xds.sock";
    private const string SampleListener = "port_value: 15080";
    private const string SampleAdmin = "port_value: 15000";
    private const string SamplePrefix = "stat_prefix: outbound\n";

    internal static async Task WriteAsync(
        string sample, string target, string socket, int listener, int admin, string accessLog,
        CancellationToken cancellationToken)
    {
        var text = await File.ReadAllTextAsync(sample, cancellationToken).ConfigureAwait(false);
        foreach (var expected in new[] { SampleSocket, SampleListener, SampleAdmin, SamplePrefix })
        {
            Check.That(text.Contains(expected, StringComparison.Ordinal), $"{sample} does not contain {expected}");
        }

        text = text.Replace(SampleSocket, socket, StringComparison.Ordinal)
            .Replace(SampleListener, PortLine(listener), StringComparison.Ordinal)
            .Replace(SampleAdmin, PortLine(admin), StringComparison.Ordinal)
            .Replace(SamplePrefix, SamplePrefix + AccessLog(accessLog), StringComparison.Ordinal);
        await File.WriteAllTextAsync(target, text, cancellationToken).ConfigureAwait(false);
    }

    private static string AccessLog(string path) =>
        $"""
                        access_log:
                          - name: envoy.access_loggers.file
                            typed_config:
                              "@type": type.googleapis.com/envoy.extensions.access_loggers.file.v3.FileAccessLog
                              path: {path}
                              log_format:
                                text_format_source:
                                  inline_string: "%RESPONSE_CODE% %RESPONSE_FLAGS% %REQ(:AUTHORITY)%\n"

        """;

    private static string PortLine(int port) => string.Create(CultureInfo.InvariantCulture, $"port_value: {port}");
}
