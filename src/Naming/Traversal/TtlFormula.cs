using System.Collections.Immutable;

namespace Fairlead.Naming.Traversal;

/// <summary>Collects the terms of the TTL formula in its order, of which the first minimal one is the bound.</summary>
internal sealed class TtlFormula(VerificationContext context)
{
    private readonly ImmutableArray<TtlPart>.Builder _parts = ImmutableArray.CreateBuilder<TtlPart>();

    internal static Ttl Compute(VerificationContext context, Outcome outcome, LeafDocument? leaf)
    {
        var formula = new TtlFormula(context);
        formula.Durations(outcome, (leaf as Record)?.TtlMax ?? (leaf as Set)?.TtlMax);
        formula.Expiries((leaf as PublishedLeaf)?.Expires);
        formula.Introductions();
        if (context.Options.TtlCap is { } cap)
        {
            formula._parts.Add(new TtlPart("cap", context.Now + cap, null));
        }

        return new Ttl(formula._parts.ToImmutable());
    }

    private void Durations(Outcome outcome, long? ttlMax)
    {
        var target = context.Last;
        var negative = target.Newest.Policy.NegativeTtl;
        if (outcome is Outcome.Absent or Outcome.Denied)
        {
            // A denial is kept for ten seconds at the most, whatever its Attest's life and the policy (4.8).
            For("neg_ttl", target, outcome == Outcome.Denied ? Math.Min(negative, Limits.DenyLife) : negative);
        }

        For("record_ttl", target, ttlMax);

        For("target_policy", target, target.Newest.Policy.MaxTtl);
        For("home_policy", context.Home, context.Home.Newest.Policy.MaxTtl);
        foreach (var hop in context.Hops)
        {
            foreach (var attest in hop.Attests)
            {
                For("attest_max", hop, attest.Value.Constraints?.MaxTtl);
            }
        }

        foreach (var hop in context.Hops)
        {
            For("terms", hop, hop.By?.MaxTtl);
        }
    }

    private void Expiries(long? expires)
    {
        var target = context.Last;
        Until("seal", target, target.Seal?.Expires);
        Attests("target_attest", target);
        Attests("home_attest", context.Home);
        Until("record_expires", target, expires);
        Until("epoch", target, target.Newest.Expires);
    }

    private void Introductions()
    {
        foreach (var hop in context.Hops)
        {
            if (hop.Introduces)
            {
                Until("intro", hop, SealStep.IntroducedUntil(context, hop));
                Attests("intro_attest", hop);
                Until("intro_epoch", hop, hop.Newest.Expires);
            }
        }
    }

    private void Attests(string name, HopFacts hop)
    {
        foreach (var attest in hop.Attests)
        {
            Until(name, hop, attest.Value.Expires);
        }
    }

    private void For(string name, HopFacts hop, long? duration)
    {
        if (duration is { } value)
        {
            _parts.Add(new TtlPart(name, context.Now + value, hop.Name.Text));
        }
    }

    private void Until(string name, HopFacts hop, long? moment)
    {
        if (moment is { } value)
        {
            _parts.Add(new TtlPart(name, value - context.Delta, hop.Name.Text));
        }
    }
}
