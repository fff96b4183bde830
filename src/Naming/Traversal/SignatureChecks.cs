using System.Collections.Immutable;
using static Fairlead.Naming.VerificationFailure;

namespace Fairlead.Naming.Traversal;

/// <summary>
/// Verifies signatures within a budget (V36) and none twice: what a <see cref="VerifiedCache"/> knows costs neither
/// time nor budget. Not thread-safe; made for one verification.
/// </summary>
/// <param name="cache">What was verified before; null to remember nothing.</param>
/// <param name="budget">The most signatures verified.</param>
public sealed class SignatureChecks(VerifiedCache? cache = null, int budget = Limits.SignatureChecks) : ISignatureChecks
{
    private SignaturesAhead? _ahead;

    /// <summary>How many signatures were verified, those known from the cache not counted.</summary>
    public int Spent { get; private set; }

    /// <summary>How many more may be verified.</summary>
    public int Left => budget - Spent;

    /// <summary>V5 for one signature.</summary>
    /// <param name="key">The signer's key.</param>
    /// <param name="digest">The document's digest.</param>
    /// <param name="signature">r and s.</param>
    /// <returns>
    /// <see cref="BadSignatureEncoding"/>, <see cref="BudgetExceeded"/>, <see cref="BadSignature"/>, or null.
    /// </returns>
    public Refusal? Verify(PublicKey key, in Digest digest, ReadOnlySpan<byte> signature)
    {
        ArgumentNullException.ThrowIfNull(key);
        if (SignatureForm.Check(signature) is { } form)
        {
            return form;
        }

        var known = VerifiedCache.KeyOf(key.Kid, digest, signature);
        if (cache?.Contains(known) ?? false)
        {
            return null;
        }

        if (Left <= 0)
        {
            return new Refusal(BudgetExceeded, "", $"more than {budget} signatures to verify");
        }

        Spent++;
        if (_ahead?.Take(known) is not true && key.Verify(digest, signature) is { } refusal)
        {
            return refusal;
        }

        cache?.Add(known);
        return null;
    }

    /// <summary>Has helpers check the signatures of an answer from now on; nothing where there is no help.</summary>
    internal void Start(SignatureHelp? help, VerifierState state, ImmutableArray<HopInput> hops) =>
        _ahead = help is null ? null : SignaturesAhead.Start(help, state, hops, cache);

    /// <summary>No helper begins another one.</summary>
    internal void End()
    {
        _ahead?.End();
        _ahead = null;
    }
}
