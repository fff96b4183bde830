using System.Collections.Immutable;
using System.Globalization;
using Fairlead.Hosting.Reloading;

namespace Fairlead.Controller.Configuration;

/// <summary>What differs between two configurations of a controller, and which of it a running one takes over.
/// Pure.</summary>
internal static class ControllerChanges
{
    private static readonly ImmutableHashSet<string> Live = ["telemetry"];

    /// <summary>Compares two configurations.</summary>
    public static OptionDifference Between(ControllerOptions before, ControllerOptions after) =>
        OptionDifference.Between(Values(before), Values(after), Live);

    private static Dictionary<string, string> Values(ControllerOptions options) => new(StringComparer.Ordinal)
    {
        ["segment"] = options.Segment.Text,
        ["genesis"] = $"{options.Genesis}",
        ["anchors"] = string.Join('\n', options.Anchors),
        ["copies"] = $"{options.Copies}",
        ["publisher_key"] = options.PublisherKey,
        ["manifests"] = options.Manifests,
        ["admin"] = $"{options.Admin}",
        ["metrics"] = $"{options.Metrics}",
        ["telemetry"] = options.Telemetry is { } to
            ? string.Create(CultureInfo.InvariantCulture, $"{to.Otlp.AbsoluteUri} {to.Interval} {to.TraceRatio:R}")
            : "",
        ["log.format"] = $"{options.Log}",
        ["region"] = options.Region ?? "",
        ["network"] = options.Network ?? "",
        ["record_life"] = $"{options.RecordLife}",
        ["ttl_max"] = $"{options.TtlMax}",
        ["rescan"] = $"{options.Rescan}",
        ["debounce"] = $"{options.Debounce}",
    };
}
