using System.Collections.Frozen;

namespace Fairlead.Naming;

/// <summary>
/// V44: an epoch differs from its predecessor only where its operation may (4.4), besides number, prev, segment,
/// issued, expires and op. Asked by anchors before they vote. Stateless, thread-safe.
/// </summary>
public static class OpRules
{
    private static readonly FrozenDictionary<string, Row> Rows = new Dictionary<string, Row>(StringComparer.Ordinal)
    {
        [OpType.Genesis] = new(Part.All, [.. Enum.GetValues<LeafClass>().Where(IsOpMade)]),
        [OpType.Renew] = new(Part.UplinkFloors, [LeafClass.Link, LeafClass.Peer, LeafClass.Tombstone]),
        [OpType.Join] = new(Part.Uplinks | Part.UplinkFloors, [LeafClass.Link]),
        [OpType.Leave] = new(Part.Uplinks, [LeafClass.Link, LeafClass.Tombstone]),
        [OpType.Evict] = new(Part.None, [LeafClass.Link, LeafClass.Tombstone]),
        [OpType.Peer] = new(Part.Peers, [LeafClass.Peer, LeafClass.Scope]),
        [OpType.Unpeer] = new(Part.Peers, [LeafClass.Peer, LeafClass.Scope]),
        [OpType.Rotate] = new(Part.Anchors | Part.Quorum | Part.Recovery, []),
        [OpType.Recover] = new(Part.Anchors | Part.Quorum | Part.Recovery | Part.Effective, []),
        [OpType.Policy] = new(
            Part.Policy | Part.Domains | Part.Salt | Part.MinVerifier, [LeafClass.Rule, LeafClass.Scope]),
        [OpType.Credential] = new(Part.None, [LeafClass.Credential]),
        [OpType.Split] = new(Part.None, [LeafClass.Link, LeafClass.Tombstone]),
        [OpType.Migrate] = new(Part.None, [LeafClass.Redirect]),
    }.ToFrozenDictionary(StringComparer.Ordinal);

    [Flags]
    private enum Part
    {
        None = 0,
        Anchors = 1 << 0,
        Quorum = 1 << 1,
        Recovery = 1 << 2,
        Policy = 1 << 3,
        Domains = 1 << 4,
        Salt = 1 << 5,
        MinVerifier = 1 << 6,
        Peers = 1 << 7,
        Uplinks = 1 << 8,
        UplinkFloors = 1 << 9,
        Effective = 1 << 10,
        Extensions = 1 << 11,
        All = (1 << 12) - 1,
    }

    /// <summary>All questions about one step of a chain: the epoch's members and its leaves (V44), and where these
    /// stand (V49).</summary>
    /// <param name="name">The segment's full name.</param>
    /// <param name="previous">The epoch before; null before the genesis.</param>
    /// <param name="next">The epoch.</param>
    /// <param name="before">The op-made leaves of the epoch before.</param>
    /// <param name="after">Those of the epoch.</param>
    /// <returns><c>OpMismatch</c>, an error of <see cref="StandingRules"/> or <see cref="PlaceRules"/>, or
    /// null.</returns>
    public static Refusal? CheckStep(
        SegmentName name, Epoch? previous, Epoch next, OperationLeaves before, OperationLeaves after) =>
        (previous is null ? null : Check(previous, next))
            ?? CheckLeaves(next, before, after)
            ?? PlaceRules.Check(name, next, before, after);

    /// <summary><c>OpMismatch</c>, <c>LinkRepointed</c>, or null. The leaves are <see
    /// cref="CheckLeaves"/>'s.</summary>
    public static Refusal? Check(Epoch previous, Epoch next)
    {
        ArgumentNullException.ThrowIfNull(previous);
        ArgumentNullException.ThrowIfNull(next);
        if (!Rows.TryGetValue(next.Op.Type, out var row) || next.Op.Type == OpType.Genesis)
        {
            return Bad($"{next.Op.Type} is no operation that follows an epoch");
        }

        var changed = Changed(previous, next);
        if ((changed & ~row.Parts) is not Part.None and var forbidden)
        {
            return Bad($"{next.Op.Type} may not change {forbidden}");
        }

        return next.Op.Type == OpType.Rotate ? CheckRotate(previous, next) : StandingRules.Check(previous, next);
    }

