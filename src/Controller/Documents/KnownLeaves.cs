using System.Diagnostics.CodeAnalysis;
using Fairlead.Controller.Anchors;
using Fairlead.Controller.Publishing;
using Fairlead.Naming;

namespace Fairlead.Controller.Documents;

/// <summary>Reads this publisher's leaves out of the anchors' State.</summary>
internal static class KnownLeaves
{
    /// <summary>
    /// The newest leaf per name over what several anchors hold. Of F+1 anchors one is honest, so none is missing; one
    /// that is invented has a version that an honest anchor's clock allows, and costs a higher version only.
    /// </summary>
    public static IReadOnlyList<KnownLeaf> Join(IEnumerable<IReadOnlyList<StateLeaf>> states, Digest publisher)
    {
        var newest = new Dictionary<string, KnownLeaf>(StringComparer.Ordinal);
        foreach (var leaf in states.SelectMany(state => state))
        {
            if (TryRead(leaf, publisher, out var known)
                && (!newest.TryGetValue(known.Name, out var other) || known.Version > other.Version))
            {
                newest[known.Name] = known;
            }
        }

        return [.. newest.Values];
    }

    private static bool TryRead(StateLeaf leaf, Digest publisher, [NotNullWhen(true)] out KnownLeaf? known)
    {
        known = null;
        if (leaf.Class == LeafClass.Record
            && Document.TryParse<Record>(leaf.Bytes, out var record, out _)
            && record.Value.Publisher == publisher
            && record.Value.Name.Host is null)
        {
            var value = record.Value;
            known = new(value.Name.Text, value.Uid, value.Version, value.Expires, RecordContent.Of(value, []));
        }
        else if (leaf.Class == LeafClass.Withdrawn
            && Document.TryParse<Withdrawn>(leaf.Bytes, out var withdrawn, out _)
            && withdrawn.Value is { OfClass: (long)LeafClass.Record, Uid: { } uid } gone
            && ServicePart.TryParse(gone.Name, out var name, out _))
        {
            known = new(name.Text, uid, gone.Version, gone.Expires, null);
        }

        return known is not null || TryReadSet(leaf, publisher, out known);
    }

    // A Set has no uid: whom it names is its content.
    private static bool TryReadSet(StateLeaf leaf, Digest publisher, [NotNullWhen(true)] out KnownLeaf? known)
    {
        known = null;
        if (leaf.Class == LeafClass.Set
            && Document.TryParse<Set>(leaf.Bytes, out var set, out _)
            && set.Value.Publisher == publisher)
        {
            var value = set.Value;
            var content = SetContent.Of(value);
            known = new(content.Name, default, value.Version, value.Expires, content);
        }
        else if (leaf.Class == LeafClass.Withdrawn
            && Document.TryParse<Withdrawn>(leaf.Bytes, out var withdrawn, out _)
            && withdrawn.Value is { OfClass: (long)LeafClass.Set } gone
            && ServicePart.TryParse(gone.Name, out var name, out _))
        {
            known = new(SetContent.KeyOf(name.Text), default, gone.Version, gone.Expires, null);
        }

        return known is not null;
    }
}
