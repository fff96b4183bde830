using Fairlead.Naming;

namespace Fairlead.Governance;

/// <summary>Checks signatures. A port, so that simulations of millions of steps do without curves.</summary>
public interface ISignatureCheck
{
    /// <summary>Checks the form and truth of one signature (V5).</summary>
    /// <param name="key">The signer's key.</param>
    /// <param name="digest">The digest that was signed.</param>
    /// <param name="signature">r and s, 32 bytes each.</param>
    /// <returns><c>BadSignatureEncoding</c>, <c>BadSignature</c>, or null.</returns>
    Refusal? Check(PublicKey key, in Digest digest, ReadOnlySpan<byte> signature);
}

/// <summary>ECDSA over P-256, as everything outside a simulation uses it. Thread-safe.</summary>
public sealed class EcdsaSignatureCheck : ISignatureCheck
{
    /// <inheritdoc/>
    public Refusal? Check(PublicKey key, in Digest digest, ReadOnlySpan<byte> signature)
    {
        ArgumentNullException.ThrowIfNull(key);
        return key.Verify(digest, signature);
    }
}
