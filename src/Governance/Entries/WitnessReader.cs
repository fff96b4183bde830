using Fairlead.Naming;

namespace Fairlead.Governance;

/// <summary>
/// Witnesses as entries of a state: the document, and the certified seal that it names. An entry's document bears that
/// seal's signatures, and the seal's payload is its one slice. Stateless.
/// </summary>
internal static class WitnessReader
{
    /// <summary>The witness of a seal that was seen; null where it is none.</summary>
    internal static SignedEntry? Make(SeenSeal seen)
    {
        if (!Document.TryParse<Seal>(seen.Certificate.Payload, out var seal, out _))
        {
            return null;
        }

        var witness = Document.Make(new Witness
        {
            Epoch = seal.Value.Epoch,
            EpochDigest = seal.Value.EpochDigest,
            Opening = seen.Opening,
            Seal = seal.Digest,
            SeenAt = seen.At,
            Segment = seal.Value.Segment,
            Seq = seal.Value.Seq,
        });
        return new SignedEntry(
            SignedEntry.Witness, new Envelope(witness.Payload, seen.Certificate.Signatures), [seal.Payload]);
    }

    /// <summary>The seal that a witness names, with its signatures, as it came with it.</summary>
    internal static Envelope Certificate(SignedEntry source) => new(source.Slices[0], source.Document.Signatures);

    /// <summary>Reads a witness whose form is right; whether the seal is certified is not asked.</summary>
    /// <param name="source">As it came.</param>
    /// <param name="keyOf">The place of a (class, name) in the tree.</param>
    /// <param name="entry">The entry.</param>
    /// <param name="seal">The seal that it names.</param>
    internal static Refusal? Read(
        SignedEntry source, Func<LeafClass, string, Digest> keyOf, out Entry? entry, out Parsed<Seal>? seal)
    {
        entry = null;
        seal = null;
        if (!Document.TryParse<Witness>(source.Document.Payload, out var witness, out var refusal))
        {
            return refusal.At("entry");
        }

        if (source.Slices is not [var payload] || source.IsRevoked)
        {
            return Refuse(witness.Value, "no seal beside it");
        }

        if (!Document.TryParse(payload, out seal, out refusal))
        {
            return refusal.At("entry.seal");
        }

        // All answers about the segment carry the leaf: it holds what it must, and nothing that makes them refused.
        var (it, named) = (witness.Value, seal.Value);
        if (seal.Digest != it.Seal || named.Segment != it.Segment || named.EpochDigest != it.EpochDigest
            || (named.Epoch, named.Seq) != (it.Epoch, it.Seq) || !it.Crit.IsEmpty || !it.Ext.IsEmpty)
        {
            return Refuse(it, "the seal beside it is not the one it names");
        }

        entry = new Entry
        {
            Name = new EntryName(LeafClass.Witness, it.LeafName),
            Source = source,
            Digest = witness.Digest,
            Version = it.Seq,
            Rank = 0,
            Expires = named.Expires,
            Issued = it.SeenAt,
            Publisher = default,
            Uid = null,
            LeafClass = LeafClass.Witness,
            LeafName = it.LeafName,
            Leaf = witness.Payload,
            Key = keyOf(LeafClass.Witness, it.LeafName),
            Commitment = witness.Digest,
            Witness = it,
        };
        return null;
    }

    private static Refusal Refuse(Witness witness, string detail) =>
        new(VerificationFailure.BadEnvelope, $"witness {witness.Segment}", detail);
}
