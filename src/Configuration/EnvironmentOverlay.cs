using System.Text.RegularExpressions;

namespace Fairlead.Configuration;

/// <summary>Variables <c>FAIRLEAD_SECTION__KEY</c> that replace values of the file: <c>xds.socket</c> is
/// <c>FAIRLEAD_XDS__SOCKET</c>. An empty variable is as good as none.
/// Remembers which were asked for.</summary>
internal sealed partial class EnvironmentOverlay
{
    private const string Prefix = "FAIRLEAD_";

    /// <summary>Variables of the programs themselves, not of their configuration.</summary>
    private static readonly HashSet<string> Reserved =
        new(StringComparer.Ordinal) { "FAIRLEAD_CACHE", "FAIRLEAD_PROGRAMS", "FAIRLEAD_SIDECAR" };

    private readonly SortedDictionary<string, string> _variables = new(StringComparer.Ordinal);
    private readonly HashSet<string> _asked = new(StringComparer.Ordinal);

    internal EnvironmentOverlay(IReadOnlyDictionary<string, string> environment)
    {
        foreach (var (name, value) in environment)
        {
            if (name.StartsWith(Prefix, StringComparison.Ordinal) && !Reserved.Contains(name) && value.Length > 0)
            {
                _variables[name] = value;
            }
        }
    }

    internal static string NameOf(string path) =>
        Prefix + path.Replace(".", "__", StringComparison.Ordinal).ToUpperInvariant();

    /// <summary>The variable of a path, or null.</summary>
    internal string? Find(string path, out string name)
    {
        name = NameOf(path);
        _asked.Add(name);
        return _variables.GetValueOrDefault(name);
    }

    /// <summary>Whether some variable lies below a section.</summary>
    internal bool HasSection(string path)
    {
        var start = NameOf(path) + "__";
        return _variables.Keys.Any(name => name.StartsWith(start, StringComparison.Ordinal));
    }

    /// <summary>Variables that nothing asked for. One without `__` is taken for a mistake only if what follows the
    /// prefix is close to a known name. What a cluster sets in every pod for a Service called `fairlead`, or
    /// `fairlead-metrics`, never is, but for one with `__` that is close to a section's key.</summary>
    internal void RefuseUnknown(ConfigurationErrors errors)
    {
        var known = _asked.Select(name => name[Prefix.Length..]).ToList();
        foreach (var name in _variables.Keys.Where(name => !_asked.Contains(name)))
        {
            var nearest = NearestName.Find(name[Prefix.Length..], known);
            if (IsServiceLink(name) && (nearest is null || !name.Contains("__", StringComparison.Ordinal)))
            {
                continue;
            }

            if (nearest is not null || name.Contains("__", StringComparison.Ordinal))
            {
                errors.Add(new ConfigurationError(
                    ConfigurationErrorKind.UnknownKey, name, 0, 0, "an unknown variable",
                    nearest is null ? "unset it" : $"did you mean {Prefix}{nearest}?"));
            }
        }
    }

    // NAME_PORT, NAME_PORT_80_TCP and more, NAME_SERVICE_HOST, NAME_SERVICE_PORT, NAME_SERVICE_PORT_HTTP
    // (kubernetes.io/docs/concepts/services-networking/service, "Environment variables"). A Service's name has no dash
    // at its end, so FAIRLEAD_ADMN__PORT is none of these but a section's key.
    [GeneratedRegex(
        "^[A-Z0-9_]*[A-Z0-9](_PORT(_[0-9]+_(TCP|UDP|SCTP)(_(PORT|PROTO|ADDR))?)?|_SERVICE_(HOST|PORT(_[A-Z0-9_]+)?))$",
        RegexOptions.CultureInvariant)]
    private static partial Regex ServiceLink();

    private static bool IsServiceLink(string name) => ServiceLink().IsMatch(name);
}
