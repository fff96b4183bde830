using System.Collections.Immutable;

namespace Fairlead.Xds;

/// <summary>One connected client, for operators. Immutable.</summary>
/// <param name="Id">The stream's number, in the order of their coming.</param>
/// <param name="Peer">Where it comes from, as the transport says.</param>
/// <param name="Service">The service and its variant: <c>ads</c>, <c>ads delta</c>, <c>eds delta</c>.</param>
/// <param name="Node">Who it says it is.</param>
/// <param name="ConnectedAt">When its first request came.</param>
/// <param name="Types">The types that it asked for.</param>
public sealed record StreamStatus(
    long Id,
    string Peer,
    string Service,
    ClientNode Node,
    DateTimeOffset ConnectedAt,
    ImmutableArray<TypeStatus> Types);
