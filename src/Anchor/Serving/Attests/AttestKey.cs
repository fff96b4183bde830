using Fairlead.Naming;

namespace Fairlead.Anchor.Serving;

/// <summary>
/// What two questions must share to be served by one Attest (4.9 "Sharing"): the epoch with its policy, the subject,
/// the scope and where it leads. Never two subjects. Immutable.
/// </summary>
internal readonly record struct AttestKey(
    Digest Epoch, string Role, Digest Home, Digest? Subject, string Scope, Digest? Next, Digest? Rule, string Limits)
{
    internal static AttestKey Of(SegmentView view, AttestTerms terms)
    {
        var limits = terms.Decision.Constraints is { } c ? $"{c.MaxTtl}/{string.Join(',', c.Regions)}" : "";
        return new AttestKey(
            view.Epoch.Digest, terms.Role, terms.Home, terms.Consumer?.Digest, terms.Scope.Text, terms.Next,
            terms.Decision.Rule?.Digest,
            terms.IsAllowed ? limits : "deny");
    }
}
