using Fairlead.Configuration;
using Fairlead.Sidecar.Translation;

namespace Fairlead.Sidecar.Hosting;

/// <summary>The section <c>xds.clusters</c>: what the operator wants of the clusters that clients get. Stateless.
/// </summary>
internal static class ClusterOptions
{
    private static readonly TimeSpan Least = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan Most = TimeSpan.FromMinutes(10);

    // An Envoy uses a cluster that is new or changed when each of its endpoints was asked once.
    private static readonly TimeSpan HealthTimeoutMax = TimeSpan.FromSeconds(2);

    /// <summary>Reads the section; what is wrong is added to the file's errors, and stands in by its default.</summary>
    internal static ClusterSettings Read(ConfigurationSection section)
    {
        var defaults = ClusterSettings.Default;
        return new ClusterSettings
        {
            ConnectTimeout = section.Duration("connect_timeout", Least, Most, defaults.ConnectTimeout),
            Place = PlaceOf(section),
            Families = section.Has("families") ? section.OneOf<AddressFamilies>("families") : null,
            Overprovisioning = section.Has("overprovisioning")
                ? (uint)section.Integer("overprovisioning", 100, 1_000)
                : null,
            AreConnectionsBound = section.Flag("bound_tcp", true),
            AreBundlesInline = section.Flag("inline_bundles", false),
            AreGatewaysIstio = section.Flag("istio_gateways", false),
            Health = HealthOf(section.Section("health_check", isRequired: false)),
            Outliers = OutliersOf(section.Section("outliers", isRequired: false)),
            Limits = LimitsOf(section.Section("limits", isRequired: false)),
        };
    }

    private static PodPlace? PlaceOf(ConfigurationSection section)
    {
        var (region, zone) = (section.OptionalText("region"), section.OptionalText("zone"));
        if (region is null && zone is not null)
        {
            section.Refuse("zone", $"{zone} is in no region", "give region too");
        }

        return region is null ? null : new PodPlace(region, zone);
    }

    private static HealthSettings? HealthOf(ConfigurationSection section)
    {
        if (!section.IsPresent)
        {
            return null;
        }

        var path = section.OptionalText("path");
        if (path is { } wrong && !wrong.StartsWith('/'))
        {
            section.Refuse("path", $"{wrong} is no path", "begin it with /");
        }

        return new HealthSettings(
            path,
            section.Duration("interval", Least, Most, TimeSpan.FromSeconds(5)),
            section.Duration("timeout", Least, HealthTimeoutMax, TimeSpan.FromSeconds(1)),
            Count(section, "failures", 3, 100),
            Count(section, "successes", 1, 100));
    }

    private static OutlierSettings? OutliersOf(ConfigurationSection section) => section.IsPresent
        ? new OutlierSettings(
            Count(section, "failures", 5, 1_000),
            section.Duration("interval", Least, Most, TimeSpan.FromSeconds(10)),
            section.Duration("ejection", Least, Most, TimeSpan.FromSeconds(30)),
            Count(section, "share_max", 50, 100))
        : null;

    private static LimitSettings? LimitsOf(ConfigurationSection section) => section.IsPresent
        ? new LimitSettings(
            Count(section, "connections", 1_024),
            Count(section, "pending", 1_024),
            Count(section, "requests", 1_024),
            Count(section, "retries", 3))
        : null;

    private static uint Count(ConfigurationSection section, string key, uint fallback, uint max = 1_000_000) =>
        (uint)section.Integer(key, 1, max, fallback);
}
