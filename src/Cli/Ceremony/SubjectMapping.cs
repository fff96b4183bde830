using Fairlead.Naming;
using Fairlead.Protocol.Files;

namespace Fairlead.Cli.Ceremony;

/// <summary>A pod that proves itself with a key on file.</summary>
/// <param name="Key">Its public key.</param>
/// <param name="Subject">Who it is.</param>
[System.Runtime.Versioning.UnsupportedOSPlatform("windows")]
internal sealed record SubjectMapping(PublicKey Key, Subject Subject)
{
    private const string Form = "KEYFILE=namespace/account, or p256:..=namespace/account";

    /// <summary>Reads <c>KEYFILE=namespace/account</c>; a key text may stand in place of the file.</summary>
    /// <exception cref="CliException">Another form, or no usable key.</exception>
    internal static SubjectMapping Parse(string text)
    {
        var equals = text.LastIndexOf('=');
        var names = equals < 0 ? [] : text[(equals + 1)..].Split('/');
        if (equals < 1 || names.Length != 2 || !names.All(IsLabel))
        {
            throw new CliException(ExitCode.Usage, $"--subject {text}: not {Form}");
        }

        return new SubjectMapping(ReadKey(text[..equals]), new Subject { Namespace = names[0], Account = names[1] });
    }

    private static PublicKey ReadKey(string text)
    {
        if (!text.StartsWith(PublicKey.Prefix, StringComparison.Ordinal))
        {
            using var signer = KeyFile.LoadSigner(text);
            return signer.Key;
        }

        return PublicKey.TryParse(text, out var key, out var refusal)
            ? key
            : throw new CliException(ExitCode.Usage, $"--subject {text}: {refusal.Detail}; not {Form}");
    }

    // What Kubernetes admits as a namespace or a service account (RFC 1123).
    private static bool IsLabel(string text) =>
        text.Length is > 0 and <= 253
        && text.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c is '-' or '.')
        && char.IsAsciiLetterOrDigit(text[0]) && char.IsAsciiLetterOrDigit(text[^1]);
}
