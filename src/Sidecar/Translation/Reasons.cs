namespace Fairlead.Sidecar.Translation;

/// <summary>
/// Why a cluster has no endpoints, as its metadata says under <c>fairlead: {reason}</c>; <see cref="Stale"/> stands
/// with the endpoints, which are used. A closed set. There is none
/// for a name whose anchors cannot be reached: while nothing is held of it, it is pending.
/// </summary>
internal static class Reasons
{
    /// <summary>Not answered yet.</summary>
    internal const string Pending = "pending";

    /// <summary>Proven not to exist.</summary>
    internal const string Absent = "absent";

    /// <summary>A segment on the path refuses this consumer.</summary>
    internal const string Denied = "denied";

    /// <summary>Its time is over, and nothing newer came.</summary>
    internal const string Expired = "expired";

    /// <summary>Its time is over, no anchor can be reached, and continuity still allows its endpoints (V58).</summary>
    internal const string Stale = "stale";

    /// <summary>Nothing is held of it, and what its anchors say of it does not pass a check.</summary>
    internal const string Refused = "refused";

    /// <summary>Nothing is held of it, and its anchors do not know who asks.</summary>
    internal const string NoIdentity = "no-identity";

    /// <summary>More names are asked for than the sidecar holds.</summary>
    internal const string Unreachable = "unreachable";

    /// <summary>Every endpoint has an identity, and no sealed bundle vouches for any of them.</summary>
    internal const string NoBundle = "no-bundle";

    /// <summary>To a proxyless gRPC client: the sidecar's file has no provider of authorities for the trust domain of
    /// any endpoint.</summary>
    internal const string NoProvider = "no-provider";

    /// <summary>The bare name decides no port.</summary>
    internal const string AmbiguousPort = "ambiguous-port";

    /// <summary>Its host is written in more ways than are served.</summary>
    internal const string TooManySpellings = "too-many-spellings";

    /// <summary>The service has no such port.</summary>
    internal const string NoSuchPort = "no-such-port";

    /// <summary>Its cluster has to become another one, and no connection may stay behind in the one before.</summary>
    internal const string Changing = "changing";
}
