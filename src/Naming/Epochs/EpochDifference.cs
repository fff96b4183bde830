namespace Fairlead.Naming;

/// <summary>What two epochs have in common, by the bytes of their parts. Stateless, thread-safe.</summary>
internal static class EpochDifference
{
    internal static bool ChangesGovernment(Epoch previous, Epoch next) =>
        ChangesAnchors(previous, next)
        || ChangesQuorum(previous, next)
        || ChangesRecovery(previous, next);

    internal static bool ChangesAnchors(Epoch previous, Epoch next) => Differ(previous, next, static (writer, epoch) =>
        writer.Objects("anchors", epoch.Anchors, static (inner, anchor) => anchor.WriteMembers(inner)));

    internal static bool ChangesQuorum(Epoch previous, Epoch next) => Differ(previous, next, static (writer, epoch) =>
        writer.Object("quorum", epoch.Quorum, static (inner, quorum) => quorum.WriteMembers(inner)));

    internal static bool ChangesRecovery(Epoch previous, Epoch next) => Differ(previous, next, static (writer, epoch) =>
        writer.Object("recovery", epoch.Recovery, static (inner, recovery) => recovery.WriteMembers(inner)));

    internal static bool ChangesPolicy(Epoch previous, Epoch next) => Differ(previous, next, static (writer, epoch) =>
        writer.Object("policy", epoch.Policy, static (inner, policy) => policy.WriteMembers(inner)));

    internal static bool ChangesUplinks(Epoch previous, Epoch next) => Differ(previous, next, static (writer, epoch) =>
        writer.Objects("uplinks", epoch.Uplinks, static (inner, uplink) => uplink.WriteMembers(inner)));

    internal static bool ChangesPeers(Epoch previous, Epoch next) => !previous.Peers.SequenceEqual(next.Peers);

    internal static bool ChangesDomains(Epoch previous, Epoch next) => !previous.Domains.SequenceEqual(next.Domains);

    /// <summary>Whether an epoch may have changed Scopes of segments that it does not name itself (4.4).</summary>
    internal static bool MayChangeScopes(Epoch previous, Epoch next) =>
        next.Op.Type == OpType.Policy
        || (next.Op.Type is OpType.Peer or OpType.Unpeer && !ChangesPeers(previous, next));

    internal static bool ChangesExtensions(Epoch previous, Epoch next) =>
        !previous.Crit.SequenceEqual(next.Crit) || !previous.Ext.SequenceEqual(next.Ext);

    // An absent part leaves the object empty, which a document may not be: the marker keeps it writable.
    private static bool Differ(Epoch previous, Epoch next, Action<CanonicalWriter, Epoch> part) =>
        !Bytes(previous, part).AsSpan().SequenceEqual(Bytes(next, part));

    private static byte[] Bytes(Epoch epoch, Action<CanonicalWriter, Epoch> part) =>
        CanonicalWriter.Encode((epoch, part), static (writer, both) =>
        {
            writer.Member("a", 0L);
            both.part(writer, both.epoch);
        });
}
