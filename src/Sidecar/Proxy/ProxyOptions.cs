using System.Net;

namespace Fairlead.Sidecar.Proxy;

/// <summary>Which requests the access log holds.</summary>
internal enum AccessLogMode
{
    /// <summary>None.</summary>
    Off,

    /// <summary>Those that the proxy refused and those that failed on the way.</summary>
    Failures,

    /// <summary>A share of all, and every one that was refused or failed.</summary>
    Sampled,
}

/// <summary>The configuration of the HTTP proxy. Immutable; <see cref="Errors"/> says what is wrong with it.</summary>
internal sealed record ProxyOptions
{
    /// <summary>The longest drain time.</summary>
    internal static readonly TimeSpan DrainMax = TimeSpan.FromMinutes(10);

    /// <value>Where HTTP/1.1 is heard; loopback only. Default 127.0.0.1:16080.</value>
    internal IPEndPoint Http1 { get; init; } = new(IPAddress.Loopback, 16080);

    /// <value>Where HTTP/2 with prior knowledge is heard; loopback only. Default 127.0.0.1:16081.</value>
    internal IPEndPoint Http2 { get; init; } = new(IPAddress.Loopback, 16081);

    /// <value>The pod's region; null where it has none, and then every endpoint is as near as another.</value>
    internal string? Region { get; init; }

    /// <value>The pod's zone within its region.</value>
    internal string? Zone { get; init; }

    /// <value>
    /// What a request may take until its response begins: resolution, connections and all attempts. The time in which
    /// its body comes and is taken is not counted; that in which an endpoint takes nothing of it is. 100 ms to 10 min,
    /// default 15 s.
    /// </value>
    internal TimeSpan Budget { get; init; } = TimeSpan.FromSeconds(15);

    /// <value>What the first request for a name waits for its traversal, within the budget. Default 5 s.</value>
    internal TimeSpan ResolveBudget { get; init; } = TimeSpan.FromSeconds(5);

    /// <value>What one connection may take, TLS included. Default 2 s.</value>
    internal TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(2);

    /// <value>What an endpoint may take to say whether a request's body is wanted (RFC 9110, 10.1.1) before the body is
    /// sent all the same. Default 1 s.</value>
    internal TimeSpan ExpectTimeout { get; init; } = TimeSpan.FromSeconds(1);

    /// <value>A stream on which nothing moves for so long is cut. Default 1 h.</value>
    internal TimeSpan StreamIdle { get; init; } = TimeSpan.FromHours(1);

    /// <value>A connection takes no new request after so long, so that its certificates are checked again. Default 10
    /// min. </value>
    internal TimeSpan ConnectionLifetime { get; init; } = TimeSpan.FromMinutes(10);

    /// <value>How many endpoints one request tries at most. 1 to 10, default 3.</value>
    internal int AttemptsMax { get; init; } = 3;

    /// <value>So many failures in a row take an endpoint out of the choice. Default 3.</value>
    internal int FailuresToEject { get; init; } = 3;

    /// <value>How long the first time; doubled each further time. Default 5 s.</value>
    internal TimeSpan Ejection { get; init; } = TimeSpan.FromSeconds(5);

    /// <value>And never longer than this. Default 5 min.</value>
    internal TimeSpan EjectionMax { get; init; } = TimeSpan.FromMinutes(5);

    /// <value>How many names are held at most. Default 10,000.</value>
    internal int NamesMax { get; init; } = 10_000;

    /// <value>A name that no request used for so long is given up. Default 15 min.</value>
    internal TimeSpan NameIdle { get; init; } = TimeSpan.FromMinutes(15);

    /// <value>What is logged. Default <see cref="AccessLogMode.Failures"/>.</value>
    internal AccessLogMode AccessLog { get; init; } = AccessLogMode.Failures;

    /// <value>The share of requests that <see cref="AccessLogMode.Sampled"/> holds, 0 to 1. Default 1.</value>
    internal double AccessLogShare { get; init; } = 1;

    /// <value>Whether the access log shows paths, never their queries. Default true.</value>
    internal bool AccessLogPaths { get; init; } = true;

    /// <value>The pod's X.509 SVID; null where it has none, and then no endpoint with an identity is used.</value>
    internal Identities.SpiffePaths? Spiffe { get; init; }

    /// <value>How long requests under way may go on when the sidecar ends. 0 to 10 min, default 20 s: less than a pod
    /// gets.</value>
    internal TimeSpan Drain { get; init; } = TimeSpan.FromSeconds(20);

    /// <summary>Everything that is wrong, each with its remedy; empty when all is well.</summary>
    internal IEnumerable<string> Errors()
    {
        if (!IPAddress.IsLoopback(Http1.Address) || !IPAddress.IsLoopback(Http2.Address))
        {
            yield return "the proxy has no authentication: give loopback addresses";
        }

        if (Budget < TimeSpan.FromMilliseconds(100) || Budget > TimeSpan.FromMinutes(10))
        {
            yield return $"budget {Budget} is not within 100ms and 10m";
        }

        if (Drain < TimeSpan.Zero || Drain > DrainMax)
        {
            yield return $"drain {Drain} is not within 0s and 10m";
        }

        if (ResolveBudget <= TimeSpan.Zero || ConnectTimeout <= TimeSpan.Zero || ExpectTimeout <= TimeSpan.Zero
            || StreamIdle <= TimeSpan.Zero || ConnectionLifetime <= TimeSpan.Zero || NameIdle <= TimeSpan.Zero)
        {
            yield return "times are positive";
        }

        if (AttemptsMax is < 1 or > 10 || FailuresToEject < 1 || NamesMax < 1)
        {
            yield return "attempts are 1 to 10, failures to eject and names at least 1";
        }

        if (Ejection <= TimeSpan.Zero || EjectionMax < Ejection)
        {
            yield return "an ejection is positive and not above its maximum";
        }

        if (AccessLogShare is not (>= 0 and <= 1))
        {
            yield return "the access log's share is 0 to 1";
        }
    }
}
