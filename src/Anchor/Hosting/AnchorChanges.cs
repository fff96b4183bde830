using System.Collections.Immutable;
using System.Globalization;
using Fairlead.Anchor.Identities;
using Fairlead.Hosting.Reloading;

namespace Fairlead.Anchor.Hosting;

/// <summary>What differs between two configurations of an anchor, and which of it a running one takes over.
/// Pure.</summary>
internal static class AnchorChanges
{
    /// <summary>
    /// The options of which a running anchor takes a new value: whom it knows, how often it hears them, and where its
    /// numbers go. The others decide who it is, what it signs, where it listens and what its books were made with.
    /// </summary>
    private static readonly ImmutableHashSet<string> Live = ["subjects", "spiffe", "tokens", "rates", "telemetry"];

    /// <summary>Compares two configurations.</summary>
    internal static OptionDifference Between(AnchorOptions before, AnchorOptions after) =>
        OptionDifference.Between(Values(before), Values(after), Live);

    /// <summary>What runs from now on: the new values of what can change, the old ones of what cannot.</summary>
    internal static AnchorOptions Merge(AnchorOptions before, AnchorOptions after) => before with
    {
        Subjects = after.Subjects,
        Identities = after.Identities,
        Rates = after.Rates,
        Telemetry = after.Telemetry,
    };

    private static Dictionary<string, string> Values(AnchorOptions options) => new(StringComparer.Ordinal)
    {
        ["id"] = options.Id,
        ["segment"] = options.SegmentFile,
        ["keys.gov"] = options.GovKey,
        ["keys.seal"] = options.SealKey,
        ["keys.tls"] = options.TlsKey,
        ["data"] = options.Data,
        ["operator_socket"] = options.OperatorSocket,
        ["listen"] = $"{options.Listen}",
        ["admin"] = $"{options.Admin}",
        ["metrics"] = $"{options.Metrics}",
        ["journal_mib"] = $"{options.JournalBytes}",
        ["log.format"] = $"{options.Log}",
        ["rates"] = $"{options.Rates}",
        ["unsafe_allow_loopback_endpoints"] = $"{options.UnsafeAllowLoopbackEndpoints}",
        ["telemetry"] = options.Telemetry is { } to
            ? Joined([to.Otlp.AbsoluteUri, $"{to.Interval}", to.TraceRatio.ToString("R", CultureInfo.InvariantCulture)])
            : "",
        ["subjects"] = Joined(options.Subjects
            .Select(one => $"{one.Key.Kid} {one.Subject.Namespace}/{one.Subject.Account}")
            .Order(StringComparer.Ordinal)),
        ["spiffe"] = Joined(options.Identities.Spiffe.Select(Text).Order(StringComparer.Ordinal)),
        ["tokens"] = Joined(options.Identities.Tokens.Select(one => $"{one}").Order(StringComparer.Ordinal)),
    };

    private static string Text(SpiffeDomain domain) => Joined(
    [
        domain.Domain, domain.Bundle, $"{domain.KubernetesPaths}",
        .. domain.Subjects.Select(pair => $"{pair.Key} {pair.Value.Namespace}/{pair.Value.Account}")
            .Order(StringComparer.Ordinal),
    ]);

    private static string Joined(IEnumerable<string> parts) => string.Join('\n', parts);
}
