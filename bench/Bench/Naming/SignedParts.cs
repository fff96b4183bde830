using System.Security.Cryptography;
using Fairlead.Naming;
using Fairlead.Naming.Traversal;
using Fairlead.TestKit.Answers;

namespace Fairlead.Bench;

/// <summary>
/// The bare arithmetic of one answer: its signatures, each with an imported key, and the lengths of everything that
/// must be hashed once (documents with their prefix, tree keys, leaves and nodes). Used on one thread.
/// </summary>
internal sealed class SignedParts
{
    private const int DocumentPrefix = 60; // "DSSEv1", the media type and the lengths
    private const int TreeKeyBytes = 90;   // prefix, genesis, salt, class, name
    private const int NodeBytes = 65;      // tag and two hashes

    private readonly List<(ECDsa Key, byte[] Hash, byte[] Signature)> _signatures = [];
    private readonly List<int> _hashed = [];
    private readonly byte[] _bytes = new byte[1_048_576];

    private SignedParts()
    {
    }

    public int Signatures => _signatures.Count;

    public int Hashes => _hashed.Count;

    public static SignedParts Of(UnverifiedAnswer answer, params AnswerSegment[] segments)
    {
        var parts = new SignedParts();
        foreach (var hop in answer.Hops)
        {
            var segment = segments.Single(segment => segment.Genesis == hop.Genesis);
            parts.Add<Seal>(hop.Seal!, segment);
            foreach (var attest in hop.Attests)
            {
                parts.Add<Attest>(attest, segment);
            }

            foreach (var proof in hop.Proofs)
            {
                parts._hashed.Add(TreeKeyBytes);
                parts._hashed.AddRange(Enumerable.Repeat(NodeBytes, (int)proof.Proof.Depth + 1));
                if (!proof.Leaf.IsEmpty)
                {
                    parts._hashed.Add(DocumentPrefix + proof.Leaf.Length);
                }
            }
        }

        parts._hashed.AddRange(answer.Slices.Select(slice => DocumentPrefix + slice.Length));
        return parts;
    }

    /// <summary>Does all of it once.</summary>
    public void Compute()
    {
        Span<byte> hash = stackalloc byte[32];
        foreach (var length in _hashed)
        {
            SHA256.HashData(_bytes.AsSpan(0, length), hash);
        }

        foreach (var (key, digest, signature) in _signatures)
        {
            if (!key.VerifyHash(digest, signature, DSASignatureFormat.IeeeP1363FixedFieldConcatenation))
            {
                throw new InvalidOperationException("a signature of the test segments is none");
            }
        }
    }

    private void Add<T>(Envelope envelope, AnswerSegment segment)
        where T : Document, IDocument<T>
    {
        if (!Document.TryParse<T>(envelope.Payload, out var parsed, out var refusal))
        {
            throw new InvalidOperationException(refusal.ToString());
        }

        _hashed.Add(DocumentPrefix + envelope.Payload.Length);
        foreach (var signature in envelope.Signatures)
        {
            var point = segment.Anchors.Single(anchor => anchor.Seal.Key.Kid == signature.Kid).Seal.Key.Point;
            var key = ECDsa.Create(new ECParameters
            {
                Curve = ECCurve.NamedCurves.nistP256,
                Q = new ECPoint { X = point[1..33].ToArray(), Y = point[33..65].ToArray() },
            });
            _signatures.Add((key, parsed.Digest.ToArray(), signature.Value.ToArray()));
        }
    }
}
