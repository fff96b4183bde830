using System.Collections.Immutable;
using System.Net;
using System.Reflection;
using Fairlead.Anchor.Hosting;
using Fairlead.Anchor.Identities;
using Fairlead.Anchor.Serving;
using Fairlead.Hosting;
using Fairlead.Naming;
using Fairlead.Telemetry;
using Fairlead.TestKit;

namespace Fairlead.Anchor.Tests.Hosting;

/// <summary>Which option a running anchor takes over, and which waits for a restart; each has its name in the
/// file.</summary>
public sealed class AnchorChangesTests
{
    private static readonly IPEndPoint Other = new(IPAddress.Loopback, 9);

    private static readonly AnchorOptions Start = new()
    {
        Id = "us1-a", SegmentFile = "s", GovKey = "g", SealKey = "k", TlsKey = "t", Data = "d",
        Listen = new IPEndPoint(IPAddress.Loopback, 1), Admin = new IPEndPoint(IPAddress.Loopback, 2),
        Metrics = new IPEndPoint(IPAddress.Loopback, 3), Subjects = [], UnsafeAllowLoopbackEndpoints = false,
    };

    private static readonly Dictionary<string, (AnchorOptions After, string Key, bool IsLive)> Changes = new()
    {
        ["Id"] = (Start with { Id = "x" }, "id", false),
        ["SegmentFile"] = (Start with { SegmentFile = "x" }, "segment", false),
        ["GovKey"] = (Start with { GovKey = "x" }, "keys.gov", false),
        ["SealKey"] = (Start with { SealKey = "x" }, "keys.seal", false),
        ["TlsKey"] = (Start with { TlsKey = "x" }, "keys.tls", false),
        ["Socket"] = (Start with { Socket = "x" }, "operator_socket", false),
        ["Listen"] = (Start with { Listen = Other }, "listen", false),
        ["Admin"] = (Start with { Admin = Other }, "admin", false),
        ["Metrics"] = (Start with { Metrics = Other }, "metrics", false),
        ["JournalBytes"] = (Start with { JournalBytes = 1 }, "journal_mib", false),
        ["UnsafeAllowLoopbackEndpoints"] =
            (Start with { UnsafeAllowLoopbackEndpoints = true }, "unsafe_allow_loopback_endpoints", false),
        ["Subjects"] = (
            Start with { Subjects = [(TestKeys.Key(1), new Subject { Namespace = "a", Account = "b" })] },
            "subjects", true),
        ["Identities"] = (
            Start with { Identities = new IdentityOptions([], [new TokenIssuer("i", "a", "k")]) }, "tokens", true),
        ["Rates"] = (Start with { Rates = RateOptions.Default with { SegmentBurst = 1 } }, "rates", true),
        ["Log"] = (Start with { Log = LogFormat.Json }, "log.format", false),
        ["Telemetry"] = (
            Start with { Telemetry = new TelemetryOptions(new Uri("http://x"), TimeSpan.FromSeconds(1), 1) },
            "telemetry", true),
    };

    [Fact]
    public void Change_OfOneOption_IsNamedAndTakenOverOrNot()
    {
        foreach (var (after, key, isLive) in Changes.Values)
        {
            var difference = AnchorChanges.Between(Start, after);
            Assert.Equal(isLive ? [key] : [], difference.Changed);
            Assert.Equal(isLive ? [] : [key], difference.RestartNeeded);

            // What was taken over is no change any more; what was not still is.
            var merged = AnchorChanges.Between(AnchorChanges.Merge(Start, after), after);
            Assert.Empty(merged.Changed);
            Assert.Equal(difference.RestartNeeded, merged.RestartNeeded);
        }

        var spiffe = Start with
        {
            Identities = new IdentityOptions(
                [new SpiffeDomain("d", "b", true, ImmutableDictionary<string, Subject>.Empty)], []),
        };
        Assert.Equal(["spiffe"], AnchorChanges.Between(Start, spiffe).Changed);
        Assert.Equal(
            ["data", "operator_socket"], AnchorChanges.Between(Start, Start with { Data = "x" }).RestartNeeded);
    }

    /// <summary>Whoever adds an option decides what a reload does with it.</summary>
    [Fact]
    public void Options_AreAllCompared() => Assert.Equal(
        typeof(AnchorOptions).GetProperties(BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic)
            .Where(property => property.CanWrite && property.Name is not ("ArchiveAs" or "Data"))
            .Select(property => property.Name).Order(StringComparer.Ordinal),
        Changes.Keys.Order(StringComparer.Ordinal));
}
