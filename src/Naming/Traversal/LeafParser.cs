using static Fairlead.Naming.VerificationFailure;

namespace Fairlead.Naming.Traversal;

/// <summary>Parses the document of a leaf by the class that its proof names.</summary>
internal static class LeafParser
{
    internal static (HopLeaf? Leaf, Refusal? Refusal) Parse(UnverifiedLeafProof proof)
    {
        var kind = (LeafClass)proof.Class;
        if (!Enum.IsDefined(kind))
        {
            return (null, new Refusal(BadProof, "", $"class {proof.Class}"));
        }

        var name = new LeafName(kind, proof.Name);
        if (proof.Leaf.IsEmpty)
        {
            return (new HopLeaf(name, proof.Proof, null, default), null);
        }

        return ParsedLeaf.TryParse(kind, proof.Leaf, out var leaf, out var refusal)
            ? (new HopLeaf(name, proof.Proof, leaf.Document, leaf.Commitment), null)
            : (null, refusal);
    }
}
