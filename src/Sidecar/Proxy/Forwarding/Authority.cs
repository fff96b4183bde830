using System.Globalization;
using Fairlead.Naming;

namespace Fairlead.Sidecar.Proxy.Forwarding;

/// <summary>Which service and port a Host header means. Immutable.</summary>
/// <param name="Name">The full name in lower case, without a trailing dot.</param>
/// <param name="Port">The port written behind it; null where none is.</param>
internal readonly record struct Authority(string Name, int? Port)
{
    private const int TextMax = 253 + 1 + 6;

    /// <summary>The spelling under which the request goes on.</summary>
    internal string Text => Port is { } port ? string.Create(CultureInfo.InvariantCulture, $"{Name}:{port}") : Name;

    /// <summary>Reads a Host header: any letter case, with or without one trailing dot, with or without a
    /// port.</summary>
    /// <returns>Null, or the reason: <c>bad-host</c> where it is no host, <c>not-a-service</c> where it is a host, and
    /// no name of a service.</returns>
    internal static string? TryParse(string? host, out Authority authority)
    {
        authority = default;
        if (string.IsNullOrEmpty(host) || host.Length > TextMax)
        {
            return ProxyReason.BadHost;
        }

        int? port = null;
        var name = host;
        if (host.LastIndexOf(':') is var colon and >= 0)
        {
            // No leading zero, no sign, no space: two spellings of a port would be two names to a cache behind us.
            var digits = host.AsSpan(colon + 1);
            if (digits.IsEmpty || digits[0] == '0'
                || !int.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
                    || number > 65535)
            {
                return ProxyReason.BadHost;
            }

            (name, port) = (host[..colon], number);
        }

        name = (name.EndsWith('.') ? name[..^1] : name).ToLowerInvariant();
        if (!FullName.TryParse(name, out var full, out _))
        {
            return IsHost(name) ? ProxyReason.NotAService : ProxyReason.BadHost;
        }

        if (full.Service is null)
        {
            return ProxyReason.NotAService;
        }

        authority = new Authority(full.Text, port);
        return null;
    }

    private static bool IsHost(string name) =>
        !name.EndsWith('.') && Uri.CheckHostName(name) != UriHostNameType.Unknown;
}
