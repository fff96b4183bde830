using System.Globalization;

namespace Fairlead.Sidecar.Translation;

/// <summary>
/// How a service's port is named on the wire, and which service and port a client's spelling means.
/// </summary>
internal static class ClusterNames
{
    /// <summary>The canonical name of Listener, RouteConfiguration, Cluster and ClusterLoadAssignment.</summary>
    internal static string Canonical(string name, int port) =>
        string.Create(CultureInfo.InvariantCulture, $"{name}:{port}");

    /// <summary>
    /// Reads a spelling: any letter case, with or without a trailing dot, with or without a port. False where the port
    /// is not one; whether the name is one is for the name rules to say.
    /// </summary>
    internal static bool TryRead(string spelling, out string name, out int? port)
    {
        port = null;
        name = spelling;
        var colon = spelling.LastIndexOf(':');
        if (colon >= 0)
        {
            name = spelling[..colon];
            var digits = spelling.AsSpan(colon + 1);
            if (!int.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
                || number is < 1 or > 65535)
            {
                return false;
            }

            port = number;
        }

        name = name.TrimEnd('.').ToLowerInvariant();
        return name.Length is > 0 and <= 253;
    }
}
