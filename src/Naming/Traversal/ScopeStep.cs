using System.Collections.Immutable;
using System.Net;
using static Fairlead.Naming.VerificationFailure;

namespace Fairlead.Naming.Traversal;

/// <summary>
/// V53: the addresses of a foreign segment are those that the home admits. The home's own tree says so: its hop proves
/// the Scopes of the home and of the target present or absent.
/// </summary>
internal static class ScopeStep
{
    internal static Refusal? Check(VerificationContext context, ImmutableArray<Parsed<Slice>> slices)
    {
        var target = context.Last;
        if (target.Genesis == context.State.Home.Genesis)
        {
            return null;
        }

        if (Networks(context, context.State.Home.Genesis, out var own) is { } home)
        {
            return home;
        }

        if (Networks(context, target.Genesis, out var admitted) is { } foreign)
        {
            return foreign;
        }

        var scope = context.Home.Included<Scope>(LeafClass.Scope, target.Genesis.ToString());
        var rule = new AddressRules(
            admitted,
            own ?? [],
            context.Home.Newest.Policy.RequireScope == 1,
            context.Options.UnsafeAllowLoopbackEndpoints);
        for (var i = 0; i < slices.Length; i++)
        {
            foreach (var endpoint in slices[i].Value.Endpoints)
            {
                if (Endpoint(target, scope, rule, endpoint) is { } detail)
                {
                    return new Refusal(AddressOutOfScope, $"slices[{i}]", detail);
                }
            }
        }

        return null;
    }

    /// <summary>
    /// The networks of the target that the home reaches without a gateway (4.1); null where none is out of reach,
    /// because the target is the home itself.
    /// </summary>
    internal static ImmutableArray<string>? Reached(VerificationContext context) =>
        context.Last.Genesis == context.State.Home.Genesis
            ? null
            : context.Home.Included<Scope>(LeafClass.Scope, context.Last.Genesis.ToString())?.Networks ?? [];

    // Behind a network that the home does not reach, the gateway's addresses are the ones that traffic goes to.
    private static string? Endpoint(HopFacts target, Scope? scope, AddressRules rule, SliceEndpoint endpoint)
    {
        if (endpoint.Network is not { } network || (scope?.Networks.Contains(network) ?? false))
        {
            return rule.Refuse(IpAddress.Parse(endpoint.Address));
        }

        if (target.Included<Gateway>(LeafClass.Gateway, network) is not { } gateway)
        {
            return $"network {network} is not in the Scope and has no gateway";
        }

        foreach (var address in gateway.Addresses)
        {
            if (rule.Refuse(address.Address) is { } detail)
            {
                return $"gateway of {network}: {detail}";
            }
        }

        return null;
    }

    private static Refusal? Networks(
        VerificationContext context, Digest segment, out ImmutableArray<IPNetwork>? networks)
    {
        var name = segment.ToString();
        networks = null;
        if (context.Home.Included<Scope>(LeafClass.Scope, name) is { } scope)
        {
            networks = [.. scope.Cidrs.Select(IpNetworks.Parse)];
            return null;
        }

        return context.Home.IsAbsent(LeafClass.Scope, name)
            ? null
            : new Refusal(AddressOutOfScope, "hops[0]", $"the Scope of {name} is neither proven present nor absent");
    }
}
