using System.Net;
using System.Net.Sockets;
using Fairlead.Configuration;

namespace Fairlead.Sidecar.Hosting;

/// <summary>Finds options that give two of the sidecar's ports one address, before either is listened at.
/// Stateless.</summary>
internal static class AddressClash
{
    /// <summary>Adds an error for each address that an earlier option has already.</summary>
    internal static void Refuse(ConfigurationSection root, SidecarOptions options)
    {
        var taken = new List<(string Key, IPEndPoint Address)>();
        foreach (var (section, key, address) in Addresses(options))
        {
            var name = section.Length == 0 ? key : $"{section}.{key}";
            if (taken.Find(other => IsSame(other.Address, address)) is { Key: not null } other)
            {
                var at = section.Length == 0 ? root : root.Section(section, isRequired: false);
                at.Refuse(key, $"`{name}` is {address}, where {other.Key} listens", "give each a port of its own");
            }

            taken.Add((name, address));
        }
    }

    // That http and h2c of the proxy differ is checked where both are read.
    private static IEnumerable<(string Section, string Key, IPEndPoint Address)> Addresses(SidecarOptions options)
    {
        yield return ("", "admin", options.Admin);
        yield return ("", "metrics", options.Metrics);
        yield return ("xds", "address", options.XdsAddress);
        if (options.Proxy is { } proxy)
        {
            yield return ("proxy", "http", proxy.Http1);
            if (!proxy.Http1.Equals(proxy.Http2))
            {
                yield return ("proxy", "h2c", proxy.Http2);
            }
        }

        if (options.Dns is { } dns)
        {
            yield return ("dns", "address", dns.Address);
        }
    }

    private static bool IsSame(IPEndPoint one, IPEndPoint other) => one.Port != 0 && one.Port == other.Port
        && (Covers(one.Address, other.Address) || Covers(other.Address, one.Address));

    // Whoever listens at [::] takes IPv4 too; 0.0.0.0 is IPv4 alone.
    private static bool Covers(IPAddress one, IPAddress other) => one.Equals(other) || one.Equals(IPAddress.IPv6Any)
        || (one.Equals(IPAddress.Any) && other.AddressFamily == AddressFamily.InterNetwork);
}
