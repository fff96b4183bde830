using System.Collections.Immutable;
using System.Runtime.CompilerServices;
using Fairlead.Naming;
using Fairlead.Naming.Traversal;

namespace Fairlead.Anchor.Serving;

/// <summary>The trust domains that this segment's Scopes give to others (V54), made once for the leaves of an epoch.
/// Stateless, thread-safe.</summary>
internal static class AssignedDomains
{
    private static readonly ConditionalWeakTable<
        ImmutableDictionary<LeafName, ReadOnlyMemory<byte>>, Dictionary<string, Digest>> Made = [];

    /// <summary>To whom each is given; of two Scopes that name one domain the first by genesis counts.</summary>
    internal static IReadOnlyDictionary<string, Digest> Of(
        ImmutableDictionary<LeafName, ReadOnlyMemory<byte>> leaves) => Made.GetValue(leaves, static all => Make(all));

    private static Dictionary<string, Digest> Make(ImmutableDictionary<LeafName, ReadOnlyMemory<byte>> leaves)
    {
        var domains = new Dictionary<string, Digest>(StringComparer.Ordinal);
        foreach (var (name, payload) in leaves.Where(leaf => leaf.Key.Class == LeafClass.Scope)
            .OrderBy(leaf => leaf.Key.Name, StringComparer.Ordinal))
        {
            foreach (var domain in Document.TryParse<Scope>(payload, out var scope, out _) ? scope.Value.Domains : [])
            {
                domains.TryAdd(domain, scope!.Value.Segment);
            }
        }

        return domains;
    }
}
