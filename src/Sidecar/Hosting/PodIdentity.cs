using Fairlead.Configuration;
using Fairlead.Identities;

namespace Fairlead.Sidecar.Hosting;

/// <summary>
/// How the pod proves itself to its home (V50): by a key on file there, by an X.509 SVID, or by a service-account
/// token. Exactly one is given. Immutable.
/// </summary>
/// <param name="Key">The file of the key: PKCS#8 PEM, mode 0600; null for another proof.</param>
/// <param name="Svid">The files of the SVID; null for another proof.</param>
/// <param name="Token">The projected file of the token; null for another proof.</param>
internal sealed record PodIdentity(string? Key, SpiffePaths? Svid, string? Token)
{
    /// <summary>Reads <c>key</c>, <c>spiffe</c> with <c>certificate</c> and <c>key</c>, or <c>token</c>. What is wrong
    /// is added to the file's errors.</summary>
    internal static PodIdentity Read(ConfigurationSection root)
    {
        var svid = SvidOf(root.Section("spiffe", isRequired: false));
        var token = root.OptionalFilePath("token");
        var key = svid is null && token is null ? root.FilePath("key") : root.OptionalFilePath("key");
        if ((key, svid, token) is not ((_, null, null) or (null, _, null) or (null, null, _)))
        {
            root.Refuse(
                "key", "more than one proof is given", "keep one of key, spiffe and token: it is who the pod is");
        }

        return new PodIdentity(key, svid, token);
    }

    /// <summary>The files of an SVID that somebody is shown and that asks nobody for one; null where the section is not
    /// there.</summary>
    internal static SpiffePaths? SvidOf(ConfigurationSection section) => section.IsPresent
        ? new SpiffePaths(section.FilePath("certificate"), section.FilePath("key"), null)
        : null;
}
