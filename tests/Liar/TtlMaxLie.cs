using System.Text;
using Fairlead.Naming;
using Fairlead.Protocol.V1;
using Google.Protobuf;

namespace Fairlead.Liar;

/// <summary>
/// Changes the first digit of a record's <c>ttl_max</c>: the document is as well-formed as before, and not the one that
/// was sealed.
/// </summary>
internal sealed class TtlMaxLie : Lie
{
    private const string Member = "\"ttl_max\":";

    internal override void Tell(Answer answer)
    {
        var proofs = answer.Hops.SelectMany(hop => hop.Proofs);
        foreach (var proof in proofs.Where(proof => proof.Class == (uint)LeafClass.Record))
        {
            var bytes = proof.Leaf.ToByteArray();
            var at = bytes.AsSpan().IndexOf(Encoding.ASCII.GetBytes(Member));
            if (at >= 0)
            {
                ref var digit = ref bytes[at + Member.Length];
                digit = digit == (byte)'9' ? (byte)'8' : (byte)(digit + 1);
                proof.Leaf = ByteString.CopyFrom(bytes);
            }
        }
    }
}
