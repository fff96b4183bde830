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
            if (Read(leaf, publisher) is { } known
                && (!newest.TryGetValue(known.Name, out var other) || known.Version > other.Version))
            {
                newest[known.Name] = known;
            }
        }

        return [.. newest.Values];
    }

    private static KnownLeaf? Read(StateLeaf leaf, Digest publisher) => leaf.Class switch
    {
        LeafClass.Record => Record(leaf.Bytes, publisher),
        LeafClass.Bundle => Leaf<Bundle>(leaf.Bytes, publisher),
        LeafClass.Gateway => Leaf<Gateway>(leaf.Bytes, publisher),
        LeafClass.Set => Leaf<Set>(leaf.Bytes, publisher),
        LeafClass.Withdrawn => Withdrawn(leaf.Bytes),
        _ => null,
    };

    private static KnownLeaf? Record(ReadOnlyMemory<byte> payload, Digest publisher) =>
        Document.TryParse<Record>(payload, out var record, out _)
        && record.Value is { Name.Host: null } value && value.Publisher == publisher
            ? new(value.Name.Text, value.Uid, value.Version, value.Expires, RecordContent.Of(value, []))
            : null;

    // Without a uid: whom it names is its content.
    private static KnownLeaf? Leaf<T>(ReadOnlyMemory<byte> payload, Digest publisher)
        where T : PublishedLeaf, IDocument<T>
    {
        if (!Document.TryParse<T>(payload, out var leaf, out _) || leaf.Value.Publisher != publisher)
        {
            return null;
        }

        var content = new LeafContent<T>(leaf.Value);
        return new(content.Name, default, leaf.Value.Version, leaf.Value.Expires, content);
    }

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
            LeafClass.Set when ServicePart.TryParse(gone.Name, out var name, out _) => Gone(gone, name.Text),
            LeafClass.Bundle or LeafClass.Gateway => Gone(gone, gone.Name),
            _ => null,
        };
    }

    private static KnownLeaf Gone(Withdrawn gone, string name) =>
        new(new EntryKey((LeafClass)gone.OfClass, name).Text, default, gone.Version, gone.Expires, null);
}
