using System.Net;
using System.Reflection;
using Fairlead.Controller.Configuration;
using Fairlead.Hosting;
using Fairlead.Naming;
using Fairlead.Telemetry;

namespace Fairlead.Controller.Tests;

/// <summary>Which option a running controller takes over, and which waits for a restart; each has its name in the
/// file.</summary>
public sealed class ControllerChangesTests
{
    private static readonly IPEndPoint Other = new(IPAddress.Loopback, 9);

    private static readonly ControllerOptions Start = new()
    {
        Admin = new IPEndPoint(IPAddress.Loopback, 1),
        Metrics = new IPEndPoint(IPAddress.Loopback, 2),
        Anchors = [new IPEndPoint(IPAddress.Loopback, 3)],
        Genesis = default,
        Manifests = "m",
        PublisherKey = "k",
        Segment = SegmentName.Parse("us1.internal"),
    };

    private static readonly Dictionary<string, (ControllerOptions After, string Key)> Changes = new()
    {
        ["Admin"] = (Start with { Admin = Other }, "admin"),
        ["Metrics"] = (Start with { Metrics = Other }, "metrics"),
        ["Anchors"] = (Start with { Anchors = [Other] }, "anchors"),
        ["Copies"] = (Start with { Copies = 3 }, "copies"),
        ["Debounce"] = (Start with { Debounce = TimeSpan.FromDays(1) }, "debounce"),
        ["Genesis"] = (Start with { Genesis = Digest.Sha256("x"u8) }, "genesis"),
        ["Log"] = (Start with { Log = LogFormat.Json }, "log.format"),
        ["Manifests"] = (Start with { Manifests = "x" }, "manifests"),
        ["Network"] = (Start with { Network = "x" }, "network"),
        ["PublisherKey"] = (Start with { PublisherKey = "x" }, "publisher_key"),
        ["RecordLife"] = (Start with { RecordLife = TimeSpan.FromDays(3) }, "record_life"),
        ["Region"] = (Start with { Region = "x" }, "region"),
        ["Rescan"] = (Start with { Rescan = TimeSpan.FromDays(1) }, "rescan"),
        ["Segment"] = (Start with { Segment = SegmentName.Parse("x.internal") }, "segment"),
        ["Telemetry"] = (
            Start with { Telemetry = new TelemetryOptions(new Uri("http://x"), TimeSpan.FromSeconds(1), 1) },
            "telemetry"),
        ["TtlMax"] = (Start with { TtlMax = TimeSpan.FromDays(1) }, "ttl_max"),
    };

    [Fact]
    public void Change_OfOneOption_IsNamedAndTakenOverOrNot()
    {
        foreach (var (after, key) in Changes.Values)
        {
            var difference = ControllerChanges.Between(Start, after);
            Assert.Equal(key == "telemetry" ? [key] : [], difference.Changed);
            Assert.Equal(key == "telemetry" ? [] : [key], difference.RestartNeeded);
        }
    }

    /// <summary>Whoever adds an option decides what a reload does with it.</summary>
    [Fact]
    public void Options_AreAllCompared() => Assert.Equal(
        typeof(ControllerOptions).GetProperties(BindingFlags.Instance | BindingFlags.Public)
            .Where(property => property.CanWrite).Select(property => property.Name).Order(StringComparer.Ordinal),
        Changes.Keys.Order(StringComparer.Ordinal));
}
