using Fairlead.Controller.Anchors;
using Fairlead.Controller.Publishing;
using Fairlead.Naming;

namespace Fairlead.Controller.Documents;

/// <summary>Reads this publisher's leaves out of the anchors' State.</summary>
internal static class KnownLeaves
{
    /// <summary>
    /// The newest leaf per name over what several anchors hold. Of F+1 anchors one is honest, so none is missing. One
    /// that is invented may have any uid, version and end, and takes the place of a true one below it; it is disputed,
    /// as the honest anchor does not say the same, and so may be a true one that not all of them hold yet. With sources
    /// only what this publisher signed counts, with the slices that it names, and nothing is claimed or disputed.
    /// </summary>
    public static IReadOnlyList<KnownLeaf> Join(
        IReadOnlyCollection<IReadOnlyList<StateLeaf>> states, PublicKey publisher, bool withSources)
    {
        var newest = new Dictionary<string, (KnownLeaf Leaf, int Anchors)>(StringComparer.Ordinal);
        foreach (var leaf in states.SelectMany(state => Newest(state, publisher, withSources).Values))
        {
            if (!newest.TryGetValue(leaf.Name, out var other) || leaf.Version >= other.Leaf.Version)
            {
                var isSame = other.Leaf is { } before && IsSame(leaf, before);
                newest[leaf.Name] = (leaf, isSame ? other.Anchors + 1 : 1);
            }
        }

        return [.. newest.Values.Select(
            known => known.Leaf with { IsDisputed = known.Leaf.IsClaimed && known.Anchors < states.Count })];
    }

    /// <summary>When the publisher's Credential ends as one anchor shows it, unix ms; null where it shows none, as
    /// older anchors do.</summary>
    public static long? CredentialEnd(IReadOnlyList<StateLeaf> state, PublicKey publisher) =>
        state.Select(leaf => End(leaf, publisher)).Max();

    /// <summary>The latest end that F+1 anchors do not put earlier, where 2F+1 were heard: F that lie can neither put
    /// it off nor bring it forward. Where fewer were heard it is the latest: to sign beyond it is refused, and not to
    /// sign at all would end names.</summary>
    /// <param name="ends">What each anchor that was heard shows; null for no end.</param>
    /// <param name="copies">F+1.</param>
    /// <returns>Unix ms; null where so many show none, or fewer were heard.</returns>
    public static long? CredentialEnd(IEnumerable<long?> ends, int copies)
    {
        var latest = ends.Select(end => end ?? long.MaxValue).OrderDescending().ToList();
        var agreed = latest.Count < copies ? long.MaxValue : latest[latest.Count < (2 * copies) - 1 ? 0 : copies - 1];
        return agreed == long.MaxValue ? null : agreed;
    }

    private static long? End(StateLeaf leaf, PublicKey publisher) =>
        leaf.Class == LeafClass.Credential && Document.TryParse<Credential>(leaf.Bytes, out var credential, out _)
        && credential.Value.Key == publisher
            ? credential.Value.Expires
            : null;

    // One anchor may say the same many times.
    private static Dictionary<string, KnownLeaf> Newest(
        IReadOnlyList<StateLeaf> state, PublicKey publisher, bool withSources)
    {
        var newest = new Dictionary<string, KnownLeaf>(StringComparer.Ordinal);
        foreach (var leaf in state)
        {
            if ((withSources ? Signed(leaf, publisher) : Read(leaf.Class, leaf.Bytes, publisher.Kid)) is { } known
                && (!newest.TryGetValue(known.Name, out var other) || known.Version > other.Version))
            {
                newest[known.Name] = known;
            }
        }

        return newest;
    }

    private static bool IsSame(KnownLeaf left, KnownLeaf right) =>
        (left.Uid, left.Version, left.Expires, left.Content?.Fingerprint)
            == (right.Uid, right.Version, right.Expires, right.Content?.Fingerprint);

