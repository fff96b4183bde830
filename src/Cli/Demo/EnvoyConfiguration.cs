using System.Globalization;

namespace Fairlead.Cli.Demo;

/// <summary>The sample bootstrap with this run's socket and ports in place of the sample's.</summary>
internal static class EnvoyConfiguration
{
    private const string SampleSocket = "/var/run/fairlead/xds.sock";
    private const string SampleListener = "port_value: 15080";
    private const string SampleAdmin = "port_value: 15000";

    internal static async Task WriteAsync(
        string sample, string target, string socket, int listener, int admin, CancellationToken cancellationToken)
    {
        var text = await File.ReadAllTextAsync(sample, cancellationToken).ConfigureAwait(false);
        foreach (var expected in new[] { SampleSocket, SampleListener, SampleAdmin })
        {
            Check.That(text.Contains(expected, StringComparison.Ordinal), $"{sample} does not contain {expected}");
        }

        text = text.Replace(SampleSocket, socket, StringComparison.Ordinal)
            .Replace(SampleListener, PortLine(listener), StringComparison.Ordinal)
            .Replace(SampleAdmin, PortLine(admin), StringComparison.Ordinal);
        await File.WriteAllTextAsync(target, text, cancellationToken).ConfigureAwait(false);
    }

    private static string PortLine(int port) => string.Create(CultureInfo.InvariantCulture, $"port_value: {port}");
}
