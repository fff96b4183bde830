using System.Text;
using Microsoft.IdentityModel.Tokens;

namespace Fairlead.Anchor.Identities;

/// <summary>
/// An issuer's public keys, of those that a JSON Web Key Set lists: RSA of 2,048 bits or more and the NIST curves, each
/// with an id. A shared secret among them refuses the whole set: it is no public key, and who can read the file could
/// sign with it. Immutable, thread-safe.
/// </summary>
internal sealed class TokenKeys
{
    private const int KeysMax = 64;
    private const int RsaBitsMin = 2048;

    private TokenKeys(IReadOnlyDictionary<string, SecurityKey> byId) => ById = byId;

    /// <summary>The keys by their ids.</summary>
    internal IReadOnlyDictionary<string, SecurityKey> ById { get; }

    /// <summary>Reads a set.</summary>
    /// <exception cref="FormatException">It is none, or holds no key that can be used.</exception>
    internal static TokenKeys Read(byte[] content)
    {
        JsonWebKeySet set;
        try
        {
            set = new JsonWebKeySet(Encoding.UTF8.GetString(content));
        }
        catch (ArgumentException e)
        {
            throw new FormatException("it is no JSON Web Key Set", e);
        }

        if (set.Keys.Count is 0 or > KeysMax || set.Keys.Any(key => key.Kty == JsonWebAlgorithmsKeyTypes.Octet))
        {
            throw new FormatException($"it holds no key, more than {KeysMax}, or a shared secret");
        }

        var usable = set.Keys.Where(key => key.Use is null or "" or "sig" && !string.IsNullOrEmpty(key.Kid)).ToList();
        if (usable.DistinctBy(key => key.Kid).Count() != usable.Count)
        {
            throw new FormatException("two of its keys have one id");
        }

        var keys = new Dictionary<string, SecurityKey>(StringComparer.Ordinal);
        foreach (var key in usable)
        {
            if (Convert(key) is { } good)
            {
                keys[key.Kid] = good;
            }
        }

        return keys.Count > 0 ? new TokenKeys(keys) : throw new FormatException("none of its keys can be used");
    }

    private static SecurityKey? Convert(JsonWebKey key)
    {
        if (key.HasPrivateKey)
        {
            throw new FormatException("it holds a private key, which has no place here");
        }

        return JsonWebKeyConverter.TryConvertToSecurityKey(key, out var converted)
            && converted is ECDsaSecurityKey or RsaSecurityKey { KeySize: >= RsaBitsMin }
                ? converted
                : null;
    }
}
