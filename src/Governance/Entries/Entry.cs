using Fairlead.Naming;

namespace Fairlead.Governance;

/// <summary>
/// A checked entry of a segment's state: what a publisher last said about one name, and the leaf it stands for in the
/// tree. Entries of one name are ordered by (version, rank, digest). Immutable, thread-safe.
/// </summary>
public sealed class Entry
{
    internal Entry()
    {
    }

    /// <summary>What it is about.</summary>
    public required EntryName Name { get; init; }

    /// <summary>The document as published.</summary>
    public required SignedEntry Source { get; init; }

    /// <summary>The digest of the published document.</summary>
    public required Digest Digest { get; init; }

    /// <summary>The publisher's version of this name.</summary>
    public required long Version { get; init; }

    /// <summary>0 for a document, 1 for its withdrawal.</summary>
    public required int Rank { get; init; }

    /// <summary>Unix milliseconds at which it stops holding.</summary>
    public required long Expires { get; init; }

    /// <summary>The latest end that policy and Credential allow by themselves, in unix milliseconds; 0 without a
    /// Credential.</summary>
    internal long EndsAtMost { get; init; }

    /// <summary>Unix milliseconds at which it was issued.</summary>
    public required long Issued { get; init; }

    /// <summary>The kid of the publisher's key.</summary>
    public required Digest Publisher { get; init; }

    /// <summary>The record's uid; null for the classes without one.</summary>
    public required Hex16? Uid { get; init; }

    /// <summary>The class of the leaf: the document's own, or that of a withdrawn leaf.</summary>
    public required LeafClass LeafClass { get; init; }

    /// <summary>The name hashed for the leaf.</summary>
    public required string LeafName { get; init; }

    /// <summary>The leaf's document: the published payload, or the withdrawn leaf derived from it.</summary>
    public required ReadOnlyMemory<byte> Leaf { get; init; }

    /// <summary>The leaf's place in the tree.</summary>
    public required Digest Key { get; init; }

    /// <summary>The digest of the leaf's document.</summary>
    public required Digest Commitment { get; init; }

    /// <summary>The Witness; null for what publishers say. It stands in the tree beside the order of states: nothing is
    /// lost where a later state lacks it.</summary>
    public Witness? Witness { get; init; }

    /// <summary>The certified seal that a Witness names; null for what publishers say.</summary>
    public Envelope? WitnessedSeal => IsWitness ? WitnessReader.Certificate(Source) : null;

    /// <summary>Whether it is a Witness.</summary>
    public bool IsWitness => Witness is not null;

    /// <summary>Its published bytes: the document and the slices.</summary>
    public int Bytes => Source.Document.Payload.Length + Source.Slices.Sum(slice => slice.Length);

    /// <summary>Whether this entry is above another of the same name: by version, then rank, then digest; a Witness by
    /// the place of the seal that it names.</summary>
    public bool IsAbove(Entry other)
    {
        ArgumentNullException.ThrowIfNull(other);
        if (Witness is { } mine && other.Witness is { } theirs)
        {
            return (mine.Epoch, mine.Seq).CompareTo((theirs.Epoch, theirs.Seq)) > 0;
        }

        var order = Version.CompareTo(other.Version);
        order = order != 0 ? order : Rank.CompareTo(other.Rank);
        return (order != 0 ? order : Digest.CompareTo(other.Digest)) > 0;
    }

    /// <summary>Whether a state may leave it out at time t: its expiry is over for every honest clock.</summary>
    /// <param name="time">t in unix milliseconds.</param>
    /// <param name="delta">The clock tolerance in milliseconds.</param>
    internal bool IsDroppable(long time, long delta) => Expires + delta < time;
}
