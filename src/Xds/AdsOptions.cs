using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Fairlead.Xds;

/// <summary>Options of an <see cref="AdsService"/>. Immutable.</summary>
public sealed record AdsOptions
{
    /// <summary>Who serves: an id of the process and its build. Envoy shows it and logs when it changes.</summary>
    public string ControlPlane { get; init; } = "fairlead";

    /// <summary>Streams at once; one more is refused with RESOURCE_EXHAUSTED before it costs anything. Calls that have
    /// said nothing yet are none of them, and may be as many.</summary>
    public int StreamsMax { get; init; } = 10_000;

    /// <summary>Bounds of one stream.</summary>
    public XdsLimits Limits { get; init; } = XdsLimits.Default;

    /// <summary>The clock of timeouts and reports.</summary>
    public TimeProvider TimeProvider { get; init; } = TimeProvider.System;

    /// <summary>Where to log.</summary>
    public ILogger Logger { get; init; } = NullLogger.Instance;
}
