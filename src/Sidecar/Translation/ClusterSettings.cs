namespace Fairlead.Sidecar.Translation;

/// <summary>
/// What the operator wants of the clusters that clients get, beside what their segments signed. Equal settings give
/// equal clusters, byte for byte. Immutable.
/// </summary>
internal sealed record ClusterSettings
{
    /// <summary>What is used where the configuration says nothing.</summary>
    internal static ClusterSettings Default { get; } = new();

    /// <value>How long a connection may take to open: long enough across regions, short enough that a dead endpoint is
    /// left for another. Envoy and gRPC.</value>
    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <value>Where the pod is: endpoints of its zone come before those of its region, and those before others; null
    /// where all are as near. Envoy and gRPC.</value>
    public PodPlace? Place { get; init; }

    /// <value>Which endpoints the pod can reach, by their addresses; null where its own addresses say it, as they change. Envoy and
    /// gRPC.</value>
    public AddressFamilies? Families { get; init; }

    /// <value>What tells this pod from others, where a client is to keep its endpoint.</value>
    public string Pod { get; init; } = "";

    /// <value>How many hundredths of the load that is left the healthy endpoints of a priority are trusted with before
    /// some of it goes to the next; null for Envoy's 140.</value>
    public uint? Overprovisioning { get; init; }

    /// <value>Whether bundles stand in the cluster itself: by themselves they change without it. Envoy.</value>
    public bool AreBundlesInline { get; init; }

    /// <value>Whether the gateways of other networks are Istio's, which pass on what names a cluster as istiod does.
    /// Envoy.</value>
    public bool AreGatewaysIstio { get; init; }

    /// <value>How endpoints are asked whether they live; null where they are not.</value>
    public HealthSettings? Health { get; init; }

    /// <value>Whether connections of TCP to strict names end with what they lead to.</value>
    public bool AreConnectionsBound { get; init; } = true;

    /// <value>Where Envoys ask whether connections of TCP to strict names may go on; null where nobody answers, which
    /// leaves them without an end.</value>
    public ResponderSettings? Responder { get; init; }

    /// <value>When an endpoint that fails requests is left out for a while; null for never.</value>
    public OutlierSettings? Outliers { get; init; }

    /// <value>How much a cluster may have open; null for Envoy's own limits (1,024 of each, 3 retries).</value>
    public LimitSettings? Limits { get; init; }
}

/// <summary>Where a pod is. Immutable.</summary>
/// <param name="Region">Its region.</param>
/// <param name="Zone">Its zone in it; null where that is unknown.</param>
internal sealed record PodPlace(string Region, string? Zone);

/// <summary>Active health checks. Immutable.</summary>
/// <param name="Path">What ports of HTTP are asked for; null to open a connection, as at ports of TCP.</param>
/// <param name="Interval">From one check to the next.</param>
/// <param name="Timeout">How long one may take.</param>
/// <param name="Failures">How many in a row make an endpoint unhealthy.</param>
/// <param name="Successes">How many in a row make it healthy again.</param>
internal sealed record HealthSettings(
    string? Path, TimeSpan Interval, TimeSpan Timeout, uint Failures, uint Successes);

/// <summary>The part of the sidecar that says whether connections may go on. Immutable.</summary>
/// <param name="Address">Its address, an IPv4 or IPv6 literal.</param>
/// <param name="Port">Its port.</param>
internal sealed record ResponderSettings(string Address, int Port)
{
    /// <value>From one question to the next.</value>
    public TimeSpan Interval { get; init; } = TimeSpan.FromMilliseconds(250);

    /// <value>How long an answer may take.</value>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromMilliseconds(500);

    /// <value>How many questions in a row that nobody answers end a connection. One that is answered "no" does at
    /// once.</value>
    public uint Failures { get; init; } = 3;

    /// <value>How long it may be until a connection has ended that is answered "no".</value>
    public TimeSpan Within => Interval + Timeout;

    /// <value>How long it may be until a connection has ended when nobody answers any more.</value>
    public TimeSpan Silence => (Interval + Timeout) * Failures;
}

/// <summary>Passive ejection. Immutable.</summary>
/// <param name="Failures">How many failures in a row eject an endpoint.</param>
/// <param name="Interval">How often that is looked at.</param>
/// <param name="Ejection">How long the first ejection lasts.</param>
/// <param name="ShareMax">Which part of the endpoints may be ejected, in hundredths.</param>
internal sealed record OutlierSettings(uint Failures, TimeSpan Interval, TimeSpan Ejection, uint ShareMax);

/// <summary>What a cluster may have open at once. Immutable.</summary>
/// <param name="Connections">Connections.</param>
/// <param name="Pending">Requests that wait for a connection.</param>
/// <param name="Requests">Requests under way.</param>
/// <param name="Retries">Retries under way.</param>
internal sealed record LimitSettings(uint Connections, uint Pending, uint Requests, uint Retries);
