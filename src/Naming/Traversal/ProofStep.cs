using Fairlead.Naming.Tree;
using static Fairlead.Naming.VerificationFailure;

namespace Fairlead.Naming.Traversal;

/// <summary>The proofs of one hop: V21-V23 against its seal's root, within V36's levels, and that a document is the one
/// its proof names (V26).</summary>
internal static class ProofStep
{
    internal static Refusal? Check(VerificationContext context, HopFacts hop, AnswerResult result)
    {
        var raw = hop.Input.Raw;
        var seal = hop.Input.Seal!;
        var nodes = raw.Nodes.AsSpan();
        var leaves = hop.Input.Leaves;
        var forms = new TreeProof[leaves.Length];
        for (var i = 0; i < leaves.Length; i++)
        {
            forms[i] = leaves[i].Proof;
        }

        if (ProofRules.CheckForm(forms, nodes) is { } form)
        {
            return form;
        }

        // Before the first of them is folded: depth is the prover's choice, and costs it a few bytes.
        // Each hop has its own: what a transit shows takes nothing from the segments behind it.
        var levels = forms.Sum(proof => (int)proof.Depth);
        if (levels > Limits.ProofLevels)
        {
            return new Refusal(BudgetExceeded, "proofs", $"{levels} levels, at most {Limits.ProofLevels}");
        }

        for (var i = 1; i < leaves.Length; i++)
        {
            if (leaves[i - 1].Name >= leaves[i].Name)
            {
                return new Refusal(BadProof, $"proofs[{i}]", "the proofs do not ascend");
            }
        }

        for (var i = 0; i < leaves.Length; i++)
        {
            if (Fold(hop, leaves[i], nodes, seal.Value) is { } refusal)
            {
                return refusal.At($"proofs[{i}]");
            }

            hop.Prove(leaves[i]);
        }

        // A positive must include the leaf that was asked for; whether this hop may answer is a later question.
        return hop.IsLast ? Asked(context, hop, result) : null;
    }

    private static Refusal? Asked(VerificationContext context, HopFacts hop, AnswerResult result)
    {
        // The name of a segment, which asks for an introduction, has no service part.
        if (context.Query.Value.Name.Service?.WithoutHost.Text is not { } asked)
        {
            return null;
        }

        return result switch
        {
            AnswerResult.Record when hop.Name == context.TargetSegment
                && hop.Included<Record>(LeafClass.Record, asked) is null =>
                new Refusal(ProofMismatch, "proofs", $"the record {asked} is not among them"),
            AnswerResult.Set when context.TargetSegment is null
                && hop.Included<Set>(LeafClass.Set, asked) is null =>
                new Refusal(ProofMismatch, "proofs", $"the set {asked} is not among them"),
            _ => null,
        };
    }

    private static Refusal? Fold(HopFacts hop, HopLeaf leaf, ReadOnlySpan<Digest> nodes, Seal seal)
    {
        var key = Hashes.TreeKey(hop.Genesis, hop.Under.Value.Salt, leaf.Name.Class, leaf.Name.Name);
        return leaf.Document is null
            ? ProofRules.CheckAbsence(key, leaf.Proof, nodes, seal.Root)
            : ProofRules.CheckInclusion(key, leaf.Commitment, leaf.Proof, nodes, seal.Root);
    }
}
