namespace Fairlead.Naming.Tree;

/// <summary>
/// The checks of a proof: V21 (form), V22 (the fold meets the root) and V23 (the end of an absence), in this order.
/// The fold allocates nothing. Thread-safe.
/// </summary>
public static class ProofRules
{
    /// <summary>
    /// V21 over all proofs of a hop and their node table: depths, masks, counts, indexes, ends, every entry used and
    /// none empty (an empty sibling is told by its mask bit); beside its end no path has one, as no tree does.
    /// </summary>
    /// <param name="proofs">The hop's proofs.</param>
    /// <param name="nodes">The hop's node table.</param>
    /// <returns><see cref="VerificationFailure.BadProof"/>, or null.</returns>
    public static Refusal? CheckForm(ReadOnlySpan<TreeProof> proofs, ReadOnlySpan<Digest> nodes)
    {
        var used = nodes.Length <= 1024 ? stackalloc bool[nodes.Length] : new bool[nodes.Length];
        foreach (ref readonly var proof in proofs)
        {
            if (CheckForm(proof, nodes) is { } refusal)
            {
                return refusal;
            }

            foreach (var index in proof.Siblings.Span)
            {
                used[(int)index] = true;
            }
        }

        var unused = used.IndexOf(false);
        return unused < 0 ? null : Refuse(VerificationFailure.BadProof, $"node {unused} is used by no proof");
    }

    /// <summary>V21 for one proof, V22 for a presence: the leaf (key, commitment) is under this root.</summary>
    /// <param name="key">The key computed by the verifier.</param>
    /// <param name="commitment">The digest of the leaf's document, computed by the verifier.</param>
    /// <param name="proof">The path.</param>
    /// <param name="nodes">The hop's node table.</param>
    /// <param name="root">The root that the seal signs.</param>
    /// <returns>
    /// <see cref="VerificationFailure.BadProof"/>, <see cref="VerificationFailure.ProofMismatch"/>, or null.
    /// </returns>
    public static Refusal? CheckInclusion(
        in Digest key, in Digest commitment, in TreeProof proof, ReadOnlySpan<Digest> nodes, in Digest root)
    {
        if (CheckForm(proof, nodes) is { } refusal)
        {
            return refusal;
        }

        if (proof.End != ProofEnd.Leaf)
        {
            return Refuse(VerificationFailure.ProofMismatch, "the path does not end at the leaf");
        }

        return Fold(TreeHash.Leaf(key, commitment), key, proof, nodes) == root
            ? null
            : Refuse(VerificationFailure.ProofMismatch, "the path from the leaf does not meet the root");
    }

    /// <summary>V21 for one proof, V22 and V23 for an absence: no leaf with this key is under this root.</summary>
    /// <param name="key">The key computed by the verifier.</param>
    /// <param name="proof">The path.</param>
    /// <param name="nodes">The hop's node table.</param>
    /// <param name="root">The root that the seal signs.</param>
    /// <returns>
    /// <see cref="VerificationFailure.BadProof"/>, <see cref="VerificationFailure.ProofMismatch"/>,
    /// <see cref="VerificationFailure.NonInclusionWrongPrefix"/>, or null.
    /// </returns>
    public static Refusal? CheckAbsence(in Digest key, in TreeProof proof, ReadOnlySpan<Digest> nodes, in Digest root)
    {
        if (CheckForm(proof, nodes) is { } refusal)
        {
            return refusal;
        }

        if (proof.End == ProofEnd.Leaf)
        {
            return Refuse(VerificationFailure.NonInclusionWrongPrefix, "an absence ends at the leaf itself");
        }

        // The path of an OTHER leaf is the other key's: whether it says anything about mine is V23's question.
        var path = proof.OtherKey ?? key;
        var end = proof.End == ProofEnd.Empty
            ? TreeHash.Empty
            : TreeHash.Leaf(path, proof.OtherCommitment.GetValueOrDefault());
        if (Fold(end, path, proof, nodes) != root)
        {
            return Refuse(VerificationFailure.ProofMismatch, "the path of the absence does not meet the root");
        }

        return proof.End == ProofEnd.Empty || (path != key && SharePrefix(path, key, (int)proof.Depth))
            ? null
            : Refuse(VerificationFailure.NonInclusionWrongPrefix, "the other leaf does not lie where the key would");
    }

    private static Refusal? CheckForm(in TreeProof proof, ReadOnlySpan<Digest> nodes)
    {
        if (proof.Depth > Limits.TreeDepth)
        {
            return Refuse(VerificationFailure.BadProof, $"{proof.Depth} levels");
        }

        var depth = (int)proof.Depth;
        var mask = proof.Mask.Span;
        if (mask.Length != (depth + 7) / 8 || ((depth & 7) != 0 && (mask[^1] & (0xFF >> (depth & 7))) != 0))
        {
            return Refuse(VerificationFailure.BadProof, $"the mask does not fit {depth} levels");
        }

        // A path goes on only where there are two leaves or more: an end has one of them at most, and the other ones
        // are beside it. A chain of hashes below an only leaf, or below none, is part of no tree.
        if (depth > 0 && TreeHash.Bit(mask, depth - 1))
        {
            return Refuse(VerificationFailure.BadProof, "the sibling of the end is empty");
        }

        var empty = 0;
        foreach (var part in mask)
        {
            empty += int.PopCount(part);
        }

        if (proof.Siblings.Length != depth - empty)
        {
            return Refuse(VerificationFailure.BadProof, $"{proof.Siblings.Length} siblings for {depth - empty} levels");
        }

        foreach (var index in proof.Siblings.Span)
        {
            if (index >= nodes.Length || nodes[(int)index] == TreeHash.Empty)
            {
                return Refuse(VerificationFailure.BadProof, $"sibling {index} is no node of the table");
            }
        }

        var other = proof.End == ProofEnd.Other;
        return proof.End is ProofEnd.Leaf or ProofEnd.Empty or ProofEnd.Other
            && proof.OtherKey.HasValue == other && proof.OtherCommitment.HasValue == other
            ? null
            : Refuse(VerificationFailure.BadProof, "the end does not fit its members");
    }

    private static Refusal Refuse(VerificationFailure failure, string detail) => new(failure, "proof", detail);

    private static Digest Fold(Digest end, in Digest path, in TreeProof proof, ReadOnlySpan<Digest> nodes)
    {
        Span<byte> bits = stackalloc byte[Digest.Size];
        path.CopyTo(bits);
        var mask = proof.Mask.Span;
        var siblings = proof.Siblings.Span;
        var next = siblings.Length;
        var hash = end;
        for (var level = (int)proof.Depth - 1; level >= 0; level--)
        {
            var sibling = TreeHash.Bit(mask, level) ? TreeHash.Empty : nodes[(int)siblings[--next]];
            hash = TreeHash.Bit(bits, level) ? TreeHash.Node(sibling, hash) : TreeHash.Node(hash, sibling);
        }

        return hash;
    }

    private static bool SharePrefix(in Digest one, in Digest two, int depth)
    {
        Span<byte> first = stackalloc byte[Digest.Size];
        Span<byte> second = stackalloc byte[Digest.Size];
        one.CopyTo(first);
        two.CopyTo(second);
        for (var i = 0; i < depth; i++)
        {
            if (TreeHash.Bit(first, i) != TreeHash.Bit(second, i))
            {
                return false;
            }
        }

        return true;
    }
}
