using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;

namespace Fairlead.TestKit;

/// <summary>An API server's signing key as tests use it: makes service-account tokens, and whatever an attacker would.
/// </summary>
public sealed class TokenMaker : IDisposable
{
    public const string Issuer = "https://kubernetes.default.svc.cluster.local";
    public const string Audience = "eu1.internal";

    private readonly RSA _key = RSA.Create(2048);

    public TokenMaker(string kid = "key-1") => Kid = kid;

    public string Kid { get; }

    /// <summary>The public key in PEM, which an attacker takes for a shared secret.</summary>
    public string PublicPem => _key.ExportSubjectPublicKeyInfoPem();

    /// <summary>The public key as one of a JSON Web Key Set.</summary>
    public JsonObject PublicKey
    {
        get
        {
            var parameters = _key.ExportParameters(false);
            return new JsonObject
            {
                ["kty"] = "RSA", ["use"] = "sig", ["alg"] = "RS256", ["kid"] = Kid,
                ["n"] = Base64Url.EncodeToString(parameters.Modulus!),
                ["e"] = Base64Url.EncodeToString(parameters.Exponent!),
            };
        }
    }

    /// <summary>A JSON Web Key Set of these issuers' keys.</summary>
    public static string KeySet(params IEnumerable<TokenMaker> makers) =>
        new JsonObject { ["keys"] = new JsonArray([.. makers.Select(maker => maker.PublicKey)]) }.ToJsonString();

    /// <summary>The claims that the API server writes for a projected token.</summary>
    public static JsonObject Claims(
        DateTimeOffset now, string space = "shop", string account = "frontend", TimeSpan? life = null) => new()
    {
        ["aud"] = new JsonArray(Audience),
        ["exp"] = (now + (life ?? TimeSpan.FromHours(1))).ToUnixTimeSeconds(),
        ["iat"] = now.ToUnixTimeSeconds(),
        ["iss"] = Issuer,
        ["kubernetes.io"] = new JsonObject
        {
            ["namespace"] = space,
            ["pod"] = new JsonObject { ["name"] = "frontend-0", ["uid"] = "0" },
            ["serviceaccount"] = new JsonObject { ["name"] = account, ["uid"] = "1" },
        },
        ["nbf"] = now.ToUnixTimeSeconds(),
        ["sub"] = $"system:serviceaccount:{space}:{account}",
    };

    /// <summary>A token as the API server makes it.</summary>
    public string Sign(JsonObject claims, JsonObject? header = null) =>
        Join(header ?? Header("RS256"), claims, input =>
            _key.SignData(input, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1));

    /// <summary>The header of a token of this key.</summary>
    public JsonObject Header(string algorithm) => new() { ["alg"] = algorithm, ["kid"] = Kid, ["typ"] = "JWT" };

    /// <summary>A token with a signature of the caller's own.</summary>
    public static string Join(JsonObject header, JsonObject claims, Func<byte[], byte[]> sign)
    {
        var input = $"{Encode(header)}.{Encode(claims)}";
        return $"{input}.{Base64Url.EncodeToString(sign(Encoding.ASCII.GetBytes(input)))}";
    }

    public void Dispose() => _key.Dispose();

    private static string Encode(JsonObject part) =>
        Base64Url.EncodeToString(Encoding.UTF8.GetBytes(part.ToJsonString()));
}
