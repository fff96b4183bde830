using System.Net;
using Fairlead.Configuration;
using Fairlead.Hosting;
using Fairlead.Naming;
using Fairlead.Telemetry;

namespace Fairlead.Controller.Configuration;

/// <summary>Reads <see cref="ControllerOptions"/> from a configuration, with every error at once.</summary>
internal static class ControllerOptionsReader
{
    private const int AdminPort = 16002;
    private const int MetricsPort = 16022;

    /// <summary>The options of <paramref name="file"/>.</summary>
    /// <param name="file">The configuration.</param>
    /// <param name="manifests">The folder given on the command line, which goes before the file's.</param>
    /// <exception cref="ConfigurationException">Anything is wrong.</exception>
    public static ControllerOptions Read(ConfigurationFile file, string? manifests)
    {
        var options = Parse(file, manifests);
        file.ThrowIfInvalid();
        return options;
    }

    /// <summary>The options of <paramref name="file"/>; what is wrong is added to its errors.</summary>
    public static ControllerOptions Parse(ConfigurationFile file, string? manifests)
    {
        var root = file.Root;
        var anchors = root.Endpoints("anchors", countMin: 1, countMax: Limits.Anchors);
        var options = new ControllerOptions
        {
            Segment = root.Value<SegmentName>("segment", "a segment's name such as us1.internal", TrySegment)!,
            Genesis =
                root.Value<Digest>(
                    "genesis", "the segment's genesis digest, 64 digits of 0-9 and a-f", Digest.TryParse),
            Anchors = anchors,
            Copies = root.Has("copies") ? (int)root.Integer("copies", 1, Limits.Anchors, 1) : null,
            PublisherKey = root.FilePath("publisher_key"),
            Manifests = Folder(root, manifests),
            Admin = root.LoopbackEndpoint("admin", new(IPAddress.Loopback, AdminPort)),
            Metrics = root.OpenEndpoint("metrics", MetricsPort),
            Telemetry = TelemetryOptions.Read(root),
            Log = root.Section("log", isRequired: false).OneOf<LogFormat>("format", LogFormat.Text),
            Region = root.OptionalText("region"),
            Network = root.OptionalText("network"),
            RecordLife = root.Duration(
                "record_life", TimeSpan.FromSeconds(1), TimeSpan.FromDays(30), TimeSpan.FromHours(24)),
            TtlMax = root.Duration(
                "ttl_max", TimeSpan.FromMilliseconds(1), TimeSpan.FromHours(1), TimeSpan.FromSeconds(60)),
            Rescan = root.Duration(
                "rescan", TimeSpan.FromMilliseconds(100), TimeSpan.FromHours(1), TimeSpan.FromSeconds(5)),
            Debounce = root.Duration(
                "debounce", TimeSpan.FromMilliseconds(1), TimeSpan.FromMilliseconds(20), TimeSpan.FromMilliseconds(10)),
        };
        Check(root, options);
        AddressClash.Refuse(root, [("", "admin", options.Admin), ("", "metrics", options.Metrics)]);
        return options;
    }

    private static void Check(ConfigurationSection root, ControllerOptions options)
    {
        if (options.Anchors.Distinct().Count() < options.Anchors.Count)
        {
            root.Refuse("anchors", "names an address twice", "name each anchor once");
        }

        if (options.Anchors.Count > 0 && options.Copies > options.Anchors.Count)
        {
            root.Refuse(
                "copies", $"is {options.Copies}, and there are {options.Anchors.Count} anchors", "write no more");
        }

        if (options.Anchors.Any(anchor => anchor.Port == 0))
        {
            root.Refuse("anchors", "holds port 0", "write the port that the anchor listens on");
        }

        if (options.Manifests.Length > 0 && !Directory.Exists(options.Manifests))
        {
            root.Refuse("manifests", $"names {options.Manifests}, which is no folder", "create it or correct the path");
        }

        CheckText(root, "region", options.Region);
        CheckText(root, "network", options.Network);
    }

    private static void CheckText(ConfigurationSection root, string key, string? text)
    {
        if (text is not null && (text.Length > 63 || text.Any(c => c is < ' ' or > '~' or '"' or '\\' or '*')))
        {
            root.Refuse(
                key, $"is no {key}'s name", "write 1-63 printable characters without quotes, backslashes, stars");
        }
    }

    private static string Folder(ConfigurationSection root, string? given)
    {
        var path = given is null ? root.FilePath("manifests") : root.OptionalFilePath("manifests");
        return given is null ? path! : Path.GetFullPath(given);
    }

    private static bool TrySegment(string text, out SegmentName name) => SegmentName.TryParse(text, out name!, out _);
}
