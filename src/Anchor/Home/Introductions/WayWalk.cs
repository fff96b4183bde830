using Fairlead.Anchor.Serving;
using Fairlead.Naming;
using Fairlead.Naming.Traversal;

namespace Fairlead.Anchor.Home.Introductions;

/// <summary>Walks the whole way to a segment.</summary>
/// <param name="view">The own segment.</param>
/// <param name="target">The segment.</param>
/// <param name="cancellationToken">Ends the walk.</param>
/// <returns>The way, or why it could not be walked now.</returns>
internal delegate Task<(Way? Way, Refusal? Refusal)> WayWalk(
    SegmentView view, SegmentName target, CancellationToken cancellationToken);

/// <summary>Walks a way whose hops are at hand, as after a restart.</summary>
/// <param name="view">The own segment.</param>
/// <param name="target">The segment.</param>
/// <param name="hops">The hops.</param>
/// <param name="cancellationToken">Ends the walk.</param>
/// <returns>The way, or why the hops make none.</returns>
internal delegate Task<(Way? Way, Refusal? Refusal)> WayRepeat(
    SegmentView view, SegmentName target, IEnumerable<UnverifiedHop> hops, CancellationToken cancellationToken);