    private static KnownLeaf? Signed(StateLeaf leaf, PublicKey publisher)
    {
        if (leaf.Source is not { Signatures: [var signature] } source || signature.Kid != publisher.Kid)
        {
            return null;
        }

        var (known, digest) = leaf.Class == LeafClass.Withdrawn
            ? (Withdraw(source.Payload, publisher.Kid), Naming.Withdraw.Type.DigestOf(source.Payload.Span))
            : (Read(leaf.Class, source.Payload, publisher.Kid), DigestOf(leaf.Class, source.Payload.Span));
        if (known is null || publisher.Verify(digest, signature.Value.Span) is not null)
        {
            return null;
        }

        if (known.Content is not RecordContent record)
        {
            return known with { IsClaimed = false };
        }

        return record.Template.Slices.Select(slice => slice.Digest)
            .SequenceEqual(leaf.Slices.Select(slice => Slice.Type.DigestOf(slice.Span)))
                ? known with { Content = RecordContent.Of(record.Template, leaf.Slices), IsClaimed = false }
                : null;
    }

    private static Digest DigestOf(LeafClass kind, ReadOnlySpan<byte> payload) => kind switch
    {
        LeafClass.Bundle => Bundle.Type.DigestOf(payload),
        LeafClass.Gateway => Gateway.Type.DigestOf(payload),
        LeafClass.Set => Set.Type.DigestOf(payload),
        _ => Naming.Record.Type.DigestOf(payload),
    };

    private static KnownLeaf? Read(LeafClass kind, ReadOnlyMemory<byte> payload, Digest publisher) => kind switch
    {
        LeafClass.Record => Record(payload, publisher),
        LeafClass.Bundle => Leaf<Bundle>(payload, publisher),
        LeafClass.Gateway => Leaf<Gateway>(payload, publisher),
        LeafClass.Set => Leaf<Set>(payload, publisher),
        LeafClass.Withdrawn => Withdrawn(payload),
        _ => null,
    };

    private static KnownLeaf? Record(ReadOnlyMemory<byte> payload, Digest publisher) =>
        Document.TryParse<Record>(payload, out var record, out _)
        && record.Value is { Name.Host: null } value && value.Publisher == publisher
            ? Claimed(value.Name.Text, value.Uid, value.Version, value.Expires, RecordContent.Of(value, []))
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
        return Claimed(content.Name, default, leaf.Value.Version, leaf.Value.Expires, content);
    }

    private static KnownLeaf? Withdrawn(ReadOnlyMemory<byte> payload) =>
        Document.TryParse<Withdrawn>(payload, out var gone, out _)
            ? Gone(gone.Value.OfClass, gone.Value.Name, gone.Value.Uid, gone.Value.Version, gone.Value.Expires)
            : null;

    private static KnownLeaf? Withdraw(ReadOnlyMemory<byte> payload, Digest publisher) =>
        Document.TryParse<Withdraw>(payload, out var gone, out _) && gone.Value.Publisher == publisher
            ? Gone(gone.Value.Class, gone.Value.Name, gone.Value.Uid, gone.Value.Version, gone.Value.Expires)
            : null;

    private static KnownLeaf? Gone(long kind, string name, Hex16? uid, long version, long expires) =>
        (LeafClass)kind switch
        {
            LeafClass.Record when uid is { } own && ServicePart.TryParse(name, out var part, out _) =>
                Claimed(part.Text, own, version, expires, null),
            LeafClass.Set when ServicePart.TryParse(name, out var part, out _) =>
                Claimed(new EntryKey(LeafClass.Set, part.Text).Text, default, version, expires, null),
            LeafClass.Bundle or LeafClass.Gateway =>
                Claimed(new EntryKey((LeafClass)kind, name).Text, default, version, expires, null),
            _ => null,
        };

    private static KnownLeaf Claimed(string name, Hex16 uid, long version, long expires, Content? content) =>
        new(name, uid, version, expires, content) { IsClaimed = true };
}
