using Fairlead.Naming;
using Fairlead.Naming.Operations;
using Fairlead.Protocol.Files;

namespace Fairlead.Cli.Operating;

/// <summary>What <c>propose credential</c> was given: for a key that has a Credential, what is not said stays as it is.
/// Immutable.</summary>
internal sealed record CredentialInput(
    string? Issue, IReadOnlyList<string> Names, IReadOnlyList<string> Types, int Days, long? MaxTtl,
    IReadOnlyList<string> Revoke)
{
    private const int DaysMax = 365;

    /// <exception cref="CliException">Something is malformed or missing.</exception>
    internal CredentialRequest Read(EpochGround ground, long now)
    {
        if (Issue is null && Revoke.Count == 0)
        {
            throw Wrong("give --issue or --revoke");
        }

        return new CredentialRequest
        {
            Issue = Issue is null ? [] : [CredentialOf(KeyOf(Issue), ground, now)],
            Revoke =
            [
                .. Revoke.Select(kid => Digest.TryParse(kid, out var digest)
                    ? digest
                    : throw Wrong($"--revoke {kid}: a kid has 64 lower-hex digits")),
            ],
        };
    }

    // A key's text, or the file that holds the key.
    private static PublicKey KeyOf(string text)
    {
        try
        {
            return !text.StartsWith(PublicKey.Prefix, StringComparison.Ordinal) ? KeyFile.LoadPublic(text)
                : PublicKey.TryParse(text, out var key, out var refusal) ? key
                : throw Wrong($"--issue: {refusal}");
        }
        catch (KeyFileException e)
        {
            throw Wrong($"--issue: {e.Message}");
        }
    }

    private Credential CredentialOf(PublicKey key, EpochGround ground, long now)
    {
        var held = ground.Leaves.Leaves.GetValueOrDefault((LeafClass.Credential, key.Kid.ToString()))
            ?.Document as Credential;
        if ((Names.Count == 0 && held is null) || Days is < 1 or > DaysMax)
        {
            throw Wrong(
                "--issue wants --name, once or more, where the key has no Credential yet, and --days of 1 to "
                + $"{DaysMax}");
        }

        if (MaxTtl is < 1 or > Limits.TtlMax)
        {
            throw Wrong($"--max-ttl {MaxTtl}: 1 to {Limits.TtlMax} ms");
        }

        return new Credential
        {
            Expires = now + (Days * Limits.Day),
            Key = key,
            Made = 0,
            MaxTtl = MaxTtl ?? held?.MaxTtl ?? ground.Epoch.Value.Policy.MaxTtl,
            Names = Names.Count == 0 && held is not null
                ? held.Names
                : [.. Names.Select(Pattern).OrderBy(name => name.Text, StringComparer.Ordinal)],
            Opening = default,
            Types = Types.Count > 0 ? [.. Types.Order(StringComparer.Ordinal)] : held?.Types ?? [PublishedType.Record],
        };
    }

    private static NamePattern Pattern(string text) => NamePattern.TryParse(text, out var pattern, out var refusal)
        ? pattern
        : throw Wrong($"--name {text}: {refusal.Detail}");

    private static CliException Wrong(string message) => new(ExitCode.Usage, message);
}
