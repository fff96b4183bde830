namespace Fairlead.Naming;

/// <summary>Verifies signatures within someone's budget (V36), and may remember which ones are true.</summary>
public interface ISignatureChecks
{
    /// <summary>Checks form and truth of one signature (V5).</summary>
    /// <param name="key">The signer's key.</param>
    /// <param name="digest">The document's digest.</param>
    /// <param name="signature">r and s, 32 bytes each.</param>
    /// <returns><c>BadSignatureEncoding</c>, <c>BudgetExceeded</c>, <c>BadSignature</c>, or null.</returns>
    Refusal? Verify(PublicKey key, in Digest digest, ReadOnlySpan<byte> signature);
}
