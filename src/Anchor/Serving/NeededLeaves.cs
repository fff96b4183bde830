using System.Collections.Immutable;
using Fairlead.Naming;
using Fairlead.Naming.Names;

namespace Fairlead.Anchor.Serving;

/// <summary>
/// The Gateway and Bundle leaves that a record needs (4.1 "Reach"): those of the networks its endpoints are in, and of
/// the trust domains its identities are of. Pure.
/// </summary>
internal static class NeededLeaves
{
    /// <summary>The most gateways shown with one record: an answer stays small whatever a publisher writes.</summary>
    internal const int GatewaysMax = 32;

    /// <summary>Proves them; what is not there is proven absent, so that a subscriber hears when it comes.</summary>
    /// <param name="view">The own segment.</param>
    /// <param name="builder">Takes the names.</param>
    /// <param name="record">The record that is shown.</param>
    /// <param name="slices">Its slices that are shown.</param>
    /// <param name="now">Unix milliseconds: what is over would spoil the answer, and is left out.</param>
    internal static void Prove(
        SegmentView view,
        HopBuilder builder,
        Record record,
        ImmutableArray<ReadOnlyMemory<byte>> slices,
        long now)
    {
        var networks = new SortedSet<string>(StringComparer.Ordinal);
        var domains = new SortedSet<string>(StringComparer.Ordinal);
        Identities(domains, record.Identities);
        foreach (var payload in slices)
        {
            if (!Document.TryParse<Slice>(payload, out var slice, out _))
            {
                continue;
            }

            foreach (var endpoint in slice.Value.Endpoints)
            {
                if (endpoint.Network is { } network)
                {
                    networks.Add(network);
                }

                if (endpoint.Identity is { } identity)
                {
                    Identities(domains, [identity]);
                }
            }
        }

        var limit = now + view.Epoch.Value.Policy.ClockDelta;
        foreach (var network in networks.Take(GatewaysMax))
        {
            var gateway = view.Find<Gateway>(LeafClass.Gateway, network)?.Value;
            if (gateway is null || gateway.Expires > limit)
            {
                builder.Prove(LeafClass.Gateway, network);
                Identities(domains, gateway?.Identities ?? []);
            }
        }

        // Of others the segment must not speak, and no verifier would let it (V54).
        foreach (var domain in domains.Intersect(view.Epoch.Value.Domains))
        {
            if (view.Find<Bundle>(LeafClass.Bundle, domain)?.Value is not { } bundle || bundle.Expires > limit)
            {
                builder.Prove(LeafClass.Bundle, domain);
            }
        }
    }

    private static void Identities(SortedSet<string> domains, ImmutableArray<string> identities)
    {
        foreach (var identity in identities)
        {
            if (SpiffeId.TrustDomainOf(identity) is { } domain)
            {
                domains.Add(domain);
            }
        }
    }
}
