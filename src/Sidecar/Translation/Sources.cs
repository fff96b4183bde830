using Fairlead.EnvoyApi.Core;

namespace Fairlead.Sidecar.Translation;

/// <summary>Where a client finds what a resource refers to.</summary>
internal static class Sources
{
    /// <summary>The stream on which the resource itself came.</summary>
    internal static ConfigSource Ads() => new()
    {
        Ads = new AggregatedConfigSource(),
        ResourceApiVersion = ApiVersion.V3,
    };
}
