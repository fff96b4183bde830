namespace Fairlead.Sidecar.Dns;

/// <summary>What a name within the zones here means.</summary>
internal enum DnsTargetKind
{
    /// <summary>The top of a zone: <c>svc.&lt;segment&gt;</c> or <c>clusterset.local</c>.</summary>
    Apex,

    /// <summary>A name that only has others below it, as a namespace has: exists, and has no records.</summary>
    Between,

    /// <summary>A service.</summary>
    Service,

    /// <summary>An endpoint of a headless service, by its label.</summary>
    Host,

    /// <summary><c>_tcp.&lt;service&gt;</c>.</summary>
    Protocol,

    /// <summary><c>_port._tcp.&lt;service&gt;</c>.</summary>
    Port,

    /// <summary><c>dns-version.clusterset.local</c>.</summary>
    Version,

    /// <summary>A name that the rules for names do not allow (V51): proven not to exist by its form.</summary>
    Impossible,
}

/// <summary>A name within the zones here, taken apart. Immutable, thread-safe.</summary>
/// <param name="Kind">What it is.</param>
/// <param name="Zone">The top of its zone.</param>
/// <param name="Service">The full name of its service, in lower case; null where it has none.</param>
/// <param name="Label">The host's, the port's (without its underscore), or null.</param>
/// <param name="Qualifier">The cluster's label of a host, the protocol (without its underscore) of a port, or
/// null.</param>
internal sealed record DnsTarget(
    DnsTargetKind Kind, DnsName Zone, string? Service = null, string? Label = null, string? Qualifier = null);
