using System.Net;
using Fairlead.Hosting;
using Fairlead.Naming;
using Fairlead.Telemetry;

namespace Fairlead.Controller.Configuration;

/// <summary>What a controller is told. Immutable.</summary>
internal sealed record ControllerOptions
{
    /// <summary>The segment's full name.</summary>
    public required SegmentName Segment { get; init; }

    /// <summary>The segment's genesis digest.</summary>
    public required Digest Genesis { get; init; }

    /// <summary>The segment's anchors.</summary>
    /// <value>1 to 16.</value>
    public required IReadOnlyList<IPEndPoint> Anchors { get; init; }

    /// <summary>How many anchors must take each document at least.</summary>
    /// <value>Default F+1 of the segment's newest verified epoch; a smaller number than that changes nothing.</value>
    public int? Copies { get; init; }

    /// <summary>The publisher's key: PKCS#8 PEM, for nobody else to read.</summary>
    public required string PublisherKey { get; init; }

    /// <summary>The folder of manifests.</summary>
    public required string Manifests { get; init; }

    /// <summary>Where the admin page listens.</summary>
    /// <value>Default 127.0.0.1:16002; loopback only.</value>
    public required IPEndPoint Admin { get; init; }

    /// <summary>Where readiness and metrics are served; may be reachable from outside.</summary>
    /// <value>Default port 16022 on every address.</value>
    public required IPEndPoint Metrics { get; init; }

    /// <summary>Where numbers are sent.</summary>
    /// <value>Default nowhere.</value>
    public TelemetryOptions? Telemetry { get; init; }

    /// <summary>How the log is written, from the moment at which this is read.</summary>
    /// <value>Default text.</value>
    public LogFormat Log { get; init; }

    /// <summary>The region of all endpoints.</summary>
    /// <value>Default none.</value>
    public string? Region { get; init; }

    /// <summary>The network of endpoints whose EndpointSlice names none.</summary>
    /// <value>Default none: their addresses are meant everywhere.</value>
    public string? Network { get; init; }

    /// <summary>How long a record lives.</summary>
    /// <value>Default 24 h; 1 s to 30 d.</value>
    public TimeSpan RecordLife { get; init; }

    /// <summary>The longest time to live of an answer, where a Service does not annotate its own.</summary>
    /// <value>Default 60 s; 1 ms to 1 h.</value>
    public TimeSpan TtlMax { get; init; }

    /// <summary>How often the folder is looked at without an event.</summary>
    /// <value>Default 5 s; 100 ms to 1 h.</value>
    public TimeSpan Rescan { get; init; }

    /// <summary>How long the folder must be quiet before a file that is being written is read.</summary>
    /// <value>Default 10 ms; 1 ms to 20 ms.</value>
    public TimeSpan Debounce { get; init; }
}
