namespace Fairlead.Hosting;

/// <summary>Where a program sends its numbers and spans by OTLP over HTTP. Immutable.</summary>
/// <param name="Otlp">The collector, such as <c>http://127.0.0.1:4318</c>; <c>/v1/metrics</c> and <c>/v1/traces</c>
/// are added to its path.</param>
/// <param name="Interval">The time between two exports of numbers.</param>
/// <param name="TraceRatio">The share of traces that is kept, 0 to 1, decided by the trace's id alone: all programs
/// with one ratio keep the same traces, and no caller decides how much is kept.</param>
public sealed record TelemetryOptions(Uri Otlp, TimeSpan Interval, double TraceRatio)
{
    /// <summary>The shortest interval.</summary>
    public static readonly TimeSpan IntervalMin = TimeSpan.FromSeconds(1);

    /// <summary>The longest interval.</summary>
    public static readonly TimeSpan IntervalMax = TimeSpan.FromMinutes(10);

    /// <summary>The interval where none is given.</summary>
    public static readonly TimeSpan IntervalDefault = TimeSpan.FromSeconds(30);

    /// <summary>What a collector's address must be.</summary>
    public const string Expects = "the address of a collector, such as http://127.0.0.1:4318";

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
