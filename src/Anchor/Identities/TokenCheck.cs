using System.IdentityModel.Tokens.Jwt;
using System.Text;
using System.Text.Json;
using Fairlead.Identities;
using Fairlead.Naming;
using Microsoft.IdentityModel.Tokens;

namespace Fairlead.Anchor.Identities;

/// <summary>
/// Whether a token is one that an issuer's API server made for these anchors and this time (V50; RFC 7519, RFC 8725).
/// Signatures by public keys alone count, the key is the one that the token names among the issuer's, and nothing in
/// the token leads to another. Stateless.
/// </summary>
internal static class TokenCheck
{
    private static readonly string[] Algorithms =
        ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512"];

    private static readonly JwtSecurityTokenHandler Handler = new()
    {
        MapInboundClaims = false,
        MaximumTokenSizeInBytes = ServiceAccountToken.BytesMax,
    };

    /// <summary>Judges a token.</summary>
    /// <param name="issuer">Whose it must be, and for whom.</param>
    /// <param name="keys">The issuer's keys.</param>
    /// <param name="token">The token.</param>
    /// <param name="now">Unix milliseconds.</param>
    /// <param name="delta">The clock tolerance, in milliseconds.</param>
    /// <param name="found">Whom it names and when it ends, where it holds.</param>
    /// <returns>
    /// <c>TokenAudience</c> where it is good and made for somebody else, else <c>SubjectUnknown</c>.
    /// </returns>
    internal static Refusal? Check(
        TokenIssuer issuer, TokenKeys keys, string token, long now, long delta, out Identified? found)
    {
        found = null;
        try
        {
            Handler.ValidateToken(token, Parameters(issuer, keys, now, delta), out var validated);
            var jwt = (JwtSecurityToken)validated;
            if (jwt.Header.ContainsKey("crit"))
            {
                return Unknown("its header demands an extension that is not known");
            }

            var pod = ServiceAccountToken.Read(Encoding.ASCII.GetBytes(token)).Subject;
            return IsNamed(jwt, pod)
                ? Found(new Identified(pod, EndOf(jwt)), out found)
                : Unknown("its subject is not the service account in its kubernetes.io claims");
        }
        catch (SecurityTokenInvalidAudienceException)
        {
            return new Refusal(
                VerificationFailure.TokenAudience, "token", $"it is not made for {issuer.Audience}");
        }
        catch (SecurityTokenException e)
        {
            // The library's own words may repeat parts of the token.
            return Unknown($"it does not hold: {e.GetType().Name}");
        }
        catch (Exception e) when (e is ArgumentException or FormatException or JsonException
            or InvalidOperationException)
        {
            return Unknown("it is no token of a service account");
        }
    }

    private static Refusal? Found(Identified value, out Identified? found)
    {
        found = value;
        return null;
    }

    private static TokenValidationParameters Parameters(TokenIssuer issuer, TokenKeys keys, long now, long delta) =>
        new()
        {
            ValidIssuer = issuer.Issuer,
            ValidAudience = issuer.Audience,
            ValidAlgorithms = Algorithms,
            RequireSignedTokens = true,
            RequireExpirationTime = true,
            TryAllIssuerSigningKeys = false,
            IssuerSigningKeyResolver = (_, _, kid, _) =>
                kid is not null && keys.ById.TryGetValue(kid, out var key) ? [key] : [],
            LifetimeValidator = (from, until, _, _) => IsInTime(from, until, now, delta),
        };

    // As everywhere (4.2): it must outlast the tolerance.
    private static bool IsInTime(DateTime? from, DateTime? until, long now, long delta) =>
        until is { } end && now + delta < Milliseconds(end)
        && (from is not { } start || Milliseconds(start) <= now + delta);

    private static long Milliseconds(DateTime moment) =>
        new DateTimeOffset(DateTime.SpecifyKind(moment, DateTimeKind.Utc)).ToUnixTimeMilliseconds();

    private static long EndOf(JwtSecurityToken token) => Milliseconds(token.ValidTo);

    private static bool IsNamed(JwtSecurityToken token, Subject pod) =>
        token.Subject == $"system:serviceaccount:{pod.Namespace}:{pod.Account}"
        && KubernetesName.IsValid(pod);

    private static Refusal Unknown(string detail) => new(VerificationFailure.SubjectUnknown, "token", detail);
}
