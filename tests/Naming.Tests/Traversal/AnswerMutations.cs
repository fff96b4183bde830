using Fairlead.Naming.Traversal;
using Fairlead.Naming.Tree;

namespace Fairlead.Naming.Tests.Traversal;

/// <summary>Changes one random part of an answer: a byte, a number, an order, a part left out or doubled.</summary>
internal static class AnswerMutations
{
    internal static UnverifiedAnswer Mutate(UnverifiedAnswer answer, Random random)
    {
        var at = random.Next(answer.Hops.Length);
        var hop = answer.Hops[at];
        return random.Next(6) switch
        {
            0 => answer with { Slices = [.. answer.Slices.Select(slice => Bytes(slice, random))] },
            1 => answer with { Result = (AnswerResult)random.Next(-1, 8) },
            2 => answer with { Hops = [.. answer.Hops.OrderBy(_ => random.Next()).Take(random.Next(3))] },
            _ => answer with { Hops = answer.Hops.SetItem(at, Hop(hop, random)) },
        };
    }

    private static UnverifiedHop Hop(UnverifiedHop hop, Random random) => random.Next(9) switch
    {
        0 => hop with { Kind = (HopKind)random.Next(-1, 7) },
        1 => hop with { Genesis = Digest.Sha256(new byte[random.Next(9)]) },
        2 => hop with { Seal = Envelope(hop.Seal!, random) },
        3 => hop with { Seal = null },
        4 => hop with { Attests = [.. hop.Attests.Select(attest => Envelope(attest, random))] },
        5 => hop with { Nodes = [.. hop.Nodes.Skip(random.Next(2)), .. hop.Nodes.Take(random.Next(2))] },
        6 => hop with { Epochs = [.. hop.Epochs.OrderBy(_ => random.Next()).Take(random.Next(3))] },
        7 => hop with { Epochs = [.. hop.Epochs.Select(epoch => Epoch(epoch, random))] },
        _ => hop with { Proofs = [.. hop.Proofs.Select(proof => Leaf(proof, random))] },
    };

    private static EpochDocument Epoch(EpochDocument epoch, Random random) => random.Next(3) switch
    {
        0 => epoch with { Payload = Bytes(epoch.Payload, random) },
        1 => epoch with { Vote = Envelope(epoch.Vote, random) },
        _ => epoch with { Consent = Envelope(epoch.Consent, random) },
    };

    private static UnverifiedLeafProof Leaf(UnverifiedLeafProof leaf, Random random) => random.Next(7) switch
    {
        0 => leaf with { Class = (uint)random.Next(20) },
        1 => leaf with { Name = new string((char)random.Next(0x2FF), random.Next(4)) },
        2 => leaf with { Leaf = Bytes(leaf.Leaf, random) },
        3 => leaf with { Proof = leaf.Proof with { Depth = (uint)random.Next(300) } },
        4 => leaf with { Proof = leaf.Proof with { Mask = Bytes(leaf.Proof.Mask, random) } },
        5 => leaf with { Proof = leaf.Proof with { Siblings = new uint[random.Next(4)] } },
        _ =>
            leaf with { Proof = leaf.Proof with { End = (ProofEnd)random.Next(-1, 6), OtherKey = Digest.Sha256([1]) } },
    };

    private static Envelope Envelope(Envelope envelope, Random random) => random.Next(3) switch
    {
        0 => envelope with { Payload = Bytes(envelope.Payload, random) },
        1 => envelope with { Signatures = [.. envelope.Signatures.OrderBy(_ => random.Next()).Take(random.Next(4))] },
        _ => envelope with
        {
            Signatures = [.. envelope.Signatures.Select(entry => entry with { Value = Bytes(entry.Value, random) })],
        },
    };

    private static ReadOnlyMemory<byte> Bytes(ReadOnlyMemory<byte> bytes, Random random)
    {
        var changed = bytes.ToArray();
        if (changed.Length == 0 || random.Next(8) == 0)
        {
            return changed.AsMemory(0, changed.Length / 2);
        }

        changed[random.Next(changed.Length)] ^= (byte)(1 << random.Next(8));
        return changed;
    }
}
