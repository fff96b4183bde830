namespace Fairlead.Naming;

/// <summary>Verifies every signature it is given until its budget is spent (V36). Used on one thread.</summary>
/// <param name="budget">How many signatures may be verified.</param>
public sealed class SignatureBudget(int budget = Limits.SignatureChecks) : ISignatureChecks
{
    /// <summary>How many signatures were verified.</summary>
    public int Spent { get; private set; }

    /// <inheritdoc/>
    public Refusal? Verify(PublicKey key, in Digest digest, ReadOnlySpan<byte> signature)
    {
        ArgumentNullException.ThrowIfNull(key);
        if (Spent >= budget)
        {
            return new Refusal(VerificationFailure.BudgetExceeded, "", $"more than {budget} signatures");
        }

        Spent++;
        return key.Verify(digest, signature);
    }
}
