using System.CommandLine;

namespace Fairlead.Cli.Commands;

/// <summary>The options of the commands that ask as a pod would.</summary>
internal static class AskingOptions
{
    internal static Option<string?> Bootstrap(bool isRequired) => new("--bootstrap")
    {
        Description = "The home segment: the only trust root.",
        Required = isRequired,
    };

    internal static Option<string?> Key() => new("--key")
    {
        Description = "The key that the home knows the asker by (PKCS#8 PEM, 0600); instead of it --token, or "
            + "--spiffe-certificate.",
    };

    internal static Option<string?> Token() => new("--token")
    {
        Description = "A projected service-account token for the home's anchors, instead of --key.",
    };

    internal static Option<string?> SpiffeCertificate() => new("--spiffe-certificate")
    {
        Description = "The certificate chain of an X.509 SVID (PEM), instead of --key.",
    };

    internal static Option<string?> SpiffeKey() => new("--spiffe-key") { Description = "The SVID's key (PEM)." };

    internal static Option<string?> Subject() => new("--subject")
    {
        Description = "namespace/account of the key, where the bootstrap file does not say it.",
    };

    internal static Option<string?> State() => new("--state")
    {
        Description = "A folder that remembers what was verified.",
    };

    internal static Option<bool> Loopback() => new("--unsafe-allow-loopback-endpoints")
    {
        Description = "Development only: endpoints of other segments may be loopback addresses.",
    };
}