    /// <summary>Whether the leaves that an epoch's manifest wrote and removed are its operation's to change.</summary>
    /// <param name="epoch">The epoch.</param>
    /// <param name="before">The op-made leaves of the epoch before.</param>
    /// <param name="after">Those of this epoch, by <see cref="OperationLeaves.Apply"/>.</param>
    /// <returns><c>OpMismatch</c>, an error of <see cref="StandingRules"/>, or null.</returns>
    public static Refusal? CheckLeaves(Epoch epoch, OperationLeaves before, OperationLeaves after)
    {
        ArgumentNullException.ThrowIfNull(epoch);
        ArgumentNullException.ThrowIfNull(before);
        ArgumentNullException.ThrowIfNull(after);
        foreach (var key in before.Leaves.Keys.Union(after.Leaves.Keys))
        {
            var (old, now) = (before.Leaves.GetValueOrDefault(key), after.Leaves.GetValueOrDefault(key));
            if (old?.Commitment == now?.Commitment)
            {
                continue;
            }

            if (!MayChange(epoch, key.Class, old?.Document, now?.Document))
            {
                return Bad($"{epoch.Op.Type} may not change {key.Class} {key.Name} so");
            }

            if (StandingRules.Check(epoch, old?.Document, now?.Document, after) is { } refusal)
            {
                return refusal.At($"{key.Class} {key.Name}");
            }
        }

        return null;
    }

    private static bool MayChange(Epoch epoch, LeafClass leafClass, LeafDocument? old, LeafDocument? now) =>
        Rows.TryGetValue(epoch.Op.Type, out var row)
        && row.Classes.Contains(leafClass)
        && (epoch.Op.Type != OpType.Renew || IsRenewal(epoch, old, now));

    /// <summary>Renew refreshes floors and endpoints and drops Tombstones past their time, nothing else.</summary>
    private static bool IsRenewal(Epoch epoch, LeafDocument? old, LeafDocument? now) => (old, now) switch
    {
        (Tombstone held, null) => held.Until <= epoch.Issued,
        (Link one, Link two) => Same(
            one, two with { Floor = one.Floor, Endpoints = one.Endpoints, Made = one.Made, Opening = one.Opening }),
        (Peer one, Peer two) => Same(
            one, two with { Floor = one.Floor, Endpoints = one.Endpoints, Made = one.Made, Opening = one.Opening }),
        _ => false,
    };

    private static bool Same(Document left, Document right) => left.Encode().AsSpan().SequenceEqual(right.Encode());

    private static Part Changed(Epoch previous, Epoch next) =>
        If(EpochDifference.ChangesAnchors(previous, next), Part.Anchors)
        | If(EpochDifference.ChangesQuorum(previous, next), Part.Quorum)
        | If(EpochDifference.ChangesRecovery(previous, next), Part.Recovery)
        | If(EpochDifference.ChangesPolicy(previous, next), Part.Policy)
        | If(EpochDifference.ChangesDomains(previous, next), Part.Domains)
        | If(previous.Salt != next.Salt, Part.Salt)
        | If(previous.MinVerifier != next.MinVerifier, Part.MinVerifier)
        | If(EpochDifference.ChangesPeers(previous, next), Part.Peers)
        | If(
            EpochDifference.ChangesUplinks(previous, next),
            OnlyFloors(previous, next) ? Part.UplinkFloors : Part.Uplinks)
        | If(next.Effective is not null, Part.Effective)
        | If(EpochDifference.ChangesExtensions(previous, next), Part.Extensions);

    /// <summary>At most F members change, unless the reason is a compromise.</summary>
    private static Refusal? CheckRotate(Epoch previous, Epoch next)
    {
        var before = previous.Anchors.ToDictionary(anchor => anchor.Id, Keys, StringComparer.Ordinal);
        var changed = next.Anchors.Count(anchor => before.GetValueOrDefault(anchor.Id) != Keys(anchor));
        var gone = previous.Anchors.Count(anchor => next.Anchors.All(other => other.Id != anchor.Id));
        return Math.Max(changed, gone) > previous.Quorum.F && next.Op.Reason != "compromise"
            ? Bad($"rotate replaces {Math.Max(changed, gone)} anchors, at most F = {previous.Quorum.F}")
            : null;
    }

    private static (Digest Gov, Digest Seal, Digest Tls) Keys(EpochAnchor anchor) =>
        (anchor.Gov.Kid, anchor.Seal.Kid, anchor.Tls.Kid);

    private static bool OnlyFloors(Epoch previous, Epoch next) =>
        previous.Uplinks.Select(uplink => (uplink.Label, uplink.Parent))
            .SequenceEqual(next.Uplinks.Select(uplink => (uplink.Label, uplink.Parent)));

    private static bool IsOpMade(LeafClass leafClass) => leafClass is LeafClass.Link or LeafClass.Peer or LeafClass.Rule
        or LeafClass.Credential or LeafClass.Tombstone or LeafClass.Redirect or LeafClass.Scope;

    private static Part If(bool condition, Part part) => condition ? part : Part.None;

    private static Refusal Bad(string detail) => new(VerificationFailure.OpMismatch, "epoch.op", detail);

    private sealed record Row(Part Parts, LeafClass[] Classes);
}
