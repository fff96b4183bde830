using System.Collections.Immutable;
using Fairlead.Identities;
using Fairlead.Naming;
using Microsoft.Extensions.Logging;

namespace Fairlead.Anchor.Identities;

/// <summary>
/// Pods that prove themselves by a Kubernetes service-account token made for these anchors. The token stops here:
/// upstream goes only the Grant (V48). Thread-safe.
/// </summary>
internal sealed class TokenSubjects
{
    private const int KeySetBytesMax = 256 * 1024;

    private readonly ImmutableArray<Trusted> _issuers;

    internal TokenSubjects(ImmutableArray<TokenIssuer> issuers, TimeProvider time, ILogger logger) => _issuers =
        [.. issuers.Select(issuer => new Trusted(issuer, Keys(issuer, time, logger), new Looks()))];

    /// <summary>Reads the key sets, and says in the log which cannot be.</summary>
    internal void Read()
    {
        foreach (var issuer in _issuers)
        {
            _ = issuer.Keys.Current;
        }
    }

    /// <summary>Whether any issuer counts.</summary>
    internal bool IsEmpty => _issuers.IsEmpty;

    /// <summary>Whether a token held before.</summary>
    internal bool Recalls(Digest proof) => _issuers.Any(issuer => issuer.Looks.Recalls(proof));

    /// <summary>Whom the token of a caller names.</summary>
    internal Refusal? Identify(Caller caller, long now, long delta, out Identified? found)
    {
        found = null;
        var token = caller.Token!;
        if (_issuers.IsEmpty)
        {
            return Unknown("no tokens are taken here");
        }

        // Before anything is parsed, and before anything that is not ASCII is counted differently elsewhere.
        if (token.Length > ServiceAccountToken.BytesMax)
        {
            return Unknown($"the token has more than {ServiceAccountToken.BytesMax} bytes");
        }

        var proof = caller.Proof;
        Refusal? refusal = null;
        foreach (var issuer in _issuers)
        {
            if (issuer.Keys.Current is not { } keys)
            {
                refusal ??= Unknown("the keys of the issuer cannot be read");
                continue;
            }

            if (issuer.Looks.Find(proof, keys) is not { } known)
            {
                var why = TokenCheck.Check(issuer.Configured, keys, token, now, delta, out var checkedOut);
                if (why is not null)
                {
                    // Of several refusals the one that got furthest: only a good signature leads to the audience.
                    refusal = refusal is { Failure: VerificationFailure.TokenAudience } ? refusal : why;
                    continue;
                }

                known = checkedOut!;
                issuer.Looks.Keep(proof, keys, known);
            }

            if (now + delta >= known.Until)
            {
                return Unknown("the token has ended");
            }

            found = known;
            return null;
        }

        return refusal;
    }

    private static RotatedFiles<TokenKeys> Keys(TokenIssuer issuer, TimeProvider time, ILogger logger) =>
        new([issuer.Keys], KeySetBytesMax, contents => TokenKeys.Read(contents[0]), time)
        {
            Renewed = keys => IdentityLog.Read(logger, issuer.Keys, $"{keys.ById.Count} keys of {issuer.Issuer}"),
            Unreadable = reason => IdentityLog.Unreadable(logger, issuer.Keys, reason),
        };

    private static Refusal Unknown(string detail) => new(VerificationFailure.SubjectUnknown, "token", detail);

    private sealed record Trusted(TokenIssuer Configured, RotatedFiles<TokenKeys> Keys, Looks Looks);
}
