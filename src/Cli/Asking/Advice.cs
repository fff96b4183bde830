using Fairlead.Naming;

namespace Fairlead.Cli.Asking;

/// <summary>What its user can do where the home's anchors gave no answer. Stateless.</summary>
internal static class Advice
{
    /// <summary>The advice that fits what the anchors said; null where what they said is all there is to say.</summary>
    /// <param name="refusals">Why each gave none.</param>
    /// <param name="isUnreachable">Whether an answer may come later, without any change here.</param>
    /// <param name="proof">The file that proves the asker.</param>
    /// <param name="isKey">Whether it is a key file.</param>
    /// <param name="bootstrap">The bootstrap file.</param>
    internal static string? For(
        IReadOnlyCollection<AnchorRefusal> refusals, bool isUnreachable, string proof, bool isKey, string bootstrap)
    {
        var named = refusals.Select(refusal => refusal.Check).OfType<VerificationFailure>().ToHashSet();
        return named.Contains(VerificationFailure.SubjectUnknown) && !isKey
            ? $"{proof} proves nobody to the anchors: see `tokens` or `spiffe` in their configuration"
        : named.Contains(VerificationFailure.SubjectUnknown)
            ? $"{proof} is no key that the anchors know: give --key the pod's own key file, or map it under `subjects` "
                + "in the anchors' configuration"
        : named.Contains(VerificationFailure.FloorMismatch)
            ? $"home.floor in {bootstrap} is no epoch of that segment: take the file from the home's operators anew, "
                + "or set the floor to an epoch that they name"
        : !isUnreachable ? null
        : Later(named) ?? $"see that these anchors run and that home.endpoints in {bootstrap} are their addresses";
    }

    // Whoever names an error is there, so that its address is right.
    private static string? Later(HashSet<VerificationFailure> named) =>
        named.Contains(VerificationFailure.NotSealed)
            ? "the home's anchors answer, but hold nothing valid of the segment that they name: see that enough of its "
                + "anchors run to seal, and that the home's anchors reach them"
        : named.Contains(VerificationFailure.Behind)
            ? "the home's anchors answer, but do not know yet what is new in the segment that they name: ask again; "
                + "where that does not help, see that its anchors run and that the home's anchors reach them"
        : named.Contains(VerificationFailure.RateLimited)
            ? "the home's anchors answer, but no more questions of this asker for now: ask again later"
        : named.Count > 0
            ? "the home's anchors answer, but what they hold is over: see that the anchors of the segment that they "
                + "name run, and that the clock here is right"
        : null;
}
