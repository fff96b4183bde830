using System.Collections.Immutable;
using Fairlead.Naming.Names;
using static Fairlead.Naming.VerificationFailure;

namespace Fairlead.Naming.Traversal;

/// <summary>
/// V54 and V55: every identity and every bundle of an answer is of a trust domain that the target declares, and that
/// the home lets it speak for. A domain that the home calls its own is nobody else's.
/// </summary>
internal static class IdentityStep
{
    internal static Refusal? Check(VerificationContext context, Record record, ImmutableArray<Parsed<Slice>> slices)
    {
        var rules = DomainRules.Of(context);
        foreach (var identity in record.Identities)
        {
            if (OfIdentity(context, rules, identity) is { } detail)
            {
                return new Refusal(IdentityOutOfScope, "record.identities", detail);
            }
        }

        return Endpoints(context, rules, slices) ?? Leaves(context, rules);
    }

    private static Refusal? Endpoints(
        VerificationContext context, DomainRules rules, ImmutableArray<Parsed<Slice>> slices)
    {
        for (var i = 0; i < slices.Length; i++)
        {
            foreach (var endpoint in slices[i].Value.Endpoints)
            {
                if (endpoint.Identity is { } identity && OfIdentity(context, rules, identity) is { } detail)
                {
                    return new Refusal(IdentityOutOfScope, $"slices[{i}]", $"{endpoint.Address}: {detail}");
                }
            }
        }

        return null;
    }

    private static Refusal? Leaves(VerificationContext context, DomainRules rules)
    {
        foreach (var gateway in context.Last.All<Gateway>())
        {
            foreach (var identity in gateway.Identities)
            {
                if (OfIdentity(context, rules, identity) is { } detail)
                {
                    return new Refusal(IdentityOutOfScope, $"Gateway {gateway.Network}", detail);
                }
            }
        }

        foreach (var bundle in context.Last.All<Bundle>())
        {
            if (OfDomain(context, rules, bundle.Domain) is { } detail)
            {
                return new Refusal(IdentityOutOfScope, $"Bundle {bundle.Domain}", detail);
            }
        }

        return null;
    }

    private static string? OfIdentity(VerificationContext context, DomainRules rules, string identity)
    {
        if (SpiffeId.TrustDomainOf(identity) is not { } domain)
        {
            return $"{identity} is no SPIFFE id of a workload";
        }

        return OfDomain(context, rules, domain) is { } detail ? $"{identity}: {detail}" : null;
    }

    // Thousands of endpoints name one domain: what was admitted is not asked again.
    private static string? OfDomain(VerificationContext context, DomainRules rules, string domain)
    {
        if (context.Domains.Contains(domain))
        {
            return null;
        }

        var detail = rules.Refuse(domain);
        if (detail is null)
        {
            context.Domains.Add(domain);
        }

        return detail;
    }
}
