using Fairlead.Naming;
using Fairlead.Naming.Operations;

namespace Fairlead.Cli.Operating;

/// <summary>What <c>propose credential</c> was given. Immutable.</summary>
internal sealed record CredentialInput(
    string? Issue, IReadOnlyList<string> Names, IReadOnlyList<string> Types, int Days, long? MaxTtl,
    IReadOnlyList<string> Revoke)
{
    private const int DaysMax = 365;

    /// <exception cref="CliException">Something is malformed or missing.</exception>
    internal CredentialRequest Read(Policy policy, long now)
    {
        if (Issue is null && Revoke.Count == 0)
        {
            throw Wrong("give --issue or --revoke");
        }

        return new CredentialRequest
        {
            Issue = Issue is null ? [] : [CredentialOf(Issue, policy, now)],
            Revoke =
            [
                .. Revoke.Select(kid => Digest.TryParse(kid, out var digest)
                    ? digest
                    : throw Wrong($"--revoke {kid}: a kid has 64 lower-hex digits")),
            ],
        };
    }

    private Credential CredentialOf(string text, Policy policy, long now)
    {
        if (!PublicKey.TryParse(text, out var key, out var refusal))
        {
            throw Wrong($"--issue: {refusal}");
        }

        if (Names.Count == 0 || Days is < 1 or > DaysMax)
        {
            throw Wrong($"--issue wants --name, once or more, and --days of 1 to {DaysMax}");
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
            MaxTtl = MaxTtl ?? policy.MaxTtl,
            Names = [.. Names.Select(Pattern).OrderBy(name => name.Text, StringComparer.Ordinal)],
            Opening = default,
            Types = [.. (Types.Count == 0 ? [PublishedType.Record] : Types).Order(StringComparer.Ordinal)],
        };
    }

    private static NamePattern Pattern(string text) => NamePattern.TryParse(text, out var pattern, out var refusal)
        ? pattern
        : throw Wrong($"--name {text}: {refusal.Detail}");

    private static CliException Wrong(string message) => new(ExitCode.Usage, message);
}
