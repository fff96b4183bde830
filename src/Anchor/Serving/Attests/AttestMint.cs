using Fairlead.Naming;

namespace Fairlead.Anchor.Serving;

/// <summary>
/// Signs this anchor's decisions, and signs the same decision again only when half of its life is gone: an Attest serves
/// its (role, home, subject, policy, scope, next, rule). Bounded. Thread-safe.
/// </summary>
internal sealed class AttestMint(ISigner sealKey)
{
    private const int KeptMax = 10_000;

    private readonly Lock _gate = new();
    private readonly Dictionary<Key, Kept> _kept = [];

    private readonly record struct Key(
        string Role, string Decision, Digest Home, Digest? Subject, Digest Epoch, string Scope, Digest? Next, Digest? Rule,
        string Constraints);

    private readonly record struct Kept(MintedAttest Attest, long RenewAt);

    /// <summary>An Attest for a decision, valid for at least half of the policy's time.</summary>
    /// <param name="view">The own segment.</param>
    /// <param name="terms">Role, decision and what it is about.</param>
    /// <param name="now">Unix milliseconds.</param>
    internal MintedAttest Sign(SegmentView view, AttestTerms terms, long now)
    {
        var constraints = terms.Constraints is { } c ? $"{c.MaxTtl}/{string.Join(',', c.Regions)}" : "";
        var key = new Key(
            terms.Role, terms.Decision, terms.Home, terms.Subject, view.Epoch.Digest, terms.Scope.Text, terms.Next, terms.Rule,
            constraints);
        lock (_gate)
        {
            if (_kept.TryGetValue(key, out var kept) && now < kept.RenewAt)
            {
                return kept.Attest;
            }
        }

        var policy = view.Epoch.Value.Policy;
        var life = terms.Decision == "deny" ? Math.Min(Limits.DenyLife, policy.AttestTarget) : policy.AttestTarget;
        var attest = Document.Make(new Attest
        {
            Constraints = terms.Constraints,
            Decision = terms.Decision,
            Epoch = view.Epoch.Value.Number,
            Expires = now + life,
            Home = terms.Home,
            Issued = now,
            Next = terms.Next,
            Policy = view.Epoch.Value.PolicyDigest,
            Renew = now + (life / 2),
            Role = terms.Role,
            Rule = terms.Rule,
            Scope = terms.Scope,
            Segment = view.Genesis,
            Subject = terms.Subject,
        });
        var minted = new MintedAttest(Envelope.Sign(attest, sealKey), attest.Value.Expires);
        lock (_gate)
        {
            if (_kept.Count >= KeptMax)
            {
                _kept.Clear();
            }

            _kept[key] = new Kept(minted, now + (life / 2));
        }

        return minted;
    }
}
