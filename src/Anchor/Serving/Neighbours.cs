using System.Collections.Immutable;
using System.Runtime.CompilerServices;
using Fairlead.Naming;
using Fairlead.Naming.Traversal;

namespace Fairlead.Anchor.Serving;

/// <summary>
/// The segments that this one's Peer and Link leaves name, by identity. Made once for the leaves of an epoch, since a
/// parent may have a thousand children and each question names one. Immutable, thread-safe.
/// </summary>
internal sealed class Neighbours
{
    private static readonly ConditionalWeakTable<ImmutableDictionary<LeafName, ReadOnlyMemory<byte>>, Neighbours> Made =
        [];

    private readonly Dictionary<Digest, Floor> _floors = [];
    private readonly Dictionary<Digest, ImmutableArray<IpEndpoint>> _endpoints = [];

    private Neighbours(ImmutableDictionary<LeafName, ReadOnlyMemory<byte>> leaves)
    {
        foreach (var (name, payload) in leaves)
        {
            if (name.Class == LeafClass.Peer && Document.TryParse<Peer>(payload, out var peer, out _))
            {
                _floors.TryAdd(peer.Value.Genesis, peer.Value.Floor);
                _endpoints.TryAdd(peer.Value.Genesis, peer.Value.Endpoints);
            }
            else if (name.Class == LeafClass.Link && Document.TryParse<Link>(payload, out var link, out _))
            {
                _floors.TryAdd(link.Value.Genesis, link.Value.Floor);
                _endpoints.TryAdd(link.Value.Genesis, link.Value.Endpoints);
            }
        }
    }

    /// <summary>The neighbours that these op-made leaves name.</summary>
    internal static Neighbours Of(ImmutableDictionary<LeafName, ReadOnlyMemory<byte>> leaves) =>
        Made.GetValue(leaves, static all => new Neighbours(all));

    /// <summary>Where each is, by the leaf that names it.</summary>
    internal IReadOnlyDictionary<Digest, ImmutableArray<IpEndpoint>> Endpoints => _endpoints;

    /// <summary>The epoch by which a neighbour is named; null where none of that identity is.</summary>
    internal Floor? FloorOf(Digest genesis) => _floors.TryGetValue(genesis, out var floor) ? floor : null;
}
