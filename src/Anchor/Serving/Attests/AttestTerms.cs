using Fairlead.Naming;

namespace Fairlead.Anchor.Serving;

/// <summary>What an Attest says, without its times. Immutable.</summary>
/// <param name="Role">One of <see cref="AttestRole"/>.</param>
/// <param name="Home">The home of whoever is decided about.</param>
/// <param name="Consumer">Who is decided about; null where it is the home as a whole, as a transit decides.</param>
/// <param name="Scope">The name it is about: a service part for a target, a segment name else.</param>
/// <param name="Next">The segment that the hop leads to; null in the last hop and in a denial.</param>
/// <param name="Decision">What the Rules say.</param>
internal sealed record AttestTerms(
    string Role, Digest Home, Consumer? Consumer, NamePattern Scope, Digest? Next, RuleDecision Decision)
{
    // Spares signatures where many ask at once, and leaves a denial nearly all of its life.
    private const long DenialReuse = Limits.Second;

    /// <summary>Whether the asker may.</summary>
    internal bool IsAllowed => Decision.IsAllowed;

    /// <summary>Decides as target, before anything is looked up; a host as its service (4.1 Rules).</summary>
    internal static AttestTerms OfTarget(SegmentView view, Consumer consumer, ServicePart service)
    {
        var bare = service.WithoutHost;
        var decision = RuleDecision.ForService(view.Rules, view.Genesis, consumer.Home, consumer.Subject, bare);
        return new AttestTerms(
            AttestRole.Target, consumer.Home, consumer, NamePattern.Parse(bare.Text), null, decision);
    }

    /// <summary>Decides as home about a name under clusterset.local, by the Rules for service parts; a host as its
    /// service. That a member may be seen is decided by each segment on the way to it.</summary>
    internal static AttestTerms OfSet(SegmentView view, Consumer consumer, ServicePart service) =>
        OfTarget(view, consumer, service) with { Role = AttestRole.Home };

    /// <summary>Decides as home whether the asker may go out to a segment.</summary>
    internal static AttestTerms OfHome(SegmentView view, Consumer consumer, SegmentName target)
    {
        var decision = RuleDecision.ForSegment(view.Rules, view.Genesis, consumer.Home, consumer.Subject, target);
        var next = decision.IsAllowed ? view.Towards(target)?.Genesis : null;
        return new AttestTerms(
            AttestRole.Home, consumer.Home, consumer, NamePattern.Parse(target.Text), next, decision);
    }

    /// <summary>Decides as transit whether a home may go through to a segment (4.1 Rules).</summary>
    internal static AttestTerms OfTransit(SegmentView view, Digest home, SegmentName target)
    {
        var decision = RuleDecision.ForSegment(view.Rules, view.Genesis, home, null, target);
        var next = decision.IsAllowed ? view.Towards(target)?.Genesis : null;
        return new AttestTerms(AttestRole.Transit, home, null, NamePattern.Parse(target.Text), next, decision);
    }

    /// <summary>How long an Attest of these terms may live, in milliseconds (4.5).</summary>
    internal long Longest(Policy policy) =>
        Role == AttestRole.Transit ? policy.IntroductionMaxAge : policy.AttestTarget;

    /// <summary>The Attest that says so.</summary>
    internal Attest Draft(SegmentView view, long now)
    {
        var policy = view.Epoch.Value.Policy;
        var life = Math.Min(Longest(policy), IsAllowed ? long.MaxValue : DenialLife(view));
        var renew = !IsAllowed ? Math.Min(DenialReuse, life / 2)
            : Role == AttestRole.Transit ? Math.Min(policy.AttestTransit, life / 2)
            : life / 2;
        return new Attest
        {
            Constraints = Decision.Constraints,
            Decision = IsAllowed ? RuleEffect.Allow : RuleEffect.Deny,
            Epoch = view.Epoch.Value.Number,
            Expires = now + life,
            Home = Home,
            Issued = now,
            Next = Next,
            Policy = view.Epoch.Value.PolicyDigest,
            Renew = now + renew,
            Role = Role,
            Rule = Decision.Rule?.Digest,
            Scope = Scope,
            Segment = view.Genesis,
            Subject = Consumer?.Digest,
        };
    }

    // A verifier's clock may be ahead by its home's tolerance, and it wants as much left (V33): a denial has to hold
    // there for as long as it may be kept. What another segment tolerates is not known here.
    private long DenialLife(SegmentView view) => Limits.DenyLife
        + (2 * (Home == view.Genesis ? view.Epoch.Value.Policy.ClockDelta : Limits.ClockDeltaMax));
}
