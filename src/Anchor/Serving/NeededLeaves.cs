using System.Runtime.CompilerServices;
using Fairlead.Governance;
using Fairlead.Naming;
using Fairlead.Naming.Names;

namespace Fairlead.Anchor.Serving;

/// <summary>
/// The Gateway and Bundle leaves that a record needs (4.1 "Reach"): those of the networks its endpoints are in, and of
/// the trust domains its identities are of. Pure.
/// </summary>
internal static class NeededLeaves
{
    // The same for every asker and every push, until the entry is another one: slices are long.
    private static readonly ConditionalWeakTable<Entry, IReadOnlyList<Needs>> Read = [];

    /// <summary>Proves them; what is not there is proven absent, so that a subscriber hears when it comes.</summary>
    /// <param name="view">The own segment.</param>
    /// <param name="builder">Takes the names.</param>
    /// <param name="record">The record that is shown.</param>
    /// <param name="entry">The record's entry.</param>
    /// <param name="shown">Which of its slices are shown.</param>
    /// <param name="now">Unix milliseconds: what is over would spoil the answer, and is left out.</param>
    /// <returns>When the first of them that are there ends, in unix milliseconds.</returns>
    internal static long Prove(
        SegmentView view, HopBuilder builder, Record record, Entry entry, IReadOnlyList<int> shown, long now)
    {
        var networks = new SortedSet<string>(StringComparer.Ordinal);
        var domains = new SortedSet<string>(StringComparer.Ordinal);
        Identities(domains, record.Identities);
        var needs = Read.GetValue(entry, static one => [.. one.Source.Slices.Select(Needs.Of)]);
        foreach (var slice in shown)
        {
            networks.UnionWith(needs[slice].Networks);
            domains.UnionWith(needs[slice].Domains);
        }

        var limit = now + view.Epoch.Value.Policy.ClockDelta;
        var end = long.MaxValue;
        foreach (var network in networks.Take(Limits.RecordNetworks))
        {
            var gateway = view.Find<Gateway>(LeafClass.Gateway, network)?.Value;
            if (gateway is null || gateway.Expires > limit)
            {
                builder.Prove(LeafClass.Gateway, network);
                end = Math.Min(end, gateway?.Expires ?? long.MaxValue);
                Identities(domains, gateway?.Identities ?? []);
            }
        }

        // Of others the segment must not speak, and no verifier would let it (V54).
        foreach (var domain in domains.Intersect(view.Epoch.Value.Domains))
        {
            var bundle = view.Find<Bundle>(LeafClass.Bundle, domain)?.Value;
            if (bundle is null || bundle.Expires > limit)
            {
                builder.Prove(LeafClass.Bundle, domain);
                end = Math.Min(end, bundle?.Expires ?? long.MaxValue);
            }
        }

        return end;
    }

    private static void Identities(SortedSet<string> domains, IEnumerable<string> identities) =>
        domains.UnionWith(identities.Select(SpiffeId.TrustDomainOf).OfType<string>());

    private sealed record Needs(IReadOnlyCollection<string> Networks, IReadOnlyCollection<string> Domains)
    {
        internal static Needs Of(ReadOnlyMemory<byte> payload)
        {
            var networks = new SortedSet<string>(StringComparer.Ordinal);
            var domains = new SortedSet<string>(StringComparer.Ordinal);
            if (Document.TryParse<Slice>(payload, out var slice, out _))
            {
                networks.UnionWith(slice.Value.Endpoints.Select(endpoint => endpoint.Network).OfType<string>());
                Identities(domains, slice.Value.Endpoints.Select(endpoint => endpoint.Identity).OfType<string>());
            }

            return new Needs(networks, domains);
        }
    }
}
