using Fairlead.Naming;

namespace Fairlead.Anchor.Home;

/// <summary>
/// Refusals of what a segment's quorum sealed (V53-V55), as opposed to what one of its anchors did: they concern one
/// name, and the others of the segment go on. Stateless.
/// </summary>
internal static class SealedContent
{
    /// <summary>Whether a refusal is one of the content alone.</summary>
    internal static bool IsRefusedBy(Refusal refusal) =>
        refusal.Failure is VerificationFailure.AddressOutOfScope or VerificationFailure.IdentityOutOfScope;

    /// <summary>Whether a refusal concerns one name alone, whoever is to blame: of slices it is one anchor, or all; of
    /// what nobody foresaw this program.</summary>
    internal static bool IsOfOneName(Refusal refusal) =>
        IsRefusedBy(refusal) || refusal is { Failure: VerificationFailure.SliceMismatch } or { IsUnforeseen: true };
}
