using Fairlead.Governance;
using Fairlead.Naming;

namespace Fairlead.Simulator;

/// <summary>
/// A stand-in for ECDSA where nobody attacks the mathematics: a signature is a hash of kid and digest. Forging is
/// possible for everyone and done by no one: the adversary of a run signs with its own keys only.
/// </summary>
internal sealed class FastSignatures : ISignatureCheck
{
    public Refusal? Check(PublicKey key, in Digest digest, ReadOnlySpan<byte> signature) =>
        signature.SequenceEqual(Make(key, digest))
            ? null
            : new Refusal(VerificationFailure.BadSignature, "", "not this key's");

    internal static byte[] Make(PublicKey key, Digest digest)
    {
        var half = Digest.Sha256([.. key.Kid.ToArray(), .. digest.ToArray()]).ToArray();

        // Below a quarter of the order: the form that every verifier asks of r and s.
        half[0] &= 0x3F;
        return [.. half, .. half];
    }
}

/// <summary>Signs as <see cref="FastSignatures"/> checks.</summary>
internal sealed class FastSigner(PublicKey key) : ISigner
{
    public PublicKey Key { get; } = key;

    public byte[] Sign(Digest digest) => FastSignatures.Make(Key, digest);
}
