using System.Collections.Immutable;

namespace Fairlead.Naming.Operations;

/// <summary>What an operator asks of op credential. Immutable.</summary>
public sealed record CredentialRequest
{
    /// <summary>Credentials to write; one of the same key is replaced.</summary>
    public ImmutableArray<Credential> Issue { get; init; } = [];

    /// <summary>Kids whose Credentials go: their entries become withdrawn with the epoch's first seal
    /// (4.3.2).</summary>
    public ImmutableArray<Digest> Revoke { get; init; } = [];
}

/// <summary>Builds op credential (4.4). Pure, thread-safe.</summary>
public static class CredentialOperation
{
    /// <summary>The candidate that follows the ground.</summary>
    /// <param name="ground">The newest epoch.</param>
    /// <param name="request">What to change.</param>
    /// <param name="now">Unix ms.</param>
    /// <param name="openings">16 fresh random bytes at each call.</param>
    /// <param name="refusal">OpMismatch where nothing changes or a Credential to revoke is not there.</param>
    public static EpochProposal? Build(
        EpochGround ground, CredentialRequest request, long now, Func<Hex16> openings, out Refusal? refusal)
    {
        ArgumentNullException.ThrowIfNull(ground);
        ArgumentNullException.ThrowIfNull(request);
        ArgumentNullException.ThrowIfNull(openings);
        var draft = new CandidateDraft(ground, now, openings);
        foreach (var kid in request.Revoke)
        {
            if (!draft.Remove(LeafClass.Credential, kid.ToString()))
            {
                refusal = new Refusal(VerificationFailure.OpMismatch, "revoke", $"{kid} has no Credential");
                return null;
            }
        }

        foreach (var credential in request.Issue)
        {
            draft.Put(credential);
        }

        return draft.Build(OpType.Credential, null, mayBeEmpty: false, out refusal);
    }
}
