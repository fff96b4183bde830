using System.Collections.Immutable;
using System.Runtime.CompilerServices;
using Fairlead.Naming;
using Fairlead.Naming.Traversal;

namespace Fairlead.Anchor.Serving;

/// <summary>
/// Which segment each trust domain is that this segment's Scopes give away (V54). Made once for the leaves of an epoch.
/// Stateless, thread-safe.
/// </summary>
internal static class ScopedDomains
{
    private static readonly
        ConditionalWeakTable<ImmutableDictionary<LeafName, ReadOnlyMemory<byte>>, Dictionary<string, Digest>> Made = [];

    /// <summary>What these op-made leaves give to whom.</summary>
    internal static IReadOnlyDictionary<string, Digest> Of(
        ImmutableDictionary<LeafName, ReadOnlyMemory<byte>> leaves) => Made.GetValue(leaves, Read);

    private static Dictionary<string, Digest> Read(ImmutableDictionary<LeafName, ReadOnlyMemory<byte>> leaves)
    {
        var given = new Dictionary<string, Digest>(StringComparer.Ordinal);
        foreach (var (_, payload) in leaves.Where(leaf => leaf.Key.Class == LeafClass.Scope))
        {
            foreach (var domain in Document.TryParse<Scope>(payload, out var scope, out _) ? scope.Value.Domains : [])
            {
                given.TryAdd(domain, scope!.Value.Segment);
            }
        }

        return given;
    }
}
