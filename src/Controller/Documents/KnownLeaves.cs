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
        else if (leaf.Class == LeafClass.Bundle
            && Document.TryParse<Bundle>(leaf.Bytes, out var bundle, out _)
            && bundle.Value.Publisher == publisher)
        {
            known = Of(bundle.Value, BundleContent.Of(bundle.Value));
        }
        else if (leaf.Class == LeafClass.Gateway
            && Document.TryParse<Gateway>(leaf.Bytes, out var gateway, out _)
            && gateway.Value.Publisher == publisher)
        {
            known = Of(gateway.Value, GatewayContent.Of(gateway.Value));
        }
        else if (leaf.Class == LeafClass.Set
            && Document.TryParse<Set>(leaf.Bytes, out var set, out _)
            && set.Value.Publisher == publisher)
        {
            known = Of(set.Value, SetContent.Of(set.Value));
        }
        else if (leaf.Class == LeafClass.Withdrawn)
        {
            known = Withdrawn(leaf.Bytes);
        }

        return known is not null;
    }

    // Without a uid: whom it names is its content.
    private static KnownLeaf Of(PublishedLeaf leaf, Content content) =>
        new(content.Name, default, leaf.Version, leaf.Expires, content);

    private static KnownLeaf? Withdrawn(ReadOnlyMemory<byte> payload)
    {
        if (!Document.TryParse<Withdrawn>(payload, out var withdrawn, out _))
        {
            return null;
        }

        var gone = withdrawn.Value;
        return (LeafClass)gone.OfClass switch
        {
            LeafClass.Record when gone.Uid is { } uid && ServicePart.TryParse(gone.Name, out var name, out _) =>
                new(name.Text, uid, gone.Version, gone.Expires, null),
            LeafClass.Set when ServicePart.TryParse(gone.Name, out var name, out _) =>
                new(SetContent.KeyOf(name.Text), default, gone.Version, gone.Expires, null),
            LeafClass.Bundle or LeafClass.Gateway => new(
                new EntryKey((LeafClass)gone.OfClass, gone.Name).Text, default, gone.Version, gone.Expires, null),
            _ => null,
        };
    }
}
