using System.Net;
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
        && (one.Address.Equals(other.Address) || IsEverywhere(one.Address) || IsEverywhere(other.Address));

    private static bool IsEverywhere(IPAddress address) =>
        address.Equals(IPAddress.Any) || address.Equals(IPAddress.IPv6Any);
}
