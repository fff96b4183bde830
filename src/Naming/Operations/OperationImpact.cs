using System.Collections.Immutable;

namespace Fairlead.Naming.Operations;

/// <summary>
/// The dry run of an operation: what an operator looks at before approving its digest (4.3.4). Immutable, thread-safe.
/// </summary>
/// <param name="Members">The epoch's members that change, by their names in the document; <c>life</c> for the time
/// from issued to expires.</param>
/// <param name="Names">Patterns of names about which a decision or a publisher's right may change.</param>
/// <param name="Withdrawn">Published names that become withdrawn, since their publisher loses its Credential.</param>
/// <param name="Links">Links, Peers and uplinks that come, go or change, each with what happens to it.</param>
/// <param name="Pins">Segments that would stand where consumers have pinned another (V29).</param>
/// <param name="TouchesOthers">
/// Whether answers on paths that this operation does not name must be certified anew (4.7): policy, anchors or quorum
/// change.
/// </param>
public sealed record OperationImpact(
    ImmutableArray<string> Members,
    ImmutableArray<string> Names,
    ImmutableArray<string> Withdrawn,
    ImmutableArray<LinkImpact> Links,
    ImmutableArray<Digest> Pins,
    bool TouchesOthers)
{
    /// <summary>
    /// The segments that the Rules which come, go or change speak of and that this segment's epoch or leaves name,
    /// before or afterwards: each with its full name.
    /// </summary>
    public ImmutableSortedDictionary<Digest, string> Named { get; init; } =
        ImmutableSortedDictionary<Digest, string>.Empty;

    /// <summary>The other segments that those Rules speak of: only an anchor that met them can tell who they
    /// are.</summary>
    public ImmutableArray<Digest> Unnamed { get; init; } = [];
}

/// <summary>What happens to one way to another segment.</summary>
/// <param name="Where">Such as <c>Link us1</c>.</param>
/// <param name="Change">added, removed, repointed, renewed (floor and endpoints only) or changed.</param>
/// <param name="Segment">The segment it names, afterwards where it stays.</param>
public sealed record LinkImpact(string Where, string Change, Digest Segment);
