using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;

namespace Fairlead.Naming;

/// <summary>Private keys as text: PKCS#8 PEM of a P-256 key, and nothing else in it. Stateless, thread-safe.</summary>
public static class KeyPem
{
    private const string Label = "PRIVATE KEY";

    /// <summary>Reads a key.</summary>
    /// <param name="pem">The text of a key file.</param>
    /// <param name="signer">The key, owned by the caller.</param>
    /// <param name="error">What is wrong, without a byte of the text.</param>
    public static bool TryParse(
        ReadOnlySpan<char> pem, [NotNullWhen(true)] out EcdsaSigner? signer, [NotNullWhen(false)] out string? error)
    {
        signer = null;
        if (!PemEncoding.TryFind(pem, out var fields) || !pem[fields.Label].SequenceEqual(Label))
        {
            error = "not PKCS#8 PEM (BEGIN PRIVATE KEY)";
            return false;
        }

        if (!pem[..fields.Location.Start].IsWhiteSpace() || !pem[fields.Location.End..].IsWhiteSpace())
        {
            error = "more than one PKCS#8 key";
            return false;
        }

        var key = ECDsa.Create();
        var bytes = Convert.FromBase64String(new string(pem[fields.Base64Data]));
        try
        {
            key.ImportPkcs8PrivateKey(bytes, out var read);
            if (read == bytes.Length)
            {
                signer = new EcdsaSigner(key);
                error = null;
                return true;
            }
        }
        catch (CryptographicException)
        {
        }
        catch (ArgumentException)
        {
        }
        finally
        {
            CryptographicOperations.ZeroMemory(bytes);
        }

        key.Dispose();
        error = "not a P-256 key";
        return false;
    }

    /// <summary>Writes a key as PKCS#8 PEM.</summary>
    public static string Format(ECDsa key)
    {
        ArgumentNullException.ThrowIfNull(key);
        return key.ExportPkcs8PrivateKeyPem() + "\n";
    }
}
