using Fairlead.Configuration;

namespace Fairlead.Telemetry;

/// <summary>Where a program sends its numbers and spans by OTLP over HTTP. Immutable.</summary>
/// <param name="Otlp">The collector, such as <c>http://127.0.0.1:4318</c>; <c>/v1/metrics</c> and <c>/v1/traces</c>
/// are added to its path.</param>
/// <param name="Interval">The time between two exports of numbers.</param>
/// <param name="TraceRatio">The share of traces that is kept, 0 to 1, decided by the trace's id alone: all programs
/// with one ratio keep the same traces, and no caller decides how much is kept.</param>
public sealed record TelemetryOptions(Uri Otlp, TimeSpan Interval, double TraceRatio)
{
    private const string Expects =
        "the address of a collector, such as http://127.0.0.1:4318, without user, password and query";
    private static readonly TimeSpan IntervalMin = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan IntervalMax = TimeSpan.FromMinutes(10);
    private static readonly TimeSpan IntervalDefault = TimeSpan.FromSeconds(30);

    /// <summary>Reads the section <c>telemetry</c>: <c>otlp</c>, <c>interval</c> (1 s to 10 min, 30 s by default) and
    /// <c>traces_percent</c> (10 by default). What is wrong is added to the file's errors.</summary>
    /// <param name="root">The whole configuration.</param>
    /// <returns>Null where there is no such section: nothing is sent then.</returns>
    public static TelemetryOptions? Read(ConfigurationSection root)
    {
        ArgumentNullException.ThrowIfNull(root);
        var section = root.Section("telemetry", isRequired: false);
        return section.IsPresent
            ? new TelemetryOptions(
                section.Value<Uri>("otlp", Expects, TryAddress, isShown: false)!,
                section.Duration("interval", IntervalMin, IntervalMax, IntervalDefault),
                section.Integer("traces_percent", 0, 100, 10) / 100.0)
            : null;
    }

    /// <summary>Reads a collector's address: http or https, without a query and without a password.</summary>
    public static bool TryAddress(string text, out Uri address)
    {
        if (Uri.TryCreate(text, UriKind.Absolute, out var found)
            && (found.Scheme == Uri.UriSchemeHttp || found.Scheme == Uri.UriSchemeHttps)
            && found.UserInfo.Length == 0 && found.Query.Length == 0 && found.Fragment.Length == 0)
        {
            address = found;
            return true;
        }

        address = null!;
        return false;
    }
}
