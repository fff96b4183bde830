using Fairlead.Naming;

namespace Fairlead.Anchor.Serving;

/// <summary>What an Attest says, without its times. Immutable.</summary>
/// <param name="Role">One of <see cref="AttestRole"/>.</param>
/// <param name="Consumer">Who is decided about.</param>
/// <param name="Scope">The name it is about: a service part for a target, a segment name else.</param>
/// <param name="Next">The segment that the hop leads to; null in the last hop and in a denial.</param>
/// <param name="Decision">What the Rules say.</param>
internal sealed record AttestTerms(
    string Role, Consumer Consumer, NamePattern Scope, Digest? Next, RuleDecision Decision)
{
    /// <summary>Whether the asker may.</summary>
    internal bool IsAllowed => Decision.IsAllowed;

    /// <summary>Decides as target, before anything is looked up; a host as its service (4.1 Rules).</summary>
    internal static AttestTerms OfTarget(SegmentView view, Consumer consumer, ServicePart service)
    {
        var bare = service.WithoutHost;
        var decision = RuleDecision.ForService(view.Rules, view.Genesis, consumer.Home, consumer.Subject, bare);
        return new AttestTerms(AttestRole.Target, consumer, NamePattern.Parse(bare.Text), null, decision);
    }

    /// <summary>Decides as home whether the asker may go out to a segment.</summary>
    internal static AttestTerms OfHome(SegmentView view, Consumer consumer, SegmentName target)
    {
        var decision = RuleDecision.ForSegment(view.Rules, view.Genesis, consumer.Home, consumer.Subject, target);
        var next = decision.IsAllowed ? HomeAnswers.PeerTowards(view, target)?.Value.Genesis : null;
        return new AttestTerms(AttestRole.Home, consumer, NamePattern.Parse(target.Text), next, decision);
    }

    /// <summary>The Attest that says so.</summary>
    internal Attest Draft(SegmentView view, long now)
    {
        var policy = view.Epoch.Value.Policy;
        var life = IsAllowed ? policy.AttestTarget : Math.Min(Limits.DenyLife, policy.AttestTarget);
        return new Attest
        {
            Constraints = Decision.Constraints,
            Decision = IsAllowed ? RuleEffect.Allow : RuleEffect.Deny,
            Epoch = view.Epoch.Value.Number,
            Expires = now + life,
            Home = Consumer.Home,
            Issued = now,
            Next = Next,
            Policy = view.Epoch.Value.PolicyDigest,
            Renew = now + (life / 2),
            Role = Role,
            Rule = Decision.Rule?.Digest,
            Scope = Scope,
            Segment = view.Genesis,
            Subject = Consumer.Digest,
        };
    }
}
