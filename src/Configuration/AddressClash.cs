using System.Net;
using System.Net.Sockets;

namespace Fairlead.Configuration;

/// <summary>Finds options that give two ports of one program one address, before either is listened at.
/// Stateless.</summary>
public static class AddressClash
{
    /// <summary>Adds an error for each address that an earlier option has already. Port 0 is any free one, and never
    /// the same.</summary>
    /// <param name="root">The whole configuration.</param>
    /// <param name="addresses">The options: the section's name, empty for the top, the key in it, and its
    /// address.</param>
    public static void Refuse(
        ConfigurationSection root, IEnumerable<(string Section, string Key, IPEndPoint Address)> addresses)
    {
        ArgumentNullException.ThrowIfNull(root);
        ArgumentNullException.ThrowIfNull(addresses);
        var taken = new List<(string Key, IPEndPoint Address)>();
        foreach (var (section, key, address) in addresses)
        {
            var name = section.Length == 0 ? key : $"{section}.{key}";
            if (taken.Find(other => IsSame(other.Address, address)) is { Key: not null } other)
            {
                var at = section.Length == 0 ? root : root.Section(section, isRequired: false);
                at.Refuse(key, $"is {address}, where {other.Key} listens", "give each a port of its own");
            }

            taken.Add((name, address));
        }
    }

    private static bool IsSame(IPEndPoint one, IPEndPoint other) => one.Port != 0 && one.Port == other.Port
        && (Covers(one.Address, other.Address) || Covers(other.Address, one.Address));

    // Whoever listens at [::] takes IPv4 too; 0.0.0.0 is IPv4 alone.
    private static bool Covers(IPAddress one, IPAddress other) => one.Equals(other) || one.Equals(IPAddress.IPv6Any)
        || (one.Equals(IPAddress.Any) && other.AddressFamily == AddressFamily.InterNetwork);
}
