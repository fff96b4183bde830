using System.Runtime.CompilerServices;

namespace Fairlead.Naming;

/// <summary>The keys of one epoch by kid and role. Immutable, thread-safe.</summary>
public sealed class EpochKeys
{
    // Every certificate of an epoch is checked against the same keys; they are gathered once.
    private static readonly ConditionalWeakTable<Epoch, EpochKeys> Gathered = [];

    private readonly Dictionary<Digest, (PublicKey Key, KeyRole Role, EpochAnchor? Anchor)> _byKid;

    /// <summary>Gathers the keys; where one stands twice (which V11 refuses) its first role counts.</summary>
    public EpochKeys(Epoch epoch)
    {
        ArgumentNullException.ThrowIfNull(epoch);
        var all = new Dictionary<Digest, (PublicKey, KeyRole, EpochAnchor?)>();
        foreach (var (key, role, anchor) in Of(epoch))
        {
            all.TryAdd(key.Kid, (key, role, anchor));
        }

        _byKid = all;
    }

    /// <summary>The keys of an epoch, gathered at the first call for this object.</summary>
    public static EpochKeys For(Epoch epoch)
    {
        ArgumentNullException.ThrowIfNull(epoch);
        return Gathered.GetValue(epoch, static one => new EpochKeys(one));
    }

    /// <summary>All keys of an epoch with their roles, in the epoch's order; recovery keys last.</summary>
    public static IEnumerable<(PublicKey Key, KeyRole Role, EpochAnchor? Anchor)> Of(Epoch epoch)
    {
        ArgumentNullException.ThrowIfNull(epoch);
        foreach (var anchor in epoch.Anchors)
        {
            yield return (anchor.Gov, KeyRole.Gov, anchor);
            yield return (anchor.Seal, KeyRole.Seal, anchor);
            yield return (anchor.Tls, KeyRole.Tls, anchor);
        }

        foreach (var key in epoch.Recovery?.Keys ?? [])
        {
            yield return (key, KeyRole.Recovery, null);
        }
    }

    /// <summary>The key with this kid, its role and its anchor; false where the epoch has none.</summary>
    public bool TryFind(Digest kid, out PublicKey key, out KeyRole role, out EpochAnchor? anchor)
    {
        var found = _byKid.TryGetValue(kid, out var entry);
        (key, role, anchor) = entry;
        return found;
    }
}
