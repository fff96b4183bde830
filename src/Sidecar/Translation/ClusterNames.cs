using System.Globalization;

namespace Fairlead.Sidecar.Translation;

/// <summary>
/// How a service's port is named on the wire, and which service and port a client's spelling means.
/// </summary>
internal static class ClusterNames
{
    /// <summary>Who asks for a collection asks for all clusters that this pod may use.</summary>
    internal const string Glob = ClusterPrefix + "*";

    // No host has it, nor a port.
    private const string TlsMark = "/tls";
    private const string ClusterPrefix = "xdstp://fairlead/envoy.config.cluster.v3.Cluster/";
    private const string AssignmentPrefix = "xdstp://fairlead/envoy.config.endpoint.v3.ClusterLoadAssignment/";
    private const string ListenerPrefix = "xdstp://fairlead/envoy.config.listener.v3.Listener/";
    private const string RoutePrefix = "xdstp://fairlead/envoy.config.route.v3.RouteConfiguration/";

    private static readonly string[] Prefixes = [ClusterPrefix, AssignmentPrefix, RoutePrefix, ListenerPrefix];

    /// <summary>The canonical name of Listener, RouteConfiguration, Cluster and ClusterLoadAssignment.</summary>
    internal static string Canonical(string name, int port) =>
        string.Create(CultureInfo.InvariantCulture, $"{name}:{port}");

    /// <summary>A cluster's name as a locator, of a context or none.</summary>
    internal static string Located(string id, string context = "") => ClusterPrefix + id + context;

    /// <summary>The context of the collection of all clusters that this pod may use; null where something else is
    /// asked for.</summary>
    internal static string? ContextOf(string asked) =>
        Xds.Collections.Of(asked) is { Prefix: ClusterPrefix, Context: var context } ? context : null;

    /// <summary>The name of an assignment that clusters alone ask for which speak by TLS: endpoints with identities are
    /// told under it and not under the canonical name, so that no cluster that speaks in the clear, as one of before,
    /// ever has them.</summary>
    internal static string Guarded(string canonical) => canonical + TlsMark;

    /// <summary>An assignment's name as a locator.</summary>
    internal static string LocatedAssignment(string canonical) => AssignmentPrefix + canonical;

    /// <summary>The routes of a listener of this name: a locator where its name is one, so that a client that has
    /// another control plane beside asks for them here.</summary>
    internal static string RoutesOf(string listener, string id, string plain) =>
        listener.StartsWith(ListenerPrefix, StringComparison.Ordinal) ? RoutePrefix + id : plain;

    /// <summary>The cluster to which routes of this name lead: a locator where theirs is one.</summary>
    internal static string ClusterOf(string routes, string id, string plain) =>
        routes.StartsWith(RoutePrefix, StringComparison.Ordinal) ? Located(id) : plain;

    /// <summary>What stands behind the type and the authority of a locator and before its context; any other name as
    /// it is.</summary>
    internal static string IdOf(string spelling)
    {
        foreach (var prefix in Prefixes)
        {
            if (spelling.StartsWith(prefix, StringComparison.Ordinal))
            {
                return Xds.Collections.PathOf(spelling)[prefix.Length..];
            }
        }

        return spelling;
    }

    /// <summary>
    /// In which way a spelling that can be read writes its host, whatever the port; null where it writes the name as it
    /// is.
    /// </summary>
    internal static string? FormOf(string spelling, string name)
    {
        var id = IdOf(spelling);
        string form;
        string? digits = null;
        if (id.Split('|') is ["outbound", var number, var subset, var host])
        {
            (form, digits) = (subset.Length == 0 ? host : id.Remove("outbound|".Length, number.Length), number);
        }
        else if (id.LastIndexOf(':') is >= 0 and var colon)
        {
            (form, digits) = (id[..colon], id[(colon + 1)..]);
        }
        else
        {
            form = id;
        }

        // A context makes another name of a locator. One port may be written with any number of zeros before it.
        var context = id.Length == spelling.Length ? "" : spelling[Xds.Collections.PathOf(spelling).Length..];
        return digits?.StartsWith('0') == true ? id + context
            : form == name && context.Length == 0 ? null : form + context;
    }

    /// <summary>Reads the name of an assignment: a spelling, and whether it is <see cref="Guarded"/>.</summary>
    internal static bool TryReadAssignment(string spelling, out string name, out int? port, out bool isGuarded)
    {
        var id = IdOf(spelling);
        isGuarded = id.EndsWith(TlsMark, StringComparison.Ordinal);
        return TryRead(isGuarded ? id[..^TlsMark.Length] : id, out name, out port);
    }

    /// <summary>Whether a cluster of ours may ask for its endpoints by this name: that of a port as it is, or its
    /// locator.</summary>
    internal static bool IsOwnAssignment(string spelling, string name, out bool isLocated)
    {
        isLocated = spelling.StartsWith(AssignmentPrefix, StringComparison.Ordinal);
        return TryReadAssignment(spelling, out _, out var port, out var isGuarded)
            && port is { } number && Canonical(name, number) is var canonical
            && IdOf(spelling) == (isGuarded ? Guarded(canonical) : canonical);
    }

    /// <summary>
    /// Reads a spelling: any letter case, with or without a trailing dot, with or without a port, as a locator, or as
    /// Istio calls its clusters (<c>outbound|80||host</c>). False where the port is not one; whether the name is one is
    /// for the name rules to say.
    /// </summary>
    internal static bool TryRead(string spelling, out string name, out int? port)
    {
        port = null;
        name = IdOf(spelling);
        string? digits = null;
        if (name.Split('|') is ["outbound", var number, _, var host])
        {
            (name, digits) = (host, number);
        }
        else if (name.LastIndexOf(':') is >= 0 and var colon)
        {
            (name, digits) = (name[..colon], name[(colon + 1)..]);
        }

        if (digits is not null)
        {
            if (!int.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out var value)
                || value is < 1 or > 65535)
            {
                return false;
            }

            port = value;
        }

        name = name.TrimEnd('.').ToLowerInvariant();
        return name.Length is > 0 and <= 253;
    }
}
