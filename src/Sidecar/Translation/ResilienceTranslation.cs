using Fairlead.EnvoyApi.Clusters;
using Fairlead.EnvoyApi.Core;
using Google.Protobuf.WellKnownTypes;

namespace Fairlead.Sidecar.Translation;

/// <summary>How an Envoy finds failing endpoints by itself, and what it may have open. Pure.</summary>
internal static class ResilienceTranslation
{
    private const uint Jitter = 10; // hundredths

    private static readonly TimeSpan Idle = TimeSpan.FromMinutes(1);

    /// <summary>Gives a cluster what the operator chose.</summary>
    /// <param name="cluster">The cluster.</param>
    /// <param name="settings">What was chosen.</param>
    /// <param name="name">The name that it leads to.</param>
    /// <param name="port">The port that it leads to.</param>
    internal static void Add(Cluster cluster, ClusterSettings settings, ServedName name, ServedPort? port)
    {
        var isBound = BoundTranslation.IsBound(settings, name, port);
        if (isBound)
        {
            BoundTranslation.Add(cluster, settings.Responder!, name, port!);
        }
        else if (settings.Health is { } health)
        {
            cluster.HealthChecks.Add(Translate(health, name, port));
        }

        if (settings.Outliers is { } outliers)
        {
            cluster.OutlierDetection = new OutlierDetection
            {
                Consecutive5Xx = outliers.Failures,
                Interval = Duration.FromTimeSpan(outliers.Interval),
                BaseEjectionTime = Duration.FromTimeSpan(outliers.Ejection),
                MaxEjectionPercent = outliers.ShareMax,
                // The sidecar says whether an endpoint is served, not whether it answers: that brings none back.
                SuccessfulActiveHealthCheckUnejectHost = isBound ? false : null,
            };
        }

        if (settings.Limits is { } limits)
        {
            cluster.CircuitBreakers = new CircuitBreakers
            {
                Thresholds =
                {
                    new CircuitBreakers.Types.Thresholds
                    {
                        MaxConnections = limits.Connections,
                        MaxPendingRequests = limits.Pending,
                        MaxRequests = limits.Requests,
                        MaxRetries = limits.Retries,
                    },
                },
            };
        }
    }

    private static TimeSpan Max(TimeSpan a, TimeSpan b) => a > b ? a : b;

    private static HealthCheck Translate(HealthSettings health, ServedName name, ServedPort? port)
    {
        var check = new HealthCheck
        {
            Interval = Duration.FromTimeSpan(health.Interval),
            Timeout = Duration.FromTimeSpan(health.Timeout),
            UnhealthyThreshold = health.Failures,
            HealthyThreshold = health.Successes,
            // What fails in a cluster that nobody used yet is looked at as often as elsewhere, else it would be ready
            // once a minute; what passes is not: a pod has many clusters and uses few.
            NoTrafficInterval = Duration.FromTimeSpan(health.Interval),
            NoTrafficHealthyInterval = Duration.FromTimeSpan(Max(health.Interval, Idle)),
            // Pods that started together would ask together for ever.
            IntervalJitterPercent = Jitter,
        };
        switch (health.Path)
        {
            case { } path when port?.Protocol is "http" or "http2":
                check.HttpHealthCheck = new HealthCheck.Types.HttpHealthCheck
                {
                    Host = name.Name,
                    Path = path,
                    CodecClientType = port.Protocol == "http2"
                        ? EnvoyApi.Types.CodecClientType.Http2
                        : EnvoyApi.Types.CodecClientType.Http1,
                };
                break;
            case not null when port?.Protocol == "grpc":
                check.GrpcHealthCheck = new HealthCheck.Types.GrpcHealthCheck
                {
                    // Else the cluster's name, which is no authority where it is a locator.
                    Authority = name.Name,
                };
                break;
            default:
                check.TcpHealthCheck = new HealthCheck.Types.TcpHealthCheck();
                break;
        }

        return check;
    }
}
